"""Escapes, replacements that stand in a text already, literals."""

from pipeline.wire.kernel.redact_rules cimport Literal


cdef Cursor escape_before(Cursor low, Cursor at) noexcept nogil:
    """Return the start of the escape that ends at `at`, NULL where none does; nothing before `low` is looked at."""
    cdef size_t room = at - low
    if room >= 2 and (at - 2)[0] == c"\\" and (at - 1)[0] in (c"n", c"r", c"t", c"b", c"f"):
        return at - 2
    if room >= 3 and (at - 3)[0] == c"%" and is_a((at - 2)[0], HEX) and is_a((at - 1)[0], HEX):
        return at - 3
    if room >= 6 and (at - 6)[0] == c"\\" and (at - 5)[0] == c"u" and run(at - 4, at, HEX) == at:
        return at - 6
    return NULL


cdef Cursor behind_escape(const Search* search, Cursor at, bint percent) noexcept nogil:
    """Return `at`, or the end of the escape whose letters stand there, which can lie behind the text."""
    cdef size_t left = search.stop - at
    if at == search.start:
        return at
    if (at - 1)[0] == c"\\":
        if left and at[0] in (c"n", c"r", c"t", c"b", c"f"):
            return at + 1
        if escape_before(at - 1, at + min(left, <size_t>5)) is not NULL:
            return at + 5
    elif percent and (at - 1)[0] == c"%" and escape_before(at - 1, at + min(left, <size_t>2)) is not NULL:
        return at + 2
    return at


cdef inline Cursor tag_at(const Program* program, Cursor at, Cursor stop) noexcept nogil:
    """Return the end of a tag or pseudonym; NULL where there is none."""
    cdef int32_t index
    cdef Cursor behind, digest
    cdef const Literal* id
    if at == stop or at[0] != c"[":
        return NULL
    for index in range(program.id_count):
        id = &program.ids[index]
        if not same(at + 1, stop, <const char*>id.text, id.size):
            continue
        behind = at + 1 + id.size
        if behind < stop and behind[0] == c"]":
            return behind + 1
        if behind < stop and behind[0] == c"#":
            digest = run_of(behind + 1, stop, DIGIT | LOWER, 8)
            if digest > behind + 1 and digest < stop and digest[0] == c".":
                behind = digest + 1
                while behind < stop and behind - digest <= 32 and is_a(behind[0], HEX) and not is_a(behind[0], UPPER):
                    behind += 1
                if behind - digest == 33 and behind < stop and behind[0] == c"]":
                    return behind + 1
    return NULL


cdef Cursor token_at(const Program* program, Cursor at, Cursor stop, bint whole) noexcept nogil:
    """Return the end of the replacement that stands here, NULL where there is none. `whole`: it has to end at `stop`."""
    cdef int index
    cdef const Literal* mask
    cdef Cursor end
    for index in range(2):
        mask = &program.masks[index]
        if mask.size and same(at, stop, <const char*>mask.text, mask.size) and (not whole or at + mask.size == stop):
            return at + mask.size
    end = tag_at(program, at, stop)
    return end if end is not NULL and (not whole or end == stop) else NULL


cdef Cursor find(Cursor at, Cursor stop, const char* literal, size_t size) noexcept nogil:
    """Return where a literal stands next, NULL where it does not."""
    cdef Cursor last = stop - size
    if <size_t>(stop - at) < size:
        return NULL
    while at <= last:
        at = <Cursor>memchr(at, literal[0], last - at + 1)
        if at is NULL:
            return NULL
        if memcmp(at, literal, size) == 0:
            return at
        at += 1
    return NULL
