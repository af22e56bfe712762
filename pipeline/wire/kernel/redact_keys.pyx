"""What names say, remembered: the same ones come again and again."""

from libc.stdint cimport uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from pipeline.wire.kernel.arena cimport release_arena, taken
from pipeline.wire.kernel.redact_keyed cimport keywords_in
from pipeline.wire.kernel.redact_names cimport MAX_NAME, Words, is_safe, is_sensitive, last_word, read_words
from pipeline.wire.kernel.redact_rules cimport Program
from pipeline.wire.kernel.redact_screen cimport screen

from pipeline.wire.reference.redact_actions import Place

cdef enum:
    FIRST_SLOTS = 128
    MOST_KEYS = 1024  # that are remembered
    MAX_REMEMBERED = 128  # bytes of a name

cdef object KEY_PLACE = Place("key")


cdef class KnownKeys:
    def __dealloc__(self):
        release_keys(&self.keys)


cdef void release_keys(Keys* keys) noexcept nogil:
    release_arena(&keys.arena)
    free(keys.slots)
    keys.slots = NULL


cdef uint64_t hash_of(Cursor start, size_t size) noexcept nogil:
    """Return a hash of a name: its first and last eight bytes tell names apart, and whatever collides is compared."""
    cdef uint64_t first = 0, last = 0
    if size >= 8:
        memcpy(&first, start, 8)
        memcpy(&last, start + size - 8, 8)
    elif size >= 4:
        memcpy(&first, start, 4)
        memcpy(&last, start + size - 4, 4)
    elif size:
        first = start[0] | <uint64_t>start[size >> 1] << 8 | <uint64_t>start[size - 1] << 16
    first = (first ^ size) * <uint64_t>0x9E3779B97F4A7C15 ^ last * <uint64_t>0xC2B2AE3D27D4EB4F
    return first ^ first >> 29


cdef const Key* find_key(const Keys* keys, uint64_t hash, Cursor start, size_t size) noexcept nogil:
    """Return what is known of a name, NULL when nothing is."""
    cdef const Key* key
    cdef size_t slot
    if keys.room == 0:
        return NULL
    slot = hash & (keys.room - 1)
    while True:
        key = &keys.slots[slot]
        if key.text is NULL:
            return NULL
        if key.hash == hash and key.size == size and memcmp(key.text, start, size) == 0:
            return key
        slot = (slot + 1) & (keys.room - 1)


cdef bint add_key(Keys* keys, uint64_t hash, Cursor start, size_t size, uint32_t verdict) noexcept nogil:
    """Remember a name; False when there is no memory."""
    cdef Keys larger
    cdef size_t slot
    cdef uint8_t* text
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
    text = taken(&keys.arena, size)
    if text is NULL:
        return False
    memcpy(text, start, size)
    put_key(keys, Key(text, hash, size, verdict))
    keys.count += 1
    return True


cdef void put_key(Keys* keys, Key key) noexcept nogil:
    cdef size_t slot = key.hash & (keys.room - 1)
    while keys.slots[slot].text is not NULL:
        slot = (slot + 1) & (keys.room - 1)
    keys.slots[slot] = key


cdef KnownKeys with_new(KnownKeys known, const Keys* new):
    """Return what was known with what is new; when that is too much, what was known is forgotten."""
    cdef KnownKeys made = KnownKeys()
    cdef bint fine = True
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
    Rulebook book, const Keys* known, Keys* new, Cursor start, Cursor stop, Cursor limit
) except -1 nogil:
    """Return what a name says, as bits of `Verdict`."""
    cdef size_t size = stop - start
    cdef uint64_t hash = hash_of(start, size)
    cdef const Key* key = find_key(known, hash, start, size)
    cdef int verdict
    if key is NULL:
        key = find_key(new, hash, start, size)
    if key is not NULL:
        return key.verdict
    verdict = judge(book, start, stop, limit)
    if size <= MAX_REMEMBERED and new.count < MOST_KEYS and not add_key(new, hash, start, size, verdict):
        return no_memory()
    return verdict


cdef int no_memory() except -1 with gil:
    raise MemoryError


cdef int judge(Rulebook book, Cursor start, Cursor stop, Cursor limit) except -1 nogil:
    cdef const Program* program = &book.program
    cdef Words words
    cdef int verdict
    if stop - start > MAX_NAME:
        verdict = long_name(book, start, stop)  # too long to hold a keyword
    else:
        read_words(start, stop, &words)
        verdict = last_word(&program.secret_words, &words) << WORD_SHIFT
        if is_sensitive(program, &words):
            verdict |= SENSITIVE
        if is_safe(program, start, stop):
            verdict |= SAFE
        if program.groups and keywords_in(program, start, stop):
            verdict |= KEYWORD
    if stop - start >= 6 and program.key_kinds and screen(program, start, stop, limit, 0) & program.key_kinds:
        verdict |= is_data(book, start, stop)
    return verdict


cdef int long_name(Rulebook book, Cursor start, Cursor stop) except -1 with gil:
    return book.long_name(start[: stop - start])


cdef int is_data(Rulebook book, Cursor start, Cursor stop) except -1 with gil:
    """Return `DATA` or 0."""
    return DATA if book.text.redact_key(start[: stop - start], KEY_PLACE).edits else 0
