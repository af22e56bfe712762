"""Redaction of forms and URLs: with `%HH` and `+` decoded."""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, malloc

from pipeline.wire.kernel.arena cimport no_memory
from pipeline.wire.kernel.redact_desk cimport UNCHANGED, Replacement
from pipeline.wire.kernel.redact_scan cimport SCAN_READ
from pipeline.wire.kernel.redact_search cimport HEX, is_a, lower
from pipeline.wire.kernel.redact_text cimport find_matches


cdef int find_in_decoded(Desk* desk, Rulebook book, Cursor start, Cursor stop, size_t first) except -1 nogil:
    """Add the edits of a text as it reads when it is decoded. As it stands it has those from `first` on, which count only."""
    cdef size_t size = stop - start, counted = desk.edit_count, index
    cdef uint8_t* decoded = <uint8_t*>malloc(size + SCAN_READ)
    cdef uint32_t* places = <uint32_t*>malloc((size + 1) * sizeof(uint32_t))
    cdef Replacement* edit
    cdef int outcome = UNCHANGED
    try:
        if decoded is NULL or places is NULL:
            return no_memory()
        size = url_decoded(start, stop, decoded, places)
        outcome = find_matches(desk, book, decoded, decoded + size, decoded + size + SCAN_READ)
        for index in range(counted, desk.edit_count):
            edit = &desk.edits[index]
            edit.start = start + places[edit.start - decoded]
            edit.stop = start + places[edit.stop - decoded]
    finally:
        free(decoded)
        free(places)
    count_once(desk, first, counted)
    return outcome


cdef void count_once(Desk* desk, size_t first, size_t counted) noexcept nogil:
    """Take out again what was found before: both lists are in the order of the text, and nothing in one overlaps."""
    cdef size_t index, kept = counted
    cdef const Replacement* edit
    for index in range(counted, desk.edit_count):
        edit = &desk.edits[index]
        while first < counted and desk.edits[first].start < edit.start:
            first += 1
        if (
            first == counted or desk.edits[first].start != edit.start or desk.edits[first].stop != edit.stop
            or desk.edits[first].rule != edit.rule or desk.edits[first].action != edit.action
        ):
            desk.edits[kept] = edit[0]
            kept += 1
    desk.edit_count = kept


cdef size_t url_decoded(Cursor start, Cursor stop, uint8_t* to, uint32_t* places) noexcept nogil:
    """Write a text with `%HH` and `+` decoded, and where each byte (and its end) stands in it; return its length."""
    cdef Cursor at = start
    cdef size_t size = 0
    while at < stop:
        places[size] = at - start
        if at[0] == c"%" and stop - at > 2 and is_a(at[1], HEX) and is_a(at[2], HEX):
            to[size] = hex_digit(at[1]) << 4 | hex_digit(at[2])
            at += 2
        else:
            to[size] = c" " if at[0] == c"+" else at[0]
        size += 1
        at += 1
    places[size] = stop - start
    return size


cdef inline uint8_t hex_digit(uint8_t byte) noexcept nogil:
    return byte - c"0" if byte <= c"9" else lower(byte) - c"a" + 10
