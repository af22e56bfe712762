"""Days since the epoch as dates, and the other way round, in the proleptic Gregorian calendar."""

from libc.stdint cimport int64_t, uint32_t

cdef struct Date:
    uint32_t year
    uint32_t month
    uint32_t day


cdef inline Date date_of(uint32_t days) noexcept nogil:
    """Return the date of a day, which is counted from 1970-01-01."""
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
