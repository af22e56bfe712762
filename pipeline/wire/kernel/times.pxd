"""Points in time as text: read as `pipeline/timestamps.py` reads them, and written in UTC."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from pipeline.wire.kernel.buffer cimport Buffer, reserved
from pipeline.wire.kernel.json_read cimport digits_end
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    SECOND = 1_000_000_000

cdef struct Date:
    uint32_t year
    uint32_t month
    uint32_t day


cdef inline Date date_of(uint32_t days) noexcept nogil:
    """Return the date of a day, which is counted from 1970-01-01, in the Gregorian calendar."""
    # Years begin in March here, so that the leap day is the last: 400 of them have 146,097 days.
    cdef uint32_t shifted = days + 719_468
    cdef uint32_t era = shifted // 146_097
    cdef uint32_t day = shifted % 146_097
    cdef uint32_t year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    cdef uint32_t month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month = month + 3 if month < 10 else month - 9
    return Date(era * 400 + year + (month <= 2), month, day + 1)


cdef inline int64_t days_until(uint32_t year, uint32_t month, uint32_t day) noexcept nogil:
    """Return the number of the day of a date, whose year is at least 1."""
    cdef uint32_t shifted = year - (month <= 2)
    cdef uint32_t era = shifted // 400
    cdef uint32_t of_era = shifted % 400
    cdef uint32_t of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return <int64_t>era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


cdef inline uint64_t integer_of(Cursor digits, size_t size) noexcept nogil:
    """Return the number that some digits write, at most 18 of them."""
    cdef uint64_t value = 0
    cdef size_t index
    for index in range(size):
        value = value * 10 + (digits[index] - 48)
    return value


cdef inline int digits(Cursor at, int count) noexcept nogil:
    """Return the number of some digits, or -1."""
    cdef int value = 0, index
    for index in range(count):
        if not 48 <= at[index] <= 57:
            return -1
        value = value * 10 + at[index] - 48
    return value


cdef inline int days_of(int year, int month) noexcept nogil:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


cdef inline uint64_t number_of_units(Cursor at, Cursor end) noexcept nogil:
    """Read seconds, milliseconds, microseconds or nanoseconds, which the magnitude tells; 0 for what may be read otherwise."""
    cdef Cursor point = digits_end(at, end)
    cdef uint64_t whole, unit, part
    if point == at or point - at > 18:
        return 0
    whole = integer_of(at, point - at)
    if whole < 100_000_000_000ULL:
        unit = SECOND
    elif whole < 100_000_000_000_000ULL:
        unit = 1_000_000
    elif whole < 100_000_000_000_000_000ULL:
        unit = 1_000
    else:
        unit = 1
    if whole > 10_000_000_000_000_000_000ULL // unit:
        return 0
    whole *= unit
    if point == end:
        return whole
    if point[0] != b"." or digits_end(point + 1, end) != end:
        return 0
    at = point + 1
    part = unit
    while at < end and part > 1:
        part //= 10
        whole += part * (at[0] - 48)
        at += 1
    return whole


cdef inline uint64_t date_time(Cursor at, Cursor end, bint utc) noexcept nogil:
    """Read RFC 3339, also with a space in place of the T; 0 for what may be read otherwise."""
    cdef int year, month, day, hour, minute, second, hours = 0, minutes = 0
    cdef uint64_t fraction = 0, unit = 100_000_000
    cdef int64_t offset = 0, time
    if end - at < 19 or at[4] != b"-" or at[7] != b"-" or at[13] != b":" or at[16] != b":":
        return 0
    if at[10] != b"T" and at[10] != b" " and at[10] != b"t":
        return 0
    year, month, day = digits(at, 4), digits(at + 5, 2), digits(at + 8, 2)
    hour, minute, second = digits(at + 11, 2), digits(at + 14, 2), digits(at + 17, 2)
    if year < 2000 or not 1 <= month <= 12 or not 1 <= day <= days_of(year, month):
        return 0
    if not 0 <= hour <= 23 or not 0 <= minute <= 59 or not 0 <= second <= 59:
        return 0
    at += 19
    if at < end and (at[0] == b"." or at[0] == b","):
        at += 1
        while at < end and 48 <= at[0] <= 57:
            fraction += unit * (at[0] - 48)
            unit //= 10
            at += 1
    if at == end:
        if not utc:
            return 0
    elif at[0] == b"Z" or at[0] == b"z":
        if at + 1 != end:
            return 0
    elif at[0] == b"+" or at[0] == b"-":
        if end - at == 6 and at[3] == b":":
            hours, minutes = digits(at + 1, 2), digits(at + 4, 2)
        elif end - at == 5:
            hours, minutes = digits(at + 1, 2), digits(at + 3, 2)
        else:
            return 0
        if not 0 <= hours <= 23 or not 0 <= minutes <= 59:
            return 0
        offset = (hours * 3600 + minutes * 60) * (-1 if at[0] == b"-" else 1)
    else:
        return 0
    time = days_until(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    return <uint64_t>time * SECOND + fraction if 0 < time < 10_000_000_000LL else 0


cdef inline int put_timestamp(Buffer* to, uint64_t time) except -1:
    """Write a time in UTC, to the millisecond."""
    cdef uint64_t seconds = time // 1_000_000_000
    cdef uint32_t day = <uint32_t>(seconds // 86400), clock = <uint32_t>(seconds % 86400)
    cdef Date date = date_of(day)
    cdef uint8_t* at = reserved(to, 32)
    at[0] = b'"'
    decimal(at + 1, date.year, 4)
    at[5] = b"-"
    decimal(at + 6, date.month, 2)
    at[8] = b"-"
    decimal(at + 9, date.day, 2)
    at[11] = b"T"
    decimal(at + 12, clock // 3600, 2)
    at[14] = b":"
    decimal(at + 15, clock // 60 % 60, 2)
    at[17] = b":"
    decimal(at + 18, clock % 60, 2)
    at[20] = b"."
    decimal(at + 21, <uint32_t>(time // 1_000_000 % 1000), 3)
    at[24] = b"Z"
    at[25] = b'"'
    to.size += 26
    return 0


cdef inline void decimal(uint8_t* to, uint32_t number, int digits) noexcept nogil:
    cdef int digit
    for digit in range(digits - 1, -1, -1):
        to[digit] = <uint8_t>(48 + number % 10)
        number //= 10
