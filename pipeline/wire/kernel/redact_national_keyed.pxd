"""National identifiers that are mere digits, or nearly so."""

from pipeline.wire.kernel.redact_keyed cimport Form
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor


cdef inline bint is_tfn(Cursor digits, int size) noexcept nogil:
    """Tell whether eight or nine digits can be an Australian tax file number."""
    cdef int total = 0
    total = 1 * digits[0] + 4 * digits[1] + 3 * digits[2] + 7 * digits[3] + 5 * digits[4] + 8 * digits[5] + 6 * digits[6]
    total += 9 * digits[7] - 43 * c"0"
    return (total if size == 8 else total + 10 * (digits[8] - c"0")) % 11 == 0


cdef int national_forms(const Search* search, Cursor at, Cursor end, Form* forms, int count) noexcept nogil
cdef Cursor national_code_end(Cursor at, Cursor stop) noexcept nogil
