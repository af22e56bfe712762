"""Which rules hold where."""

from cpython.ref cimport PyObject
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t

from pipeline.wire.kernel.redact_rules cimport Literal, Rulebook
from pipeline.wire.kernel.walk cimport Cursor

cdef enum Part:
    # Of the items, as bits.
    NO_PART = 0
    RESOURCE_PART = 1
    SCOPE_PART = 2
    LOG_BODY = 4
    LOG_ATTRIBUTES = 8
    SPAN_NAME = 16
    SPAN_ATTRIBUTES = 32
    SPAN_EVENTS = 64
    SPAN_LINKS = 128
    METRIC = 256
    DATAPOINTS = 512

cdef struct Scope:
    uint32_t part
    Literal names  # a glob
    PyObject* book

cdef struct Scopes:
    Scope* list
    size_t count

cdef class Scoping:
    # The rules of all parts. Never changed once it is made.
    cdef Scopes scopes
    cdef readonly tuple books  # by their number
    cdef list _memory

cdef uint32_t part_of(uint32_t message) noexcept nogil
cdef uint32_t attributes_of(uint32_t message) noexcept nogil
cdef PyObject* rules_of(const Scopes* scopes, Rulebook around, uint32_t parts, Cursor name, Cursor stop) noexcept nogil
