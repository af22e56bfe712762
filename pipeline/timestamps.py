"""Points in time as logs write them, read to the nanosecond (json-logs contract §4.1)."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

from pipeline.types import Value

SECOND: Final = 1_000_000_000
EARLIEST: Final = 946_684_800 * SECOND
"""2000-01-01T00:00:00Z."""
LATEST_AHEAD: Final = 24 * 3600 * SECOND

_MAX_TEXT: Final = 64
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_UNITS: Final = ((10**11, SECOND), (10**14, 1_000_000), (10**17, 1_000))
_EXACT: Final = Context(prec=2 * _MAX_TEXT, rounding=ROUND_DOWN, traps=[])
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_CLOCK: Final = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMS: Final = (
    # RFC 3339, with the freedoms of §4.1, and YYYY/MM/DD HH:MM:SS
    re.compile(
        r"(?P<year>\d{4})(?P<mark>[-/])(?P<month>\d\d)(?P=mark)(?P<day>\d\d)[Tt ]"
        + _CLOCK
        + r"(?:[.,](?P<fraction>\d*))? ?(?P<zone>[Zz]|[+-]\d\d:?\d\d)?",
        re.ASCII,
    ),
    # RFC 2822 §3.3
    re.compile(
        r"(?:[A-Za-z]{3}, )?(?P<day>\d{1,2}) (?P<month>[A-Za-z]{3}) (?P<year>\d{4}) "
        r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: (?P<zone>[+-]\d{4}|GMT|UTC|UT|Z))?",
        re.ASCII,
    ),
    # C asctime
    re.compile(r"[A-Za-z]{3} (?P<month>[A-Za-z]{3}) {1,2}(?P<day>\d{1,2}) " + _CLOCK + r" (?P<year>\d{4})", re.ASCII),
)


def parse(value: Value, zone: tzinfo = UTC) -> int | None:
    """Return the nanoseconds since the epoch that a number or a text says, or None when it says none.

    The unit of a number, and of a text that is one, follows from its magnitude. Give a number with a fraction as its decimal
    text: a double has lost the nanoseconds. A text without a zone is read in `zone`.
    """
    if isinstance(value, str):
        return _from_text(value, zone) if len(value) <= _MAX_TEXT else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _from_number(value) if isinstance(value, int) else _from_text(repr(value), zone)


def is_sane(time: int, now: int) -> bool:
    """Return whether a record may carry this time: not before 2000, not more than a day ahead of `now`."""
    return EARLIEST <= time <= now + LATEST_AHEAD


def _from_number(number: int | Decimal) -> int:
    unit = next((unit for bound, unit in _UNITS if -bound < number < bound), 1)
    return number * unit if isinstance(number, int) else int(_EXACT.multiply(number, unit))


def _from_text(text: str, zone: tzinfo) -> int | None:
    if _NUMBER.fullmatch(text):
        number = Decimal(text)
        return _from_number(number) if number.adjusted() < _MAX_TEXT else None
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            try:
                return _from_parts(match.groupdict(), zone)
            except (ValueError, OverflowError):  # a thirteenth month, a year before any
                return None
    return None


def _from_parts(parts: dict[str, str | None], zone: tzinfo) -> int:
    year, day, hour, minute = (int(parts[name] or "") for name in ("year", "day", "hour", "minute"))
    month_text = parts["month"] or ""
    month = int(month_text) if month_text.isdecimal() else _MONTHS.index(month_text.lower()) + 1
    second = int(parts["second"] or 0)
    fraction = int((parts.get("fraction") or "")[:9].ljust(9, "0"))
    if second == 60:  # a leap second ends the second before it
        second, fraction = 59, SECOND - 1
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    days = date(year, month, day).toordinal() - _EPOCH_DAY
    written = parts.get("zone")
    offset = _offset(written) if written else _local_offset(datetime(year, month, day, hour, minute, tzinfo=zone))
    return (days * 86400 + hour * 3600 + minute * 60 + second - offset) * SECOND + fraction


def _offset(zone: str) -> int:
    """Return the seconds east of UTC."""
    if zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _local_offset(moment: datetime) -> int:
    return int((moment.utcoffset() or timedelta()).total_seconds())
