"""`reference/redact_text.py`, compiled: what is done to one text, in the same order, again until nothing is left to do.

What only some settings ask for is left to the reference, which is asked about the whole text then (`UNDECIDED`): actions
that depend on what was matched. With the settings that come by default no text leads there, or a client
could choose what takes a thousand times as long.
"""

from libc.stddef cimport size_t
from libc.string cimport memchr

from pipeline.wire.kernel.arena cimport no_memory, release_arena
from pipeline.wire.kernel.redact_decoded cimport find_in_decoded
from pipeline.wire.kernel.redact_desk cimport CHANGED, UNCHANGED, UNDECIDED, add_edit, apply_edits, put_log
from pipeline.wire.kernel.redact_json cimport looks_like_json, read_json
from pipeline.wire.kernel.redact_matches cimport list_matches, select_matches
from pipeline.wire.kernel.redact_members cimport find_in_json
from pipeline.wire.kernel.redact_patterns cimport collect_text, find_patterns, leave_excused_out, may_match
from pipeline.wire.kernel.redact_rules cimport DRY_RUN, PATTERN, bit
from pipeline.wire.kernel.redact_scan cimport SCAN_READ
from pipeline.wire.kernel.redact_screen cimport MIN_BYTES, screen
from pipeline.wire.kernel.redact_search cimport Match, token_at

cdef enum:
    MAX_ROUNDS = 8


cdef int redact_text(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit, Groups near) except -1 nogil:
    """Redact a text whose name has keywords of these groups; nothing is read at or behind `limit`.

    The outcome of `CHANGED` is in `desk.result` until the next call.
    """
    cdef int round_
    cdef size_t index
    cdef bint changes
    desk.log.count = 0
    for round_ in range(MAX_ROUNDS):
        desk.edit_count = 0
        desk.search.near = near
        if find_edits(desk, book, start, stop, limit, book.program.json_levels) == UNDECIDED:
            desk.log.count = 0
            return UNDECIDED
        changes = False
        for index in range(desk.edit_count):
            changes = changes or desk.edits[index].action != DRY_RUN
        for index in range(desk.edit_count):
            if not changes or desk.edits[index].action != DRY_RUN:
                put_log(desk, desk.edits[index].rule, desk.edits[index].action)
        if not changes:
            desk.result = start
            desk.result_size = stop - start
            return CHANGED if round_ else UNCHANGED
        apply_edits(desk, &desk.rounds[round_ & 1], start, stop)
        release_arena(&desk.written)
        start = desk.result
        stop = start + desk.result_size
        limit = stop + SCAN_READ
    desk.result = book.program.masks[0].text  # it never settles: it goes as a whole
    desk.result_size = book.program.masks[0].size
    return CHANGED


cdef int find_edits(
    Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit, int levels
) except -1 nogil:
    """Add the edits of a text, which may be JSON: `UNDECIDED` when the reference has to be asked, else `UNCHANGED`."""
    cdef int json
    if levels and looks_like_json(start, stop):
        json = read_json(&desk.json[levels - 1], start, stop)
        if json < 0:
            return no_memory()
        if json:
            return find_in_json(desk, book, limit, levels - 1)
    return find_in_plain(desk, book, start, stop, limit)


cdef int find_in_plain(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit) except -1 nogil:
    """Add the edits of a text that is no JSON: as it stands, then with `%HH` and `+` decoded when nothing is to change in it."""
    cdef size_t first = desk.edit_count, index
    if find_matches(desk, book, start, stop, limit) == UNDECIDED:
        return UNDECIDED
    if stop - start < MIN_BYTES or not desk.search.percent or not book.program.decodes:
        return UNCHANGED
    if memchr(start, c"=", stop - start) is NULL:
        return UNCHANGED
    for index in range(first, desk.edit_count):
        if desk.edits[index].action != DRY_RUN:
            return UNCHANGED
    return find_in_decoded(desk, book, start, stop, first)


cdef int find_matches(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit) except -1 nogil:
    """Add the edits that the rules want in a text as it stands."""
    cdef const Match* match
    cdef bint searched = False
    cdef size_t index
    if stop - start < MIN_BYTES:
        return UNCHANGED
    if book.program.every_text:
        if desk.texts.collecting:
            return collect_text(&desk.texts, start, stop)
        searched = may_match(&desk.texts, start, stop)
    if not screen(&desk.search, &book.program, book.program.kinds, start, stop, limit):
        return no_memory()
    if desk.search.kinds == 0 and not searched:
        return UNCHANGED
    if not list_matches(&desk.search):
        return no_memory()
    if searched or desk.search.kinds & bit(PATTERN):
        find_patterns(&desk.search, book)
    if book.program.excuses and desk.search.count:
        leave_excused_out(&desk.search, book)
    select_matches(&desk.search)
    for index in range(desk.search.count):
        match = &desk.search.list[index]
        if not book.program.rules[match.rule].known:
            return UNDECIDED
        add_edit(desk, &book.program.rules[match.rule], match.rule, match.start, match.stop, 0)
    return UNCHANGED


cdef bint is_settled(Rulebook book, Cursor start, Cursor stop) noexcept nogil:
    """Tell whether a text is a replacement already."""
    return token_at(&book.program, start, stop, True) is not NULL
