"""The matcher for secrets in command lines."""

from pipeline.wire.kernel.redact_search cimport Search

cdef bint find_cli_secret(Search* search) noexcept nogil
