"""Matchers for credentials in HTTP headers."""

from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef bint find_auth_header(Search* search) noexcept nogil
cdef bint find_cookie(Search* search) noexcept nogil

cdef Cursor cookies_start(Cursor at, Cursor stop) noexcept nogil
