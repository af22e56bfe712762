"""Matchers for network addresses, and the check of a dotted quad that others need."""

from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef bint find_ipv4(Search* search) noexcept nogil
cdef bint find_ipv6(Search* search) noexcept nogil

cdef Cursor quad_end(Cursor at, Cursor stop) noexcept nogil
