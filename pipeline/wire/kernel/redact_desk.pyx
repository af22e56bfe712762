"""What the redaction of texts needs, from one text to the next."""

from libc.stdlib cimport free, qsort, realloc
from libc.string cimport memcpy

from pipeline.wire.kernel.arena cimport grown, no_memory, release_arena, taken
from pipeline.wire.kernel.redact_json cimport Node
from pipeline.wire.kernel.redact_keys cimport judged, release_keys
from pipeline.wire.kernel.redact_matches cimport clear_search
from pipeline.wire.kernel.redact_rules cimport DRY_RUN
from pipeline.wire.kernel.redact_scan cimport SCAN_READ
from pipeline.wire.kernel.redact_search cimport Match, Point
from pipeline.wire.kernel.redact_texts cimport Text

from pipeline.wire.reference.redact_text import MAX_NESTED_JSON

if MAX_NESTED_JSON > JSON_LEVELS:
    raise ImportError("more levels of JSON than there is room for")

cdef const char* HEX_DIGITS = b"0123456789abcdef"


cdef void clear_desk(Desk* desk) noexcept nogil:
    """Give all memory back."""
    cdef int index
    release_keys(&desk.new_keys)
    release_arena(&desk.written)
    clear_search(&desk.search)
    free(desk.texts.list)
    free(desk.edits)
    free(desk.log.list)
    free(desk.name.bytes)
    for index in range(JSON_LEVELS):
        free(desk.json[index].list)
        free(desk.said[index].bytes)
        free(desk.places[index].bytes)
    for index in range(ROUNDS):
        free(desk.rounds[index].bytes)


cdef void tidy_desk(Desk* desk) noexcept nogil:
    """Leave nothing of the texts of one payload to those of another, but the memory."""
    release_keys(&desk.new_keys)
    release_arena(&desk.written)
    desk.texts.count = 0


cdef size_t size_of_desk(const Desk* desk) noexcept nogil:
    """Return how many bytes it keeps."""
    cdef size_t size = desk.name.room + desk.edit_room * sizeof(Replacement) + desk.log.room * sizeof(uint32_t)
    cdef int index
    size += desk.texts.room * sizeof(Text) + desk.search.point_room * sizeof(Point)
    size += (desk.search.room + desk.search.spare_room) * sizeof(Match)
    for index in range(JSON_LEVELS):
        size += desk.said[index].room + desk.places[index].room + desk.json[index].room * sizeof(Node)
    for index in range(ROUNDS):
        size += desk.rounds[index].room
    return size


cdef uint8_t* room_in(Scratch* buffer, size_t size) except NULL nogil:
    """Return the bytes of a buffer that has room for so many, whatever was in it."""
    cdef uint8_t* bytes_
    if buffer.room < size:
        bytes_ = <uint8_t*>realloc(buffer.bytes, 2 * size)
        if bytes_ is NULL:
            no_memory()
            return NULL
        buffer.bytes = bytes_
        buffer.room = 2 * size
    return buffer.bytes


cdef int judged_name(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit) except -1 nogil:
    """Return what a name says, as bits of `Verdict`; nothing is read at or behind `limit`."""
    return judged(book, desk.known_keys, &desk.new_keys, &desk.search, start, stop, limit)


cdef int put_log(Desk* desk, int32_t rule, int32_t action) except -1 nogil:
    """Note an edit."""
    cdef uint32_t* list
    if desk.log.count == desk.log.room:
        list = <uint32_t*>grown(desk.log.list, &desk.log.room, sizeof(uint32_t))
        if list is NULL:
            return no_memory()
        desk.log.list = list
    desk.log.list[desk.log.count] = <uint32_t>rule << 3 | action
    desk.log.count += 1
    return 0


cdef int add_edit(Desk* desk, const Rule* rule, int32_t order, Cursor start, Cursor stop, uint8_t quote) except -1 nogil:
    """Have a rule's replacement written, between these quotes if there are any."""
    cdef Replacement* list
    if desk.edit_count == desk.edit_room:
        list = <Replacement*>grown(desk.edits, &desk.edit_room, sizeof(Replacement))
        if list is NULL:
            return no_memory()
        desk.edits = list
    desk.edits[desk.edit_count] = Replacement(
        start, stop, rule.replacement.text, rule.replacement.size, order, rule.action, quote
    )
    desk.edit_count += 1
    return 0


cdef inline bint is_escaped(uint8_t byte, uint8_t quote) noexcept nogil:
    return byte == quote or byte == c"\\" or byte < 0x20


cdef int escape_edit(Desk* desk, Replacement* edit, uint8_t quote) except -1 nogil:
    """Have what an edit writes, its quotes too, written as it is inside a string with such quotes."""
    cdef size_t index, more = 0
    cdef uint8_t* to
    cdef uint8_t* text
    cdef uint8_t byte
    if edit.action == DRY_RUN:
        return 0
    for index in range(edit.size):
        if is_escaped(edit.text[index], quote):
            more += 1
    if more == 0 and edit.quote != quote:
        return 0
    text = to = taken(&desk.written, edit.size + 5 * more + 4)
    if text is NULL:
        return no_memory()
    if edit.quote:
        to = put_escaped(to, edit.quote, quote)
    for index in range(edit.size):
        to = put_escaped(to, edit.text[index], quote)
    if edit.quote:
        to = put_escaped(to, edit.quote, quote)
    edit.text, edit.size, edit.quote = text, to - text, 0
    return 0


cdef inline uint8_t* put_escaped(uint8_t* to, uint8_t byte, uint8_t quote) noexcept nogil:
    if byte < 0x20:
        memcpy(to, b"\\u00", 4)
        to[4] = HEX_DIGITS[byte >> 4]
        to[5] = HEX_DIGITS[byte & 15]
        return to + 6
    if is_escaped(byte, quote):
        to[0] = c"\\"
        to += 1
    to[0] = byte
    return to + 1


cdef int by_start(const void* one, const void* other) noexcept nogil:
    cdef const Replacement* left = <const Replacement*>one
    cdef const Replacement* right = <const Replacement*>other
    if left.start != right.start:
        return -1 if left.start < right.start else 1
    return -1 if left.stop < right.stop else <int>(left.stop > right.stop)


cdef void sort_edits(Desk* desk) noexcept nogil:
    """Put the edits in the order of the text; they mostly are."""
    cdef size_t index
    for index in range(1, desk.edit_count):
        if desk.edits[index - 1].start > desk.edits[index].start:
            qsort(desk.edits, desk.edit_count, sizeof(Replacement), by_start)
            return


cdef int apply_edits(Desk* desk, Scratch* buffer, Cursor start, Cursor stop) except -1 nogil:
    """Write the text with its edits, and room behind it to be scanned in, to a buffer: it is the result."""
    cdef size_t size = stop - start, index
    cdef uint8_t* to
    cdef const Replacement* edit
    sort_edits(desk)
    for index in range(desk.edit_count):
        size += desk.edits[index].size + 2
    to = room_in(buffer, size + SCAN_READ)
    for index in range(desk.edit_count):
        edit = &desk.edits[index]
        if edit.action == DRY_RUN:
            continue
        memcpy(to, start, edit.start - start)
        to += edit.start - start
        if edit.quote:
            to[0] = edit.quote
            to += 1
        memcpy(to, edit.text, edit.size)
        to += edit.size
        if edit.quote:
            to[0] = edit.quote
            to += 1
        start = edit.stop
    memcpy(to, start, stop - start)
    desk.result = buffer.bytes
    desk.result_size = to + (stop - start) - buffer.bytes
    return 0
