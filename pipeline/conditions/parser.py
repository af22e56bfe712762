"""From the text of a condition to its expression; every fault knows its place in the text."""

import re
from difflib import get_close_matches
from typing import Final, Literal, NamedTuple

import re2

from pipeline.conditions.expression import All, AnyOf, Compare, Condition, Constant, Expression, Match, Not, OneOf, Operator
from pipeline.conditions.paths import KEYED, PATHS, Path

MAX_DEPTH: Final = 50
"""Parentheses and `not` may nest this deep."""

_UNITS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9,
}  # fmt: skip
_ESCAPES: Final = {'\\"': '"', "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t"}
_MAX_DIGITS: Final = 19
"""Of an integer or of either half of a decimal: nothing that OTLP can hold has more."""

_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<duration>(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h|d))+)(?![\w.])
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?)(?![\w.])
      | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<sign>==|!=|<=|>=|=~|!~|[<>()\[\],])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_PART: Final = re.compile(r"([0-9]+)(?:\.([0-9]+))?(ns|us|µs|ms|s|m|h|d)", re.ASCII)
_ESCAPE: Final = re.compile(r"\\.", re.DOTALL)

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False


class ConditionError(ValueError):
    """The text is no condition. `offset` counts code points from its start."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


class _Token(NamedTuple):
    kind: Literal["text", "duration", "number", "word", "sign", "end"]
    text: str
    offset: int


class _Constant(NamedTuple):
    """A literal of the text; `word` is set when a name stands for its value."""

    value: Constant
    offset: int
    duration: bool = False
    word: str = ""


def parse(text: str) -> Condition:
    """Return the condition that `text` says; raises `ConditionError`."""
    return Condition(text, _Parser(_tokens(text)).whole())


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while not tokens or tokens[-1].kind != "end":
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            start = at + len(text[at:]) - len(text[at:].lstrip(" \t\r\n"))
            raise ConditionError(start, "the text never ends" if text[start] == '"' else f"unexpected `{text[start]}`")
        tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))  # type: ignore[arg-type]
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._either()
        if self._next.kind != "end":
            raise self._unexpected("`and`, `or` or the end")
        return expression

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> _Token | None:
        """Return the next token and move past it if it is one of these words or signs."""
        token = self._next
        if token.kind not in ("word", "sign") or token.text not in texts:
            return None
        self._at += 1
        return token

    def _unexpected(self, wanted: str) -> ConditionError:
        token = self._next
        found = "the end" if token.kind == "end" else f"`{token.text}`"
        return ConditionError(token.offset, f"expected {wanted}, got {found}")

    def _either(self) -> Expression:
        terms = [self._both()]
        while self._take("or"):
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _both(self) -> Expression:
        terms = [self._single()]
        while self._take("and"):
            terms.append(self._single())
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _single(self) -> Expression:
        opening = self._take("not", "(")
        if opening is None:
            return self._comparison()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(opening.offset, f"nested deeper than {MAX_DEPTH}")
        inner: Expression
        if opening.text == "not":
            inner = Not(self._single())
        else:
            inner = self._either()
            if not self._take(")"):
                raise self._unexpected("`)`")
        self._depth -= 1
        return inner

    def _comparison(self) -> Expression:
        path = self._path()
        sign = self._take("==", "!=", "<", "<=", ">", ">=", "=~", "!~", "in")
        if sign is None:
            raise self._unexpected("a comparison")
        if sign.text == "in":
            return OneOf(path, self._list(path))
        constant = self._constant(path)
        if sign.text in ("=~", "!~"):
            return _match(path, sign, constant)
        return Compare(path, *_checked(path, sign.text, constant))  # type: ignore[arg-type]  # one of the six

    def _path(self) -> Path:
        token = self._next
        if token.kind != "word":
            raise self._unexpected("a path")
        self._at += 1
        if token.text in PATHS:
            return Path(token.text)
        if token.text not in KEYED:
            near = get_close_matches(token.text, (*PATHS, *KEYED), 1)
            raise ConditionError(token.offset, f"unknown path `{token.text}`" + (f"; did you mean `{near[0]}`?" if near else ""))
        opened = self._take("[")
        key = self._next
        if opened is None or key.kind != "text":
            raise self._unexpected(f'a key: `{token.text}["key"]`')
        self._at += 1
        if not self._take("]"):
            raise self._unexpected("`]`")
        return Path(token.text, _text(key))

    def _list(self, path: Path) -> tuple[Constant, ...]:
        if not self._take("["):
            raise self._unexpected("`[`")
        constants = [_checked(path, "==", self._constant(path))[1]]
        while self._take(","):
            constants.append(_checked(path, "==", self._constant(path))[1])
        if not self._take("]"):
            raise self._unexpected("`,` or `]`")
        return tuple(constants)

    def _constant(self, path: Path) -> _Constant:
        token = self._next
        self._at += 1
        match token.kind:
            case "text":
                return _Constant(_text(token), token.offset)
            case "number":
                return _Constant(_number(token), token.offset)
            case "duration":
                return _Constant(_nanoseconds(token), token.offset, duration=True)
            case "word" if token.text in _WORDS:
                return _Constant(_WORDS[token.text], token.offset)
            case "word":
                return _Constant(_named(path, token), token.offset, word=token.text)
        self._at -= 1
        raise self._unexpected("a literal")


_WORDS: Final[dict[str, Constant]] = {"true": True, "false": False, "nil": None}


def _named(path: Path, token: _Token) -> int:
    """Return the integer that a name stands for: a path's own names, or a severity for an attribute."""
    names = PATHS["severity_number"].names if path.type == "any" else PATHS[path.name].names
    if token.text in names:
        return names[token.text]
    if path.type == "any" or not names:
        raise ConditionError(token.offset, f"expected a literal, got `{token.text}`; text stands in double quotes")
    near = get_close_matches(token.text, names, 1, 0)
    raise ConditionError(token.offset, f"`{token.text}` is no value of `{path}`; did you mean `{near[0]}`?")


