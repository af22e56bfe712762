"""Names of one map that are all different: one that is taken gets the first suffix `_2`, `_3`, … that makes it differ."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memcpy

from pipeline.wire.kernel.arena cimport taken
from pipeline.wire.kernel.redact_keys cimport Key, add_key, find_key, hash_of, release_keys

cdef enum:
    SUFFIX_ROOM = 12  # an underscore, ten digits, and the zero that C puts behind them


cdef int no_memory() except -1 nogil:
    with gil:
        raise MemoryError


cdef int take_name(DistinctNames* names, Cursor name, size_t size) except -1 nogil:
    """Note a name that stays."""
    cdef uint64_t hash = hash_of(name, size)
    if find_key(&names.taken, hash, name, size) is NULL and not add_key(&names.taken, hash, name, size, 1):
        return no_memory()
    return 0


cdef int claim_name(
    DistinctNames* names, Arena* arena, const Literal* wanted, Cursor* name, size_t* size
) except -1 nogil:
    """Give a name, which lives in the arena, that is as the wanted one and that no other has."""
    cdef uint8_t* text = taken(arena, wanted.size + SUFFIX_ROOM)
    cdef uint32_t number = 1
    cdef Key* first
    if text is NULL:
        return no_memory()
    memcpy(text, wanted.text, wanted.size)
    name[0], size[0] = text, wanted.size
    first = find_key(&names.taken, hash_of(text, wanted.size), text, wanted.size)
    if first is not NULL:
        number = first.verdict
        while find_key(&names.taken, hash_of(text, size[0]), text, size[0]) is not NULL:
            number += 1
            size[0] = wanted.size + snprintf(<char*>text + wanted.size, SUFFIX_ROOM, "_%u", number)
        first.verdict = number
    return take_name(names, text, size[0])


cdef void release_names(DistinctNames* names) noexcept nogil:
    """Give all memory back."""
    release_keys(&names.taken)
