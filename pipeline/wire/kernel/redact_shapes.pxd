"""Matcher for credentials that a `Shape` describes."""

from pipeline.wire.kernel.redact_rules cimport Shape
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef bint find_shapes(Search* search) noexcept nogil
cdef Cursor shape_at(const Search* search, const Shape* shape, Cursor anchor, Cursor* start) noexcept nogil
