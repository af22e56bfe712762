"""Severity words as OpenTelemetry severity numbers (Logs Data Model, Appendix B; json-logs contract §4.2)."""

from typing import Final

INFO: Final = 9
WARN: Final = 13
ERROR: Final = 17

WORDS: Final = {
    **dict.fromkeys(("trace", "finest", "silly", "all"), 1),
    **dict.fromkeys(("debug", "finer", "d"), 5),
    **dict.fromkeys(("fine",), 6),
    **dict.fromkeys(("config", "verbose"), 7),
    **dict.fromkeys(("http",), 8),
    **dict.fromkeys(("info", "information", "informational"), INFO),
    **dict.fromkeys(("notice", "success", "ok"), 10),
    **dict.fromkeys(("warn", "warning"), WARN),
    **dict.fromkeys(("error", "err", "severe", "exception", "failure"), ERROR),
    **dict.fromkeys(("critical", "crit", "dpanic"), 18),
    **dict.fromkeys(("alert", "panic"), 19),
    **dict.fromkeys(("fatal", "emerg", "emergency"), 21),
}


def number(word: str) -> int:
    """Return the severity number of a word in any case of letters, 0 when it is unknown."""
    return WORDS.get(word.lower(), 0)
