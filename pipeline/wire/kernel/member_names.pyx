"""Names of members, found by their bytes."""

from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memset

cimport cython

from pipeline.wire.kernel.json_write cimport put_bytes, put_json_text


@cython.final
cdef class Names:
    def __cinit__(self):
        self.names = <Name*>calloc(MOST_NAMES, sizeof(Name))
        if self.names is NULL:
            raise MemoryError
        self.forget()

    def __dealloc__(self):
        free(self.names)
        free(self.texts.data)

    cdef Name* name(self, Cursor at, size_t size) except? NULL:
        """Return a name, new ones with neither role nor number; NULL where there is no room, or one that is not worth it."""
        cdef uint32_t hash = hashed(at, size)
        cdef uint32_t slot = hash & (SLOTS - 1)
        cdef Name* name
        while self.slots[slot] >= 0:
            name = &self.names[self.slots[slot]]
            if name.hash == hash and name.size == size and memcmp(self.texts.data + name.text, at, size) == 0:
                return name
            slot = (slot + 1) & (SLOTS - 1)
        if self.count == MOST_NAMES or size > LONGEST_NAME:
            return NULL
        name = &self.names[self.count]
        memset(name, 0, sizeof(Name))
        name.own = name.copy = -1
        name.hash = hash
        name.text, name.size = self.texts.size, size
        put_bytes(&self.texts, at, size)
        name.written = self.texts.size
        put_bytes(&self.texts, b",", 1)
        put_json_text(&self.texts, at, at + size)
        put_bytes(&self.texts, b":", 1)
        name.written_size = self.texts.size - name.written
        self.slots[slot] = self.count
        self.count += 1
        return name

    cdef int put(self, Buffer* to, const Name* name) except -1:
        """Write what stands before the value of a member."""
        return put_bytes(to, self.texts.data + name.written, name.written_size)

    cdef int forget(self) except -1:
        """Forget all of them."""
        self.count = 0
        self.texts.size = 0
        memset(self.slots, 0xFF, sizeof(self.slots))
        return 0


cdef inline uint32_t hashed(Cursor at, size_t size) noexcept:
    cdef uint32_t hash = <uint32_t>size * 0x9E3779B1U  # 2^32 by the golden ratio: Knuth's multiplicative hash
    cdef size_t byte
    for byte in range(size):
        hash = (hash ^ at[byte]) * 0x01000193U  # FNV's prime
    return hash ^ hash >> 15
