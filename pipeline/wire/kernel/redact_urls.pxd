"""Matchers for secrets in URLs."""

from pipeline.wire.kernel.redact_search cimport Search

cdef bint find_url_cred(Search* search) noexcept nogil
cdef bint find_url_param(Search* search) noexcept nogil
