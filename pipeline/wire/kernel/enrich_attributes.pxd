"""Attributes to add, and what of them an item or a resource lacks."""

from cpython.ref cimport PyObject
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from pipeline.wire.kernel.items cimport Walk
from pipeline.wire.kernel.values cimport Text, Value, equal, same_text
from pipeline.wire.kernel.walk cimport Visit

cdef enum Source:
    ATTRIBUTES
    JSON
    TEXT_BODY
    SOURCES

cdef struct Addition:
    # An attribute to add: its key, its value, and its KeyValue on the wire, length first.
    Text key
    Value value
    Text encoded
    size_t index  # of what is there, in `Item.attributes` or `Item.resource`
    size_t old_index  # as much for the name that older SDKs give it; the same where there is none

cdef struct Enriching:
    const Addition* attributes
    size_t attribute_count
    const Addition* resource
    size_t resource_count
    Text derived_key
    Text derived
    bint overwrites
    int[SOURCES] sources
    int source_count
    bint derives
    bint moves
    bint has_gil
    bint needs_gil
    PyObject* enricher
    PyObject* call  # a list of this call: an error, and what the texts of ids point into

cdef bint with_resource(Walk* walk, const Visit* visit, bint last) noexcept nogil


cdef inline bint is_missing(const Addition* addition, const Value* there, bint overwrites) noexcept nogil:
    cdef const Value* value = &there[addition.index]
    if overwrites:
        return not value.present or not equal(value, &addition.value)
    return not value.present and not there[addition.old_index].present


cdef inline bint any_missing(const Addition* additions, size_t count, const Value* there, bint overwrites) noexcept nogil:
    cdef size_t index
    for index in range(count):
        if is_missing(&additions[index], there, overwrites):
            return True
    return False


cdef inline bint is_replaced(
    Text key, const Addition* additions, size_t count, const Value* there, bint overwrites
) noexcept nogil:
    """Tell whether an attribute goes because another one of its key comes."""
    cdef size_t index
    for index in range(count):
        if same_text(additions[index].key, key):
            return is_missing(&additions[index], there, overwrites)
    return False


cdef inline uint8_t* put_attribute(uint8_t* to, uint8_t tag, Text encoded) noexcept nogil:
    to[0] = tag
    memcpy(to + 1, encoded.at, encoded.size)
    return to + 1 + encoded.size
