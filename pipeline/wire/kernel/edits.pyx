"""Writing what edits ask for."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.stdlib cimport free
from libc.string cimport memcpy

from pipeline.wire.kernel.arena cimport release_arena
from pipeline.wire.kernel.walk cimport put_varint

cdef void release(Edits* edits) noexcept nogil:
    """Give all memory back."""
    release_arena(&edits.arena)
    free(edits.list)
    edits.list = NULL


cdef bytes edited(bytes payload, const Edits* edits):
    """Return the payload with the edits, the same object without any."""
    if edits.count == 0:
        return payload
    cdef Py_ssize_t size = PyBytes_GET_SIZE(payload)
    cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
    cdef bytes result = PyBytes_FromStringAndSize(NULL, size + edits.growth)
    cdef uint8_t* to = <uint8_t*>PyBytes_AS_STRING(result)
    with nogil:
        write(start, start + size, edits, to)
    return result


cdef void write(Cursor copied, Cursor end, const Edits* edits, uint8_t* to) noexcept nogil:
    cdef const Edit* edit
    cdef size_t index
    for index in range(edits.count):
        edit = &edits.list[index]
        memcpy(to, copied, edit.at - copied)
        to += edit.at - copied
        copied = edit.stop
        if edit.number:
            to = put_varint(to, <uint64_t>edit.number << 3 | DELIMITED)
            to = put_varint(to, edit.size)
        elif edit.size:
            memcpy(to, edit.text, edit.size)
            to += edit.size
    memcpy(to, copied, end - copied)
