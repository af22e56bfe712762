"""Escapes, and replacements that stand in a text already."""

from pipeline.wire.kernel.redact_rules cimport Beginning, Literal, anchor_of, place_of


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


cdef Literals in_any_case(tuple literals):
    """Return up to `MOST_LITERALS`, given in lower case; they have to live as long."""
    cdef Literals made
    cdef int index
    if len(literals) > MOST_LITERALS:
        raise ImportError("more literals than there is room for")
    listed = sorted(literals, key=lambda literal: literal[0] & 31)
    for index, literal in enumerate(listed):
        made.list[index] = anchor_of(literal, True)
    for index in range(33):
        made.first[index] = sum(literal[0] & 31 < index for literal in listed)
    return made


cdef Cursor behind_letters(const Search* search, Cursor at, bint percent) noexcept nogil:
    """Return the end of the escape whose letters stand behind its first character, `at` where it is none."""
    cdef size_t left = search.stop - at
    if (at - 1)[0] == c"\\":
        if left and at[0] in (c"n", c"r", c"t", c"b", c"f"):
            return at + 1
        if escape_before(at - 1, at + min(left, <size_t>5)) is not NULL:
            return at + 5
    elif percent and (at - 1)[0] == c"%" and escape_before(at - 1, at + min(left, <size_t>2)) is not NULL:
        return at + 2
    return at


cdef Cursor tag_at(const Program* program, Cursor at, Cursor stop) noexcept nogil:
    """Return the end of a tag or pseudonym; NULL where there is none."""
    cdef const Beginning* each
    cdef const Beginning* end
    cdef const Anchor* id
    cdef Cursor found
    cdef uint32_t bytes_
    if stop - at < 3:
        return NULL
    at += 1
    bytes_ = first_four(at, stop)
    each = &program.ids_by_first.list[program.ids_by_first.first[place_of(bytes_)]]
    end = &program.ids_by_first.list[program.ids_by_first.first[place_of(bytes_) + 1]]
    while each < end:
        if bytes_ & each.mask == each.bytes:
            id = &program.ids[each.index]
            if stands(id, at, stop):
                found = behind_id(at + id.literal.size, stop)
                if found is not NULL:
                    return found
        each += 1
    return NULL


cdef Cursor behind_id(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of what closes a tag, or makes it a pseudonym first; NULL where neither stands."""
    cdef Cursor digest
    if at < stop and at[0] == c"]":
        return at + 1
    if at == stop or at[0] != c"#":
        return NULL
    digest = run_of(at + 1, stop, DIGIT | LOWER, 8)
    if digest == at + 1 or digest == stop or digest[0] != c".":
        return NULL
    digest += 1
    at = digest
    while at < stop and at - digest < 32 and is_a(at[0], HEX) and not is_a(at[0], UPPER):
        at += 1
    return at + 1 if at - digest == 32 and at < stop and at[0] == c"]" else NULL


cdef Cursor token_at(const Program* program, Cursor at, Cursor stop, bint whole) noexcept nogil:
    """Return the end of the replacement that stands here, NULL where there is none. `whole`: it has to end at `stop`."""
    cdef int index
    cdef const Literal* mask
    cdef Cursor end
    if at == stop or not program.begins_token[at[0]]:
        return NULL
    for index in range(2):
        mask = &program.masks[index]
        if mask.size == 0 or mask.text[0] != at[0] or not same(at, stop, <const char*>mask.text, mask.size):
            continue
        if not whole or at + mask.size == stop:
            return at + mask.size
    end = tag_at(program, at, stop) if at[0] == c"[" else NULL
    return end if end is not NULL and (not whole or end == stop) else NULL
