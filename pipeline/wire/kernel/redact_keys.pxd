"""What names say, remembered: the same ones come again and again."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from pipeline.wire.kernel.arena cimport Arena
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef enum Verdict:
    SENSITIVE = 1  # its value is replaced unseen
    SAFE = 2  # text under it is not scanned
    DATA = 4  # it is data itself
    UNLISTED = 8  # an attribute of this name goes
    KEYWORD = 64  # it has a keyword of something: see `keywords_in`
    WORD_SHIFT = 4  # from here on: the `Word` it ends in
    WORD_MASK = 3
    RULE_SHIFT = 8  # above: the rule whose data it is

cdef struct Key:
    Cursor text  # NULL: free
    uint64_t hash
    uint32_t size
    uint32_t verdict

cdef struct Keys:
    # All zero is an empty one.
    Key* slots
    size_t room  # a power of two
    size_t count
    Arena arena

cdef class KnownKeys:
    # Never changed once it is made, so that threads can share it.
    cdef Keys keys

cdef Key* find_key(const Keys* keys, uint64_t hash, Cursor start, size_t size) noexcept nogil
cdef uint64_t hash_of(Cursor start, size_t size) noexcept nogil
cdef bint new_key(Keys* keys, Key key) noexcept nogil
cdef int judged(
    Rulebook book, const Keys* known, Keys* new, Search* search, Cursor start, Cursor stop, Cursor limit
) except -1 nogil
cdef void release_keys(Keys* keys) noexcept nogil
cdef KnownKeys with_new(KnownKeys known, const Keys* new, size_t payload_size)
