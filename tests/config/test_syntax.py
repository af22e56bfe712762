"""YAML that is none, or more of it than we take (config contract §7, L1)."""

import pytest

from config.render import render_text
from tests.config.checking import alone, said


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: [1,\n  2\nb: 3\n", (1, 4), "list is not closed (opened here)"),
        ("a: {b: 1\n", (1, 4), "map is not closed (opened here)"),
        ('a: ["1" "b"]\n', (1, 9), "`,` or `]` expected"),
        ("a: 'x\nb: 1\n", (1, 4), "quoted text is not closed (opened here)"),
        ('a: "x\n', (1, 4), "quoted text is not closed (opened here)"),
        ("a: b: c\n", (1, 5), "`:` is not allowed here"),
        ("a:\n  b: 1\n c: 2\n", (3, 2), "wrong indentation (not in line with what is above)"),
        ("a: @b\n", (1, 4), "`@` cannot start a value"),
        ("a: %b\n", (1, 4), "`%` cannot start a value"),
        ("a: }\n", (1, 4), "value expected"),
        ("a:\n  \tb: 1\n", (2, 3), "tab used for indentation (use spaces)"),
        ("a:\tb\n", (1, 3), "tab used as a separator (use a space)"),
        ("a: *nowhere\n", (1, 4), "unknown anchor `nowhere`"),
        ("a: &a [*a]\n", (1, 8), "`*a` stands inside of what it repeats"),
        ("a: !python/object x\n", (1, 4), "unknown tag `!python/object`"),
        ("? [a]\n: b\n", (1, 3), "a key must be text"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document starts here"),
        ("a: \x01\n", (1, 4), "character U+0001 is not allowed"),
        ("one line\nabc\n:x", None, None),
        ('a: "\\ud800"\n', (1, 4), "half of a surrogate pair is no character"),
        ("a: " + "[" * 70 + "]" * 70, (1, 67), "nested deeper than 64 levels"),
        ("abc: 1\nabc def\nx: 1\n", (2, 1), "`:` expected after the key"),
    ],
)
def test_faults(text: str, place: tuple[int, int] | None, message: str | None) -> None:
    found = alone(text).messages
    assert [one.code for one in found][:1] == (["E001"] if message else ["E102"])
    if message:
        assert (found[0].line, found[0].col) == place
        assert said(alone(text)) == [f"E001 : YAML: {message}"]


def test_aliases_repeat_values_but_not_without_end() -> None:
    assert "E001" not in {message.code for message in alone("tests: [&a {x: 1}, *a, *a]\n").messages}
    laughs = "tests:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert said(alone(laughs)) == ["E001 : YAML: aliases expand to more than 100000 values"]


def test_references_in_flow_style_want_quotes() -> None:
    (message,) = alone("exporters: {debug: {verbosity: ${env:V}}}\n").messages
    assert message.help == ("quote a ${…} that stands inside of { } or [ ]",)


def test_carets_stand_under_wide_text_and_behind_long_line_numbers() -> None:
    text = "# " + "\n" * 120 + "exporters: {débug: 1}\n"
    assert render_text(alone(text).messages).splitlines()[:3] == [
        "<yaml>: error[E208]: service.pipelines: there is no pipeline",
        "   = help: add `logs`, `traces` or `metrics`",
        "",
    ]
    assert render_text(alone(text).messages).splitlines()[3:6] == [
        "<yaml>:121:13: error[E012]: exporters: bad component id `débug`",
        "121 | exporters: {débug: 1}",
        "    |             ^^^^^ a type has letters, digits and _, 63 at most",
    ]
