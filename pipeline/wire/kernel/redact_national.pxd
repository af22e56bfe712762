"""Matchers for national identifiers."""

from libc.stdint cimport uint8_t

from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef bint find_uk_nino(Search* search) noexcept nogil
cdef bint find_es_dni(Search* search) noexcept nogil
cdef bint find_es_nie(Search* search) noexcept nogil
cdef bint find_it_cf(Search* search) noexcept nogil
cdef bint find_fi_hetu(Search* search) noexcept nogil
cdef bint find_ch_ahv(Search* search) noexcept nogil
cdef bint find_br_cpf(Search* search) noexcept nogil
cdef bint find_br_cnpj(Search* search) noexcept nogil
cdef bint find_cn_ric(Search* search) noexcept nogil

cdef bint is_day(int year, int month, int day) noexcept nogil
cdef bint is_ean13(Cursor digits) noexcept nogil
cdef bint br_checked(Cursor code, int length, int size, int highest) noexcept nogil


cdef inline bint among(uint8_t byte, const char* characters) noexcept nogil:
    while characters[0]:
        if byte == <uint8_t>characters[0]:
            return True
        characters += 1
    return False
