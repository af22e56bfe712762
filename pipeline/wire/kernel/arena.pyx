"""Memory of the walks that write."""

from libc.stdlib cimport free, malloc, realloc

cdef enum:
    CHUNK_BYTES = 4096
    FIRST_ROOM = 64


cdef uint8_t* from_new_chunk(Arena* arena, size_t size) noexcept nogil:
    """Begin another chunk and return its first `size` bytes; the rest of the last one is lost."""
    cdef size_t room = max(size, <size_t>CHUNK_BYTES)
    cdef Chunk* chunk = <Chunk*>malloc(sizeof(Chunk) + room)
    if chunk is NULL:
        return NULL
    chunk.before = arena.chunks
    arena.chunks = chunk
    arena.free = <uint8_t*>(chunk + 1) + size
    arena.left = room - size
    return arena.free - size


cdef void release_arena(Arena* arena) noexcept nogil:
    """Give all memory back."""
    cdef Chunk* before
    while arena.chunks is not NULL:
        before = arena.chunks.before
        free(arena.chunks)
        arena.chunks = before
    arena.left = 0


cdef void* grown(void* list, size_t* room, size_t size) noexcept nogil:
    """Return a list of twice as many elements of `size` bytes, with all that is in it; NULL when there is no memory."""
    cdef size_t larger = 2 * room[0] if room[0] else FIRST_ROOM
    cdef void* moved = realloc(list, larger * size)
    if moved is not NULL:
        room[0] = larger
    return moved


cdef int no_memory() except -1 nogil:
    """Raise MemoryError."""
    with gil:
        raise MemoryError