def _checked(path: Path, sign: Operator | str, constant: _Constant) -> tuple[str, Constant]:
    """Return operator and literal, once it is sure that the comparison can be true of some record."""
    value = constant.value
    fault = ""
    if value is None or isinstance(value, bool):
        word = "nil" if value is None else str(value).lower()
        if sign not in ("==", "!="):
            fault = f"`{word}` has no order: use `==` or `!=`"
        elif value is not None and path.type != "any":
            fault = f"`{path}` is {_A[path.type]}, never `{word}`"
    elif constant.duration and path.type != "duration":
        fault = f"`{path}` is no duration"
    elif isinstance(value, str):
        if path.type not in ("text", "any"):
            fault = f"`{path}` is {_A[path.type]}, never text"
    elif path.type == "text":
        fault = f"`{path}` is text, never a number"
    elif path.name == "severity_number" and value == 0 and sign == "==":
        fault = "a severity of 0 is an absent one: compare with `nil`"
    if fault:
        raise ConditionError(constant.offset, fault)
    return sign, value


_A: Final = {"text": "text", "integer": "an integer", "duration": "a duration"}


def _match(path: Path, sign: _Token, constant: _Constant) -> Match:
    if not isinstance(constant.value, str):
        raise ConditionError(constant.offset, "expected a regular expression in double quotes")
    if path.type not in ("text", "any"):
        raise ConditionError(sign.offset, f"`{path}` is {_A[path.type]}, never text")
    try:
        regex = re2.compile(constant.value, _OPTIONS)
    except re2.error as fault:
        reason = fault.args[0] if fault.args else b""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ConditionError(constant.offset, f"RE2 refuses the pattern: {text}") from None
    return Match(path, constant.value, sign.text == "!~", regex)


def _text(token: _Token) -> str:
    def plain(escape: re.Match[str]) -> str:
        if escape[0] not in _ESCAPES:
            place = token.offset + 1 + escape.start()
            raise ConditionError(place, f"unknown escape `{escape[0]}`; a backslash itself is written `\\\\`")
        return _ESCAPES[escape[0]]

    text = _ESCAPE.sub(plain, token.text[1:-1])
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ConditionError(token.offset, "the text is not valid Unicode")
    return text


def _number(token: _Token) -> int | float:
    whole, _, fraction = token.text.partition(".")
    _bounded(token, whole.lstrip("-"), fraction)
    return float(token.text) if fraction else int(token.text)


def _nanoseconds(token: _Token) -> int:
    total = 0
    for part in _PART.finditer(token.text):
        whole, fraction, unit = part[1], part[2] or "", part[3]
        _bounded(token, whole, fraction)
        total += int(whole + fraction) * _UNITS[unit] // 10 ** len(fraction)
    return total


def _bounded(token: _Token, *digits: str) -> None:
    if any(len(run) > _MAX_DIGITS for run in digits):
        raise ConditionError(token.offset, "the number is too long")
