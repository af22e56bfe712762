"""Changes to a payload, collected from left to right while it is walked and written once at the end.

A walk opens a frame for each message that a change can lie in, and closes it behind the message:

    open_frame(&edits, &visit, &frame)          # takes a slot, so that the list stays in the order of the payload
    ... add_edit(&edits, at, stop, text, size)
    close_frame(&edits, &visit, &frame)         # gives the slot back, or makes it the new tag and length

Texts are not copied: they live as long as the edits, in their arena or in something that outlives the call. Functions that
return bool return False when there is no memory.
"""

from libc.stddef cimport ptrdiff_t, size_t
from libc.stdint cimport uint32_t, uint64_t

from pipeline.wire.kernel.arena cimport Arena, grown
from pipeline.wire.kernel.walk cimport DELIMITED, Cursor, Visit, varint_bytes

cdef struct Edit:
    # `text` in place of what lies from `at` to `stop`; with a `number` the tag and length of a message of `size` bytes.
    Cursor at
    Cursor stop
    Cursor text
    size_t size
    uint32_t number

cdef struct Edits:
    # All zero is an empty one.
    Edit* list
    size_t count
    size_t room
    ptrdiff_t growth  # how much longer the result is than the payload
    Arena arena

cdef struct Frame:
    size_t slot
    ptrdiff_t growth

cdef void release(Edits* edits) noexcept nogil
cdef bytes edited(bytes payload, const Edits* edits)


cdef inline Edit* new_edit(Edits* edits) noexcept nogil:
    cdef Edit* list
    if edits.count == edits.room:
        list = <Edit*>grown(edits.list, &edits.room, sizeof(Edit))
        if list is NULL:
            return NULL
        edits.list = list
    edits.count += 1
    return &edits.list[edits.count - 1]


cdef inline bint add_edit(Edits* edits, Cursor at, Cursor stop, Cursor text, size_t size) noexcept nogil:
    """Put `size` bytes of `text` in place of what lies from `at` to `stop`, which is behind everything edited before."""
    cdef Edit* edit = new_edit(edits)
    if edit is NULL:
        return False
    edit[0] = Edit(at, stop, text, size, 0)
    edits.growth += <ptrdiff_t>size - (stop - at)
    return True


cdef inline bint open_frame(Edits* edits, const Visit* visit, Frame* frame) noexcept nogil:
    """Begin a message that may change."""
    frame.slot = edits.count
    frame.growth = edits.growth
    return new_edit(edits) is not NULL


cdef inline void close_frame(Edits* edits, const Visit* visit, const Frame* frame) noexcept nogil:
    """End a message: what was edited in it decides whether its tag and length are written anew."""
    if edits.count == frame.slot + 1:
        edits.count = frame.slot
    else:
        rewrite_frame(edits, visit, frame)


cdef inline void rewrite_frame(Edits* edits, const Visit* visit, const Frame* frame) noexcept nogil:
    """End a message and write its tag and length anew, in their shortest form, even when nothing was edited in it."""
    cdef size_t size = <size_t>((visit.stop - visit.value) + (edits.growth - frame.growth))
    edits.list[frame.slot] = Edit(visit.at, visit.value, NULL, size, visit.number)
    edits.growth += varint_bytes(<uint64_t>visit.number << 3 | DELIMITED) + varint_bytes(size) - (visit.value - visit.at)


cdef inline void undo_frame(Edits* edits, const Frame* frame) noexcept nogil:
    """Forget a message that was opened and all that was edited in it."""
    edits.count = frame.slot
    edits.growth = frame.growth


cdef inline void drop_frame(Edits* edits, const Visit* visit, const Frame* frame) noexcept nogil:
    """Take out a message that was opened, whatever was edited in it."""
    undo_frame(edits, frame)
    add_edit(edits, visit.at, visit.stop, NULL, 0)  # its own slot is free: no memory is asked for

