"""What is wrong with text that is no YAML, in words of the file instead of the parser's."""

import re
from typing import Final

from yaml.error import Mark, MarkedYAMLError
from yaml.reader import ReaderError

from config.excerpt import split_lines
from config.messages import Place

_TAB_INDENT: Final = re.compile(r"( *)(\t[\t ]*)(?=\S)")
_STOPPER: Final = re.compile(r"found character '(.+)' that cannot start any token")


class SyntaxFault(Exception):
    """Text that is no YAML, or more than we take."""

    def __init__(self, place: Place, message: str, *, label: str = "", help: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.place = place
        self.message = message
        self.label = label
        self.help = help


def explain(error: MarkedYAMLError, text: str, file: str) -> SyntaxFault:
    """Return what a parser's error means."""
    problem, context = error.problem or "", error.context or ""
    here = error.problem_mark or error.context_mark
    opened = error.context_mark or here
    if here is None or opened is None:
        return SyntaxFault(Place(file), problem or "cannot be read")
    fault = _tab(text, here, file) or _unclosed(problem, context, opened, here, file) or _misplaced(problem, opened, here, file)
    if context.startswith("while parsing a flow") and "${" in split_lines(text)[opened.line]:
        fault.help = (*fault.help, "quote a ${…} that stands inside of { } or [ ]")
    return fault


def unprintable(error: ReaderError, text: str, file: str) -> SyntaxFault:
    """Return where a character stands that YAML does not allow."""
    lines = split_lines(text[: error.position])
    return SyntaxFault(
        _place(file, len(lines) - 1, len(lines[-1])), f"character U+{ord(text[error.position]):04X} is not allowed"
    )


def _tab(text: str, here: Mark, file: str) -> SyntaxFault | None:
    lines = split_lines(text)
    line = lines[here.line] if here.line < len(lines) else ""
    if indent := _TAB_INDENT.match(line):
        start, end = indent.span(2)
        return SyntaxFault(_place(file, here.line, start, end - start), "tab used for indentation", label="use spaces")
    if line[here.column : here.column + 1] == "\t":
        return SyntaxFault(_place(file, here.line, here.column), "tab used as a separator", label="use a space")
    return None


def _unclosed(problem: str, context: str, opened: Mark, here: Mark, file: str) -> SyntaxFault | None:
    if "quoted scalar" in context and "unexpected end of stream" in problem:
        return SyntaxFault(_at(file, opened), "quoted text is not closed", label="opened here")
    for kind, bracket, name in (("flow sequence", "]", "list"), ("flow mapping", "}", "map")):
        if context == f"while parsing a {kind}" and problem.startswith("expected ','"):
            if here.line != opened.line or problem.endswith("'<stream end>'"):
                return SyntaxFault(_at(file, opened), f"{name} is not closed", label="opened here")
            return SyntaxFault(_at(file, here), f"`,` or `{bracket}` expected")
    return None


def _misplaced(problem: str, opened: Mark, here: Mark, file: str) -> SyntaxFault:
    place = _at(file, here)
    if "mapping values are not allowed" in problem:
        return SyntaxFault(place, "`:` is not allowed here", help=("quote text that holds `: `, and check the indentation",))
    if "could not find expected ':'" in problem:
        return SyntaxFault(_at(file, opened), "`:` expected after the key")
    if problem.startswith("expected <block end>"):
        return SyntaxFault(place, "wrong indentation", label="not in line with what is above")
    if stopper := _STOPPER.match(problem):
        return SyntaxFault(place, f"`{stopper[1]}` cannot start a value", help=("quote the text",))
    if problem.startswith("expected the node content"):
        return SyntaxFault(place, "value expected")
    return SyntaxFault(place, problem)


def _at(file: str, mark: Mark) -> Place:
    return _place(file, mark.line, mark.column)


def _place(file: str, line: int, column: int, width: int = 1) -> Place:
    return Place(file, line + 1, column + 1, line + 1, column + 1 + width)
