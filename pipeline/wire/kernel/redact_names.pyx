"""`reference/redact_keys.py`, compiled (redaction contract §2.8)."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp

from pipeline.wire.kernel.redact_keys cimport KEYWORD, SAFE, SENSITIVE, UNLISTED, WORD_SHIFT
from pipeline.wire.kernel.redact_rules cimport CVV, NO_SECRET, PIN, SECRET, Keyword, Literal, hash_of_word
from pipeline.wire.kernel.redact_search cimport ALNUM, DIGIT, LOWER, UPPER, is_a, lower
from pipeline.wire.kernel.walk cimport fixed64

cdef enum:
    SHORT_NAME = 24  # bytes: it is read as a whole before it is clear where its last words begin
    TAIL = 8  # bytes that are compared as one number
    MAX_SAFE_NAME = 256  # longer names are no names: nobody vouches for them as safe


cdef enum Letter:
    # What a byte is in a name. Names are read as Latin-1, so all of UTF-8 counts as small letters.
    JOINER
    SMALL
    CAPITAL
    FIGURE

cdef uint8_t LETTERS[256]
cdef uint8_t FOLDED[256]
for _byte in range(256):
    LETTERS[_byte] = (
        CAPITAL if is_a(_byte, UPPER) else SMALL if is_a(_byte, LOWER) or _byte >= 0x80 else FIGURE if is_a(_byte, DIGIT) else JOINER
    )
    FOLDED[_byte] = _byte | 0x20 if 0xC0 <= _byte <= 0xDE and _byte != 0xD7 else lower(_byte)


cdef void read_words(Cursor start, Cursor stop, Words* words, uint8_t far = c".") noexcept nogil:
    """Split a name at whatever is no letter or digit, at the steps of camel case, and between letters and digits.

    Words between which more than one byte lies are joined by `far`.
    """
    cdef Cursor at = start, end, behind = start
    cdef uint8_t* to = words.joined
    cdef uint8_t letter
    words.count = 0
    while at < stop:
        letter = LETTERS[at[0]]
        if letter == JOINER:
            at += 1
            continue
        if words.count:
            to[0] = c"." if at - behind <= 1 else far
            to += 1
        words.starts[words.count] = to - words.joined
        words.count += 1
        end = at + 1
        if letter == CAPITAL:
            while end < stop and LETTERS[end[0]] == CAPITAL:
                end += 1
            if end < stop and is_a(end[0], LOWER):
                if end - at > 1:
                    end -= 1  # the capital belongs to the next word
                else:
                    letter = SMALL
        if letter != CAPITAL:
            while end < stop and LETTERS[end[0]] == letter:
                end += 1
        while at < end:
            to[0] = FOLDED[at[0]]
            to += 1
            at += 1
        behind = end
    words.starts[words.count] = to - words.joined + 1


cdef int name_says(const Program* program, Cursor start, Cursor stop) noexcept nogil:
    """Return what a name says of its value, as bits of `Verdict`; -1 when there is no memory."""
    cdef uint8_t usual[TAIL + 2 * USUAL_NAME]
    cdef uint8_t* joined = usual
    cdef uint32_t starts[USUAL_NAME + 1]
    cdef Words words
    cdef size_t size = stop - start
    cdef int verdict
    words.starts = starts
    if size > USUAL_NAME:
        joined = <uint8_t*>malloc(TAIL + 2 * size)
        words.starts = <uint32_t*>malloc((size + 1) * sizeof(uint32_t))
    if joined is NULL or words.starts is NULL:
        verdict = -1
    else:
        words.joined = joined + TAIL
        read_words(start, stop, &words)
        verdict = last_word(&program.secret_words, &words) << WORD_SHIFT
        if is_sensitive(program, &words) or (program.sensitive_globs.count and fits_any_case(program, start, stop)):
            if not is_exempt(program, start, stop):
                verdict |= SENSITIVE
        if size <= MAX_SAFE_NAME and any_glob(&program.safe, start, stop):
            verdict |= SAFE
        if program.groups and begins_keyword(program, &words) and keywords_in(program, start, stop):
            verdict |= KEYWORD
        if program.lists and (size > MAX_SAFE_NAME or not any_glob(&program.listed, start, stop)):
            verdict |= UNLISTED
    if size > USUAL_NAME:
        free(joined)
        free(words.starts)
    return verdict


cdef inline bint is_beginning(const Program* program, const uint8_t* word, size_t size) noexcept nogil:
    """Tell whether a keyword could begin with a word."""
    cdef uint32_t hash = hash_of_word(word, size)
    return program.keyword_beginnings[hash >> 5] >> (hash & 31) & 1


cdef bint begins_keyword(const Program* program, const Words* words) noexcept nogil:
    """Tell whether a keyword could stand in a name."""
    cdef uint32_t at
    for at in range(words.count):
        if is_beginning(program, words.joined + words.starts[at], words.starts[at + 1] - words.starts[at] - 1):
            return True
    return False


cdef Groups keywords_in(const Program* program, Cursor start, Cursor stop) noexcept nogil:
    """Return the groups of which a keyword stands in a text of up to `USUAL_NAME` bytes; longer names have none."""
    cdef uint8_t joined[2 * USUAL_NAME]
    cdef uint32_t starts[USUAL_NAME + 1]
    cdef Words words
    cdef Groups groups = 0
    cdef uint32_t at
    cdef int32_t index
    cdef const Keyword* keyword
    cdef const uint8_t* word
    cdef size_t left
    if stop - start > USUAL_NAME:
        return 0
    words.joined, words.starts = joined, starts
    read_words(start, stop, &words, c",")
    for at in range(words.count):
        word = words.joined + words.starts[at]
        if not is_beginning(program, word, words.starts[at + 1] - words.starts[at] - 1):
            continue
        left = words.starts[words.count] - 1 - words.starts[at]
        for index in range(program.keyword_count):
            keyword = &program.keywords[index]
            if left < keyword.words.size or memcmp(word, keyword.words.text, keyword.words.size) != 0:
                continue
            if left == keyword.words.size or word[keyword.words.size] == c"." or word[keyword.words.size] == c",":
                groups |= keyword.groups
    return groups


cdef bint is_sensitive(const Program* program, const Words* words) noexcept nogil:
    """Tell whether the words hold a run of words that the rules name, and are no exception."""
    cdef const Names* names = &program.sensitive
    cdef const Literal* name
    cdef const uint8_t* end = words.joined + (words.starts[words.count] - 1)
    cdef const uint8_t* at
    cdef uint32_t word
    cdef int32_t index
    for word in range(words.count):
        at = words.joined + words.starts[word]
        for index in range(names.first[at[0]], names.first[at[0] + 1]):
            name = &names.list[index]
            if <size_t>(end - at) >= name.size and (at + name.size == end or at[name.size] == c"."):
                if memcmp(at, name.text, name.size) == 0:
                    return not any_glob(&program.exceptions, words.joined, end)
    return False


cdef bint is_exempt(const Program* program, Cursor start, Cursor stop) noexcept nogil:
    cdef const Literal* name
    cdef int32_t index
    for index in range(program.exempt.count):
        name = &program.exempt.list[index]
        if name.size == <size_t>(stop - start) and memcmp(name.text, start, name.size) == 0:
            return True
    return False


cdef bint fits_any_case(const Program* program, Cursor start, Cursor stop) noexcept nogil:
    """Tell whether a name fits a glob of sensitive names; without memory it does."""
    cdef size_t size = stop - start, index
    cdef uint8_t* folded_name = <uint8_t*>malloc(max(size, <size_t>1))
    cdef bint fits
    if folded_name is NULL:
        return True
    for index in range(size):
        folded_name[index] = lower(start[index])
    fits = any_glob(&program.sensitive_globs, folded_name, folded_name + size)
    free(folded_name)
    return fits


cdef bint any_glob(const Names* globs, Cursor start, Cursor stop) noexcept nogil:
    """Tell whether a name fits a glob: of one that does the first byte is the same or a wildcard."""
    if globs.count == 0:
        return False
    return (
        (start < stop and any_glob_by(globs, start[0], start, stop))
        or any_glob_by(globs, c"*", start, stop)
        or any_glob_by(globs, c"?", start, stop)
    )


cdef inline bint any_glob_by(const Names* globs, uint8_t first, Cursor start, Cursor stop) noexcept nogil:
    cdef int32_t index
    for index in range(globs.first[first], globs.first[first + 1]):
        if fits_glob(globs.list[index].text, globs.list[index].text + globs.list[index].size, start, stop):
            return True
    return False


cdef bint fits_glob(Cursor glob, Cursor end, Cursor at, Cursor stop) noexcept nogil:
    """Tell whether a whole text fits a glob: `**` is anything, `*` anything without a dot, `?` one byte that is no dot."""
    cdef Cursor star = NULL, resume = NULL  # behind the last `*`, and where what follows it was tried
    cdef Cursor stars = NULL, resume_stars = NULL  # the same of the last `**`
    while True:
        if glob < end and glob[0] == c"*":
            if end - glob > 1 and glob[1] == c"*":
                glob += 2
                stars, resume_stars, star = glob, at, NULL
            else:
                glob += 1
                star, resume = glob, at
            continue
        if at == stop and glob == end:
            return True
        if at < stop and glob < end and (glob[0] == at[0] or (glob[0] == c"?" and at[0] != c".")):
            glob += 1
            at += 1
        elif star is not NULL and resume < stop and resume[0] != c".":
            resume += 1
            glob, at = star, resume
        elif stars is not NULL and resume_stars < stop:
            resume_stars += 1
            glob, at, star = stars, resume_stars, NULL
        else:
            return False


cdef Word word_at_end(const Names* names, Cursor start, Cursor stop) noexcept nogil:
    """Return what the last word of a name of up to `USUAL_NAME` bytes tells when it ends in the words of one of these."""
    cdef uint8_t joined[TAIL + 2 * USUAL_NAME]
    cdef uint32_t starts[USUAL_NAME + 1]
    cdef Words words
    words.joined, words.starts = joined + TAIL, starts
    if stop - start > SHORT_NAME:
        start = beginning_of_words(start, stop, names.longest)
    read_words(start, stop, &words)
    return last_word(names, &words)


cdef inline bint in_word(uint8_t byte) noexcept nogil:
    return is_a(byte, ALNUM) or byte >= 0x80


cdef Cursor beginning_of_words(Cursor start, Cursor stop, int32_t count) noexcept nogil:
    """Return a place between words from which on there are at least so many: what stands before need not be read."""
    cdef Cursor at = stop - 1
    while at > start:
        if in_word(at[0]) and not in_word((at - 1)[0]):
            count -= 1
            if count <= 0:
                return at
        at -= 1
    return start


cdef Word last_word(const Names* names, const Words* words) noexcept nogil:
    """Return what the last word tells. The last bytes are compared as one number: `TAIL` bytes can be read before the words."""
    cdef const uint8_t* end = words.joined + (words.starts[words.count] - 1)
    cdef const uint8_t* last
    cdef const Literal* name
    cdef uint64_t tail
    cdef int32_t index
    cdef Py_ssize_t size
    if words.count == 0:
        return NO_SECRET
    last = words.joined + words.starts[words.count - 1]
    size = end - words.joined
    tail = fixed64(end - TAIL)
    for index in range(names.first[(end - 1)[0]], names.first[(end - 1)[0] + 1]):
        if tail & names.tails[index].keep != names.tails[index].bytes:
            continue
        name = &names.list[index]
        if <size_t>size < name.size or (<size_t>size > name.size and (end - name.size - 1)[0] != c"."):
            continue
        if name.size <= TAIL or memcmp(end - name.size, name.text, name.size) == 0:
            if end - last == 3 and memcmp(last, b"pin", 3) == 0:
                return PIN
            if end - last == 3 and (memcmp(last, b"cvv", 3) == 0 or memcmp(last, b"cvc", 3) == 0):
                return CVV
            return SECRET
    return NO_SECRET
