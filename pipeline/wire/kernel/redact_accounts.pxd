"""Matchers for the numbers of payment cards and bank accounts, and the checks of them that others need."""

from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef bint find_card(Search* search) noexcept nogil
cdef bint find_iban(Search* search) noexcept nogil

cdef bint is_card(Cursor digits, Py_ssize_t size) noexcept nogil
cdef bint is_rupay(Cursor digits, Py_ssize_t size) noexcept nogil
cdef bint is_luhn(Cursor digits, Py_ssize_t size) noexcept nogil
cdef int iban_length(Cursor country) noexcept nogil
cdef Cursor iban_end(const Search* search, Cursor start, int length) noexcept nogil
