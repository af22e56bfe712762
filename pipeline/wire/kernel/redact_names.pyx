"""`reference/redact_keys.py`, compiled, for names of up to `MAX_NAME` bytes (redaction contract §2.8)."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t
from libc.string cimport memcmp

from pipeline.wire.kernel.redact_rules cimport CVV, NO_SECRET, PIN, SECRET, Literal
from pipeline.wire.kernel.redact_search cimport DIGIT, LOWER, UPPER, is_a, lower


cdef inline bint continues(uint8_t byte) noexcept nogil:
    """Tell whether a byte goes on a word of small letters. Names are read as Latin-1, so all of UTF-8 counts as letters."""
    return is_a(byte, LOWER) or byte >= 0x80


cdef inline uint8_t folded(uint8_t byte) noexcept nogil:
    return byte | 0x20 if 0xC0 <= byte <= 0xDE and byte != 0xD7 else lower(byte)


cdef void read_words(Cursor start, Cursor stop, Words* words, uint8_t far = c".") noexcept nogil:
    """Split a name at whatever is no letter or digit, at the steps of camel case, and between letters and digits.

    Words between which more than one byte lies are joined by `far`.
    """
    cdef Cursor at = start, end, behind = start
    cdef uint32_t size = 0
    words.count = 0
    while at < stop:
        end = at
        if is_a(at[0], UPPER):
            while end < stop and is_a(end[0], UPPER):
                end += 1
            if end < stop and is_a(end[0], LOWER):
                end -= 1  # the capital belongs to the next word
            if end == at:
                end += 1
                while end < stop and continues(end[0]):
                    end += 1
        elif continues(at[0]):
            while end < stop and continues(end[0]):
                end += 1
        elif is_a(at[0], DIGIT):
            while end < stop and is_a(end[0], DIGIT):
                end += 1
        else:
            at += 1
            continue
        if words.count:
            words.joined[size] = c"." if at - behind <= 1 else far
            size += 1
        words.starts[words.count] = size
        words.count += 1
        while at < end:
            words.joined[size] = folded(at[0])
            size += 1
            at += 1
        behind = end
    words.starts[words.count] = size + 1


cdef inline bint is_known(const Names* names, const uint8_t* text, size_t size) noexcept nogil:
    cdef int32_t index
    for index in range(names.count):
        if names.list[index].size == size and memcmp(names.list[index].text, text, size) == 0:
            return True
    return False


cdef bint is_sensitive(const Program* program, const Words* words) noexcept nogil:
    """Tell whether the words hold a run of words that the rules name, and are no exception."""
    cdef uint32_t at, end
    cdef const Names* names = &program.sensitive
    for at in range(words.count):
        for end in range(at + 1, min(words.count, at + <uint32_t>names.longest) + 1):
            if is_known(names, words.joined + words.starts[at], words.starts[end] - words.starts[at] - 1):
                return not any_glob(
                    &program.exceptions, words.joined, words.joined + (words.starts[words.count] - 1)
                )
    return False


cdef bint is_safe(const Program* program, Cursor start, Cursor stop) noexcept nogil:
    return any_glob(&program.safe, start, stop)


cdef bint any_glob(const Names* globs, Cursor start, Cursor stop) noexcept nogil:
    cdef int32_t index
    for index in range(globs.count):
        if fits_glob(globs.list[index].text, globs.list[index].text + globs.list[index].size, start, stop):
            return True
    return False


cdef bint fits_glob(Cursor glob, Cursor end, Cursor at, Cursor stop) noexcept nogil:
    """Tell whether a whole text fits a glob in which only `*` is special."""
    cdef Cursor star = NULL, resume = NULL
    while at < stop:
        if glob < end and glob[0] == c"*":
            star = glob
            glob += 1
            resume = at
        elif glob < end and glob[0] == at[0]:
            glob += 1
            at += 1
        elif star is not NULL:
            glob = star + 1
            resume += 1
            at = resume
        else:
            return False
    while glob < end and glob[0] == c"*":
        glob += 1
    return glob == end


cdef Word word_at_end(const Names* names, Cursor start, Cursor stop) noexcept nogil:
    """Return what the last word of a short name tells when it ends in the words of one of these, else `NO_SECRET`."""
    cdef Words words
    read_words(start, stop, &words)
    return last_word(names, &words)


cdef Word last_word(const Names* names, const Words* words) noexcept nogil:
    cdef uint32_t end = words.count, size
    cdef const uint8_t* last
    for size in range(1, min(end, <uint32_t>names.longest) + 1):
        if is_known(names, words.joined + words.starts[end - size], words.starts[end] - words.starts[end - size] - 1):
            last = words.joined + words.starts[end - 1]
            size = words.starts[end] - words.starts[end - 1] - 1
            if size == 3 and memcmp(last, b"pin", 3) == 0:
                return PIN
            if size == 3 and (memcmp(last, b"cvv", 3) == 0 or memcmp(last, b"cvc", 3) == 0):
                return CVV
            return SECRET
    return NO_SECRET
