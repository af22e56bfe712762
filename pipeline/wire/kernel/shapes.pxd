"""How the structs of `pipeline.wire.model` and the messages of the schema fit together."""

from cpython.object cimport PyObject
from libc.stdint cimport uint32_t

from pipeline.wire.kernel.tables cimport NUMBERS, OtlpField

cdef enum:
    MOST_FIELDS = 24  # of one struct

cdef enum How:
    # What a field of a message is in the struct.
    NOWHERE
    SCALAR
    SCALARS  # a list of them
    VALUE
    ATTRIBUTES
    STRUCT  # None when absent
    STRUCTS  # a list of structs or tuples
    FLAT  # a message whose fields are the struct's own
    GROUPS  # a list of messages, each with a struct that the items below it share
    ITEMS
    DATA  # the one of a metric's messages that its type names: flat, and its points stand in it

cdef struct Place:
    # Where a field of the message lies in the struct.
    How how
    const OtlpField* field
    uint32_t number
    uint32_t slot  # among the struct's fields
    Py_ssize_t offset  # in the struct's memory
    bint optional  # its default is written: absent is something else
    PyObject* name  # of a field that is a message with a shape
    PyObject* shape  # the `Shape` of the message in the field, which the shape around it keeps

cdef class Shape:
    cdef readonly object struct
    cdef readonly tuple names
    cdef readonly dict children
    cdef uint32_t message
    cdef uint32_t fields  # of the struct
    cdef uint32_t level  # of a group: 0 resource, 1 scope, 2 metric; of an item: how many groups are above it
    cdef tuple defaults
    cdef dict required
    cdef Py_ssize_t offsets[MOST_FIELDS]
    cdef Place places[NUMBERS]  # by number
    cdef uint32_t spare  # how many fields of the struct a message like this has no place for
    cdef Py_ssize_t spares[MOST_FIELDS]  # their offsets; only of those that are None or a list when absent

    cdef object created(self, PyObject** values)
    cdef object blank(self)

cdef Shape root_shape(str signal)
cdef Shape item_shape(Shape group)
