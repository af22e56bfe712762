"""Log records that come one by one, put together by what they share: in the order in which resources and scopes were first seen."""

from libc.stddef cimport size_t

from pipeline.wire.kernel.buffer cimport Buffer

cdef class Scoped:
    cdef bytes scope  # the message
    cdef Buffer records

cdef class Origin:
    cdef bytes resource  # the message
    cdef list scopes
    cdef dict by_content
    cdef Scoped latest
    cdef size_t size

    cdef Scoped scoped(self, bytes scope)

cdef class Groups:
    cdef list origins
    cdef dict by_content
    cdef Origin latest

    cdef Scoped scoped(self, Buffer* resource, Buffer* scope)
    cdef int add(self, record) except -1
    cdef Origin origin(self, bytes resource)
    cdef bytes payload(self)
