"""Matcher for credentials that a `Shape` describes."""

from pipeline.wire.kernel.redact_search cimport Search

cdef bint find_shapes(Search* search) noexcept nogil
