"""One text of a payload: redacted, and put in the place of what it was. What is rare is asked of the reference, with the GIL."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t
from libc.string cimport memcmp, memcpy

from pipeline.wire.kernel.arena cimport no_memory, taken
from pipeline.wire.kernel.edits cimport Frame, add_edit, close_frame
from pipeline.wire.kernel.redact_books cimport begin, named, put_edit_of, put_entry
from pipeline.wire.kernel.redact_desk cimport CHANGED, DROPPED, UNCHANGED, UNDECIDED
from pipeline.wire.kernel.redact_names cimport keywords_in
from pipeline.wire.kernel.redact_rules cimport Groups
from pipeline.wire.kernel.redact_text cimport redact_text


cdef int redact_leaf(Walk* walk, Rulebook book, Cursor start, Cursor stop, Place place) except -1 nogil:
    """Redact a text: `CHANGED` with the outcome in `desk.result`, `DROPPED` when what holds it has to go, or neither."""
    cdef Groups near = keywords_in(&book.program, walk.name, walk.name_stop) if walk.name is not NULL else 0
    cdef int outcome = redact_text(&walk.desk, book, start, stop, walk.limit, near)
    cdef size_t index
    if outcome == UNDECIDED:
        return ask_reference(walk, book, start, stop, place)
    for index in range(walk.desk.log.count):
        put_entry(walk, book, walk.desk.log.list[index] >> 3, place.location, walk.desk.log.list[index] & 7)
    if outcome == CHANGED and <size_t>(stop - start) == walk.desk.result_size:
        if memcmp(start, walk.desk.result, walk.desk.result_size) == 0:
            return UNCHANGED
    return outcome


cdef int ask_reference(Walk* walk, Rulebook book, Cursor start, Cursor stop, Place place) except -1 with gil:
    text = start[: stop - start]
    return put_answer(walk, book, text, book.text.redact(text, named(walk, place)), place.location)


cdef int put_answer(Walk* walk, Rulebook book, text, answer, int location) except -1:
    """Note an answer of the reference, and keep the text that it gave as `desk.result`."""
    for edit in answer.edits:
        put_edit_of(walk, book, edit, location)
    if answer.dropped:
        return DROPPED
    if answer.text == text:
        return UNCHANGED
    keep_text(walk, answer.text)
    return CHANGED


cdef int keep_text(Walk* walk, bytes text) except -1:
    """Keep a text of the reference as `desk.result`."""
    cdef uint8_t* kept = taken(&walk.edits.arena, len(text))
    if kept is NULL:
        raise MemoryError
    memcpy(kept, PyBytes_AS_STRING(text), len(text))
    walk.desk.result = kept
    walk.desk.result_size = len(text)
    return 0


cdef int replace_text(Walk* walk, const Visit* visit) except -1 nogil:
    """Put `desk.result` in the place of a text."""
    cdef Frame frame
    cdef uint8_t* kept = taken(&walk.edits.arena, walk.desk.result_size)
    if kept is NULL:
        return no_memory()
    memcpy(kept, walk.desk.result, walk.desk.result_size)
    begin(walk, visit, &frame)
    if not add_edit(&walk.edits, visit.value, visit.stop, kept, walk.desk.result_size):
        return no_memory()
    close_frame(&walk.edits, visit, &frame)
    return 0
