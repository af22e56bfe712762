"""Names of one map that are all different: one that is taken gets the first suffix `_2`, `_3`, … that makes it differ."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pipeline.wire.kernel.arena cimport no_memory, taken
from pipeline.wire.kernel.redact_keys cimport Key, find_key, hash_of, new_key, release_keys

cdef enum:
    SUFFIX_ROOM = 11  # an underscore and ten digits


cdef int take_name(DistinctNames* names, Cursor name, size_t size) except -1 nogil:
    """Note a name that stays, and lives as long as the names do."""
    cdef uint64_t hash = hash_of(name, size)
    if find_key(&names.taken, hash, name, size) is NULL and not new_key(&names.taken, Key(name, hash, size, 1)):
        return no_memory()
    return 0


cdef int claim_name(
    DistinctNames* names, Arena* arena, const Literal* wanted, Cursor* name, size_t* size
) except -1 nogil:
    """Give a name, which lives in the arena, that is as the wanted one and that no other has."""
    cdef uint8_t* text = taken(arena, wanted.size + SUFFIX_ROOM)
    cdef uint64_t hash = hash_of(wanted.text, wanted.size)
    cdef Key* first = find_key(&names.taken, hash, wanted.text, wanted.size)
    cdef const Key* other = first
    if text is NULL:
        return no_memory()
    memcpy(text, wanted.text, wanted.size)
    name[0], size[0] = text, wanted.size
    while other is not NULL:
        first.verdict += 1
        size[0] = wanted.size + put_suffix(text + wanted.size, first.verdict)
        hash = hash_of(text, size[0])
        other = find_key(&names.taken, hash, text, size[0])
    return 0 if new_key(&names.taken, Key(text, hash, size[0], 1)) else no_memory()


cdef inline size_t put_suffix(uint8_t* to, uint32_t number) noexcept nogil:
    """Write an underscore and a number; return how many bytes that are."""
    cdef uint32_t rest = number
    cdef size_t size = 2, at
    while rest >= 10:
        rest //= 10
        size += 1
    to[0] = c"_"
    for at in range(size - 1, 0, -1):
        to[at] = c"0" + number % 10
        number //= 10
    return size


cdef void release_names(DistinctNames* names) noexcept nogil:
    """Give all memory back."""
    release_keys(&names.taken)
