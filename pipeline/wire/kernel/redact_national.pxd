"""Matchers for national identifiers."""

from pipeline.wire.kernel.redact_search cimport Search

cdef bint find_uk_nino(Search* search) noexcept nogil
cdef bint find_es_dni(Search* search) noexcept nogil
cdef bint find_es_nie(Search* search) noexcept nogil
cdef bint find_it_cf(Search* search) noexcept nogil
cdef bint find_fi_hetu(Search* search) noexcept nogil
cdef bint find_ch_ahv(Search* search) noexcept nogil
cdef bint find_br_cpf(Search* search) noexcept nogil
cdef bint find_br_cnpj(Search* search) noexcept nogil
cdef bint find_cn_ric(Search* search) noexcept nogil
