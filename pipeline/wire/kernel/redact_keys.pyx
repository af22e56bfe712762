"""What names say, remembered: the same ones come again and again."""

from libc.stdint cimport uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from pipeline.wire.kernel.arena cimport no_memory, release_arena, taken
from pipeline.wire.kernel.redact_matches cimport keep_rules_for_keys, list_matches, select_matches
from pipeline.wire.kernel.redact_names cimport name_says
from pipeline.wire.kernel.redact_patterns cimport leave_excused_out
from pipeline.wire.kernel.redact_screen cimport MIN_BYTES, screen

import os

cdef extern from *:
    """
    static inline uint64_t mixed(uint64_t one, uint64_t other)
    {
        unsigned __int128 product = (unsigned __int128)one * other;
        return (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    """
    uint64_t mixed(uint64_t, uint64_t) noexcept nogil

cdef enum:
    FIRST_SLOTS = 16
    MOST_KEYS = 1024  # that are remembered
    MAX_REMEMBERED = 128  # bytes of a name
    KEY_COST = 64  # bytes of a payload that take as long as copying a key

cdef uint64_t OTHER_RULES = 0x9E3779B97F4A7C15
# Of the hash, another one in each process: nobody outside can choose names that collide.
cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little")
cdef uint64_t OTHER_SEED = int.from_bytes(os.urandom(8), "little")


cdef class KnownKeys:
    def __dealloc__(self):
        release_keys(&self.keys)


cdef void release_keys(Keys* keys) noexcept nogil:
    release_arena(&keys.arena)
    free(keys.slots)
    keys.slots = NULL
    keys.room = keys.count = 0


cdef inline uint64_t eight(Cursor at) noexcept nogil:
    cdef uint64_t bytes_
    memcpy(&bytes_, at, 8)
    return bytes_


cdef uint64_t hash_of(Cursor start, size_t size) noexcept nogil:
    """Return a hash of all of a name."""
    cdef uint64_t hash = SEED ^ size, first = 0, last = 0
    cdef size_t left = size
    while left > 16:
        hash = mixed(eight(start) ^ OTHER_SEED, eight(start + 8) ^ hash)
        start += 16
        left -= 16
    if left >= 8:
        first, last = eight(start), eight(start + left - 8)
    elif left >= 4:
        memcpy(&first, start, 4)
        memcpy(&last, start + left - 4, 4)
    elif left:
        first = start[0] | <uint64_t>start[left >> 1] << 8 | <uint64_t>start[left - 1] << 16
    return mixed(first ^ OTHER_SEED, last ^ hash)


cdef inline bint same_name(Cursor one, Cursor other, size_t size) noexcept nogil:
    """Tell whether two names of a size are the same: eight bytes at a time, the last of which overlap, without a call."""
    cdef size_t at = 0
    if size < 8:
        return memcmp(one, other, size) == 0
    while at < size - 8:
        if eight(one + at) != eight(other + at):
            return False
        at += 8
    return eight(one + size - 8) == eight(other + size - 8)


cdef Key* find_key(const Keys* keys, uint64_t hash, Cursor start, size_t size) noexcept nogil:
    """Return what is known of a name, NULL when nothing is."""
    cdef Key* key
    cdef size_t slot
    if keys.room == 0:
        return NULL
    slot = hash & (keys.room - 1)
    while True:
        key = &keys.slots[slot]
        if key.text is NULL:
            return NULL
        if key.hash == hash and key.size == size and same_name(key.text, start, size):
            return key
        slot = (slot + 1) & (keys.room - 1)


cdef bint add_key(Keys* keys, uint64_t hash, Cursor start, size_t size, uint32_t verdict) noexcept nogil:
    """Remember a copy of a name; False when there is no memory."""
    cdef uint8_t* text = taken(&keys.arena, size)
    if text is NULL:
        return False
    memcpy(text, start, size)
    return new_key(keys, Key(text, hash, size, verdict))


cdef bint new_key(Keys* keys, Key key) noexcept nogil:
    """Remember a name that lives as long as the keys; False when there is no memory."""
    cdef Keys larger
    cdef size_t slot
    if 2 * keys.count >= keys.room:
        larger = keys[0]
        larger.room = 2 * keys.room if keys.room else FIRST_SLOTS
        larger.slots = <Key*>calloc(larger.room, sizeof(Key))
        if larger.slots is NULL:
            return False
        for slot in range(keys.room):
            if keys.slots[slot].text is not NULL:
                put_key(&larger, keys.slots[slot])
        free(keys.slots)
        keys[0] = larger
    put_key(keys, key)
    keys.count += 1
    return True


cdef void put_key(Keys* keys, Key key) noexcept nogil:
    cdef size_t slot = key.hash & (keys.room - 1)
    while keys.slots[slot].text is not NULL:
        slot = (slot + 1) & (keys.room - 1)
    keys.slots[slot] = key


cdef KnownKeys with_new(KnownKeys known, const Keys* new, size_t payload_size):
    """Return what was known with what is new in a payload; when that is too much, what was known is forgotten.

    What was known is copied only where that takes no longer than the payload did: names that never come again cost nothing.
    """
    cdef KnownKeys made
    cdef bint fine = True
    if known.keys.count > 16 * new.count and known.keys.count * KEY_COST > payload_size:
        return known
    made = KnownKeys()
    if known.keys.count + new.count <= MOST_KEYS:
        fine = add_all(&made.keys, &known.keys)
    if not fine or not add_all(&made.keys, new):
        raise MemoryError
    return made


cdef bint add_all(Keys* keys, const Keys* others) noexcept nogil:
    cdef size_t slot
    cdef const Key* key
    for slot in range(others.room):
        key = &others.slots[slot]
        if key.text is not NULL and not add_key(keys, key.hash, key.text, key.size, key.verdict):
            return False
    return True


cdef int judged(
    Rulebook book, const Keys* known, Keys* new, Search* search, Cursor start, Cursor stop, Cursor limit
) except -1 nogil:
    """Return what a name says, as bits of `Verdict`."""
    cdef size_t size = stop - start
    cdef uint64_t hash = hash_of(start, size) + book.program.number * OTHER_RULES  # each rulebook's verdict on its own
    cdef const Key* key = find_key(known, hash, start, size)
    cdef int verdict
    if key is NULL:
        key = find_key(new, hash, start, size)
    if key is not NULL:
        return key.verdict
    verdict = name_says(&book.program, start, stop)
    if verdict < 0:
        return no_memory()
    if size >= MIN_BYTES and book.program.key_kinds:
        verdict |= data_in(book, search, start, stop, limit)
    if size <= MAX_REMEMBERED and new.count < MOST_KEYS and not add_key(new, hash, start, size, verdict):
        return no_memory()
    return verdict


cdef int data_in(Rulebook book, Search* search, Cursor start, Cursor stop, Cursor limit) except -1 nogil:
    """Return `DATA` and the rule whose data a name holds, or 0."""
    search.near = 0
    if not screen(search, &book.program, book.program.key_kinds, start, stop, limit):
        return no_memory()
    if search.kinds == 0:
        return 0
    if not list_matches(search):
        return no_memory()
    keep_rules_for_keys(search)
    if book.program.excuses and search.count:
        leave_excused_out(search, book)
    select_matches(search)
    return DATA | search.list[0].rule << RULE_SHIFT if search.count else 0
