"""Matchers for e-mail addresses, telephone, social security and taxpayer numbers, and a check that others need."""

from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef bint find_email(Search* search) noexcept nogil
cdef bint find_phone(Search* search) noexcept nogil
cdef bint find_ssn(Search* search) noexcept nogil
cdef bint find_itin(Search* search) noexcept nogil

cdef bint is_social_security(Cursor area, Cursor group, Cursor serial) noexcept nogil
