"""Log records that come one by one, put together by what they share: in the order in which resources and scopes were first seen."""

from libc.stddef cimport size_t

from pipeline.wire.kernel.buffer cimport Buffer

cdef class ScopeGroup:
    cdef bytes scope  # the message
    cdef Buffer records

cdef class ResourceGroup:
    cdef bytes resource  # the message
    cdef list scopes
    cdef dict by_content
    cdef ScopeGroup latest
    cdef size_t size

    cdef ScopeGroup scoped(self, bytes scope)

cdef class Groups:
    cdef list resources
    cdef dict by_content
    cdef ResourceGroup latest

    cdef ScopeGroup scoped(self, Buffer* resource, Buffer* scope)
    cdef int add(self, record) except -1
    cdef ResourceGroup group(self, bytes resource)
    cdef bytes payload(self)
