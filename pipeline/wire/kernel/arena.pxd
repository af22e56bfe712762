"""Memory that is taken in small pieces and given back at once."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t

cdef struct Chunk:
    Chunk* before

cdef struct Arena:
    # All zero is an empty one.
    Chunk* chunks
    uint8_t* free
    size_t left  # bytes that are free at the end of the last chunk

cdef uint8_t* from_new_chunk(Arena* arena, size_t size) noexcept nogil
cdef void release_arena(Arena* arena) noexcept nogil
cdef void* grown(void* list, size_t* room, size_t size) noexcept nogil
cdef int no_memory() except -1 nogil


cdef inline uint8_t* taken(Arena* arena, size_t size) noexcept nogil:
    """Return `size` bytes that live as long as the arena, aligned for nothing; NULL when there is no memory."""
    if size > arena.left or arena.chunks is NULL:  # also for nothing: NULL would mean no memory
        return from_new_chunk(arena, size)
    arena.free += size
    arena.left -= size
    return arena.free - size
