"""Conditions (`pipeline.conditions`) as C data: what `Condition.matches` says of a record, said of an item on the wire."""

from cpython.ref cimport PyObject
from libc.stddef cimport size_t

from pipeline.wire.kernel.items cimport Item, Wanted
from pipeline.wire.kernel.values cimport Value

cdef enum Operation:
    ALL
    ANY
    NOT
    MATCHES
    ONE_OF
    NOT_EQUAL
    LESS
    LESS_OR_EQUAL
    GREATER
    GREATER_OR_EQUAL

cdef enum Place:
    ATTRIBUTE
    RESOURCE_ATTRIBUTE
    BODY
    SEVERITY_NUMBER
    SEVERITY_TEXT
    EVENT_NAME
    NAME
    KIND
    STATUS_CODE
    DURATION
    TRACE_ID
    SPAN_ID
    SCOPE_NAME
    METRIC_NAME
    METRIC_TYPE

cdef struct Node:
    # Part of an expression; its terms are chained by `next`, 0 at the end. Node 0 is none.
    Operation operation
    bint negated  # of MATCHES
    size_t first
    size_t next
    Place place
    size_t key  # of an attribute
    size_t first_literal
    size_t literals
    PyObject* regex

cdef class Conditions:
    cdef Node* nodes
    cdef size_t node_count
    cdef Value* literals
    cdef size_t literal_count
    cdef Wanted wanted
    cdef list alive  # what literals and regexes point to
    cdef readonly bint needs_python

    cdef size_t add(self, object condition) except 0
    cdef size_t expression(self, object expression) except 0
    cdef size_t chained(self, size_t index, object terms) except 0
    cdef size_t node(self, Operation operation) except? 0
    cdef int place(self, size_t index, object path) except -1
    cdef int literal(self, size_t index, object path, object literal) except -1

cdef bytes plain(str text)
cdef Value value_of(object value) except *
cdef bint holds(const Node* nodes, const Value* literals, size_t index, const Item* item) noexcept nogil
