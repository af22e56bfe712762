"""Resources, the scopes in them, and the records in these."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcmp, memcpy

cimport cython

from pipeline.wire.kernel.buffer cimport Buffer, emptied, field_size
from pipeline.wire.kernel.json_write cimport put_bytes
from pipeline.wire.kernel.tables cimport (
    LogsData_resource_logs, ResourceLogs_resource, ResourceLogs_scope_logs, ScopeLogs_scope,
)
from pipeline.wire.kernel.walk cimport DELIMITED, Cursor, Visit, following, put_varint

from pipeline.wire.kernel.encode import encode


@cython.final
cdef class ScopeGroup:
    """The records of one scope."""

    def __dealloc__(self):
        free(self.records.data)


@cython.final
cdef class ResourceGroup:
    """The scopes of one resource."""

    cdef ScopeGroup scoped(self, bytes scope):
        cdef ScopeGroup scoped = self.by_content.get(scope)
        if scoped is None:
            scoped = ScopeGroup()
            scoped.scope = scope
            self.by_content[scope] = scoped
            self.scopes.append(scoped)
        return scoped


@cython.final
cdef class Groups:
    """The resources of a payload."""

    def __cinit__(self):
        self.resources, self.by_content = [], {}

    cdef ScopeGroup scoped(self, Buffer* resource, Buffer* scope):
        """Return where the records of a scope go; it is mostly that of the record before."""
        cdef ResourceGroup group = self.latest
        cdef ScopeGroup scoped
        if group is None or not is_content(resource, group.resource):
            group = self.latest = self.group(emptied(resource))
        scoped = group.latest
        if scoped is None or not is_content(scope, scoped.scope):
            scoped = group.latest = group.scoped(emptied(scope))
        return scoped

    cdef ResourceGroup group(self, bytes resource):
        cdef ResourceGroup group = self.by_content.get(resource)
        if group is None:
            group = ResourceGroup()
            group.resource, group.scopes, group.by_content = resource, [], {}
            self.by_content[resource] = group
            self.resources.append(group)
        return group

    cdef int add(self, record) except -1:
        """Add a record struct."""
        cdef bytes payload = encode([record], "logs"), resource = b"", scope = b""
        cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload), at, end
        cdef Visit group = Visit(start, start, start, 0, 0), visit = group, inner = group
        cdef ScopeGroup scoped
        following(start, start + PyBytes_GET_SIZE(payload), &group)
        at = group.value
        while at < group.stop:
            at = following(at, group.stop, &visit)
            if visit.number == ResourceLogs_resource:
                resource = slice_of(&visit)
        at = visit.value  # the one group of scope and record is the last
        end = visit.stop
        while at < end:
            at = following(at, end, &inner)
            if inner.number == ScopeLogs_scope:
                scope = slice_of(&inner)
        scoped = self.group(resource).scoped(scope)
        return put_bytes(&scoped.records, inner.at, inner.stop - inner.at)

    cdef bytes payload(self):
        """Return the payload of all."""
        cdef ResourceGroup group
        cdef ScopeGroup scoped
        cdef size_t size = 0
        cdef bytes payload
        cdef uint8_t* to
        for group in self.resources:
            group.size = message_size(group.resource)
            for scoped in group.scopes:
                group.size += field_size(message_size(scoped.scope) + scoped.records.size)
            size += field_size(group.size)
        payload = PyBytes_FromStringAndSize(NULL, size)
        to = <uint8_t*>PyBytes_AS_STRING(payload)
        for group in self.resources:
            to = put_head(to, LogsData_resource_logs, group.size)
            to = put_message(to, ResourceLogs_resource, group.resource)
            for scoped in group.scopes:
                to = put_head(to, ResourceLogs_scope_logs, message_size(scoped.scope) + scoped.records.size)
                to = put_message(to, ScopeLogs_scope, scoped.scope)
                memcpy(to, scoped.records.data, scoped.records.size)
                to += scoped.records.size
        return payload


cdef inline size_t message_size(bytes content) noexcept:
    """Return the length of a field that is left out where it has no content."""
    return field_size(PyBytes_GET_SIZE(content)) if PyBytes_GET_SIZE(content) else 0


cdef inline uint8_t* put_head(uint8_t* to, uint32_t number, size_t size) noexcept:
    return put_varint(put_varint(to, <uint64_t>number << 3 | DELIMITED), size)


cdef inline uint8_t* put_message(uint8_t* to, uint32_t number, bytes content) noexcept:
    if PyBytes_GET_SIZE(content) == 0:
        return to
    to = put_head(to, number, PyBytes_GET_SIZE(content))
    memcpy(to, PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content))
    return to + PyBytes_GET_SIZE(content)


cdef inline bint is_content(const Buffer* written, bytes content) noexcept:
    if written.size != <size_t>PyBytes_GET_SIZE(content):
        return False
    return written.size == 0 or memcmp(written.data, PyBytes_AS_STRING(content), written.size) == 0


cdef inline bytes slice_of(const Visit* visit):
    return PyBytes_FromStringAndSize(<const char*>visit.value, visit.stop - visit.value)
