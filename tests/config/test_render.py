"""The forms in which messages are printed."""

import json

from config.excerpt import draw
from config.render import render_github, render_json, render_text
from tests.config.checking import over

TEXT = "exporters:\n  debug: {verbosty: basic, sampling_initial: -1}\n"


def test_json() -> None:
    assert json.loads(render_json(over(TEXT).messages))[0] == {
        "file": "<yaml 2>",
        "line": 2,
        "col": 11,
        "end_col": 19,
        "severity": "error",
        "code": "E101",
        "path": "exporters.debug.verbosty",
        "message": "unknown field",
        "label": "did you mean `verbosity`?",
        "help": [],
    }
    assert json.loads(render_json([])) == []


def test_json_of_what_has_no_place() -> None:
    (row,) = json.loads(render_json(over("version: 1", "x").messages))
    assert (row["file"], row["line"], row["col"], row["end_col"]) == ("--set x", None, None, None)


def test_github() -> None:
    one, other = render_github(over(TEXT).messages).splitlines()
    place, _, message = one.removeprefix("::").partition("::")
    assert place == "error file=<yaml 2>,title=E101,line=2,col=11,endColumn=18"
    assert message == "exporters.debug.verbosty: unknown field (did you mean `verbosity`?)"
    assert other.endswith("::exporters.debug.sampling_initial: -1 is out of range (at least 0)")


def test_github_escapes() -> None:
    (line,) = render_github(over("version: 1", "a,b:%\n").messages).splitlines()
    assert line == "::error file=--set a%2Cb%3A%25%0A,title=E501::missing `=`"


def test_colour_is_all_that_a_terminal_adds() -> None:
    messages = over(TEXT).messages
    coloured = render_text(messages, color=True)
    assert "\x1b[31m" in coloured
    for code in (1, 31, 0):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == render_text(messages)


def test_hidden_runs_move_the_carets() -> None:
    line = "a: secret, b: other, c: 1"
    assert draw(line, 1, 22, 23, [(4, 10), (15, 20)])[1:] == ("a: [REDACTED], b: [REDACTED], c: 1", 30, 1)
    assert draw(line, 1, 4, 10, [(4, 10)])[1:] == ("a: [REDACTED], b: other, c: 1", 3, 10)
    assert draw(line, 1, 6, 8, [(4, 10)])[1:] == ("a: [REDACTED], b: other, c: 1", 3, 10)
    assert draw(line, 1, 1, 26, [(4, 7), (6, 10)])[1:] == ("a: [REDACTED], b: other, c: 1", 0, 29)
    assert draw("\tx", 1, 2, 3, [])[1:] == ("    x", 4, 1)
    assert draw("", 1, 1, 2, [])[1:] == ("", 0, 1)
