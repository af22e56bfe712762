"""The names, in a hash table, and the search among the members that have one of them."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t
from libc.string cimport memchr, memcmp

from pipeline.wire.kernel.trace_ids cimport (
    parse_hex, parse_span_id, parse_trace_id, parse_traceparent, span_id_from_decimal, trace_id_from_decimal,
)
from pipeline.wire.kernel.values cimport INTEGER, MAP, OTHER, TEXT, key_of, read_attribute, same_text

from pipeline.trace_members import MAX_REQUEST_ID, REQUEST_MEMBERS, SPAN_MEMBERS, TRACE_MEMBERS

cdef enum:
    SLOTS = 256  # a power of two, several times the number of names
    LONGEST = 64
    HALF = MOST_NAMES  # the number of a name that is only the first half of some

cdef enum Form:
    ANY
    DATADOG
    GOOGLE

cdef struct Name:
    Text text
    Form form

# Filled while the module is loaded, and never changed. A name's number is its place in the order of search.
cdef Name[MOST_NAMES] _names
cdef int _first_trace, _first_span, _first_request, _end
cdef Text[SLOTS] _slots
cdef uint8_t[SLOTS] _numbers
cdef size_t _longest_request = MAX_REQUEST_ID
cdef list _texts = []
cdef uint8_t[256] _skips
cdef const char* _TRACE = "trace"


cdef inline uint32_t slot_of(Text name) noexcept nogil:
    """Return where a name stands, or the free slot where it would: FNV-1a, then one slot after the other."""
    cdef uint32_t slot = 2166136261
    cdef size_t index
    for index in range(name.size):
        slot = (slot ^ name.at[index]) * 16777619
    slot &= SLOTS - 1
    while _slots[slot].at is not NULL and not same_text(_slots[slot], name):
        slot = (slot + 1) & (SLOTS - 1)
    return slot


cdef void note_member(Members* members, Cursor at, Cursor stop) noexcept nogil:
    """Note an attribute if its name is one that ids stand under; of equal names the last counts."""
    cdef Text name = key_of(at, stop)
    cdef uint32_t slot
    cdef Value half
    cdef Value* value = &half
    if name.size > LONGEST:
        return
    slot = slot_of(name)
    if _slots[slot].at is NULL:
        return
    if _numbers[slot] != HALF:
        value = &members.values[_numbers[slot]]
        members.there |= <uint64_t>1 << _numbers[slot]
    read_attribute(at, stop, value)
    members.odd |= value.type == OTHER or (value.type == MAP and _numbers[slot] == HALF)


cdef Answer find_ids(const Members* members, Ids* ids) noexcept nogil:
    """Find the first valid trace id among the members, and the first valid span id."""
    cdef uint8_t[NUMBER_ROOM] room
    cdef int number
    if members.odd:
        return ODD
    ids.has_span = False
    ids.holders = 0
    if parse_traceparent(text_of(members, 0, room), ids.trace_id, ids.span_id):
        ids.has_span = True
        held(ids, 0)
        return YES
    for number in range(_first_trace, _first_span):
        if is_trace_id(_names[number].form, text_of(members, number, room), ids.trace_id):
            held(ids, number)
            break
    else:
        return NO
    for number in range(_first_span, _first_request):
        if is_span_id(_names[number].form, text_of(members, number, room), ids.span_id):
            ids.has_span = True
            held(ids, number)
            break
    return YES


cdef Answer find_request(const Members* members, uint8_t* room, int* header, Text* value) noexcept nogil:
    """Find the first member that names a request: its number among `REQUEST_MEMBERS`, and its value, maybe written to `room`."""
    cdef int number
    if members.odd:
        return ODD
    for number in range(_first_request, _end):
        value[0] = text_of(members, number, room)
        if value.size == 0:
            continue
        if not is_plain(value[0]):
            return ODD
        if value.size <= _longest_request:
            header[0] = number - _first_request
            return YES
    return NO


cdef inline void held(Ids* ids, int number) noexcept nogil:
    ids.holder[ids.holders] = _names[number].text
    ids.holders += 1


cdef Text text_of(const Members* members, int number, uint8_t* room) noexcept nogil:
    """Return a member as text, an empty one of what is no text or integer."""
    cdef const Value* value = &members.values[number]
    if members.there >> number & 1:
        if value.type == TEXT:
            return value.text
        if value.type == INTEGER:
            return decimal(value, room)
    return Text(room, 0)


cdef Text decimal(const Value* value, uint8_t* room) noexcept nogil:
    cdef uint8_t* at = room + NUMBER_ROOM
    cdef uint64_t rest = value.magnitude
    while True:
        at -= 1
        at[0] = c'0' + rest % 10
        rest //= 10
        if rest == 0:
            break
    if value.negative:
        at -= 1
        at[0] = c'-'
    return Text(at, room + NUMBER_ROOM - at)


cdef bint is_plain(Text text) noexcept nogil:
    """Tell whether all of a text is printable ASCII."""
    cdef size_t index
    for index in range(text.size):
        if not c' ' <= text.at[index] <= c'~':
            return False
    return True


cdef bint is_trace_id(Form form, Text text, uint8_t* trace_id) noexcept nogil:
    cdef Cursor end
    if form == DATADOG:
        return parse_hex(text, trace_id, TRACE_ID_BYTES) or trace_id_from_decimal(text, trace_id)
    if form == GOOGLE:  # projects/…/traces/<id>
        end = text.at + text.size
        while end > text.at and (end - 1)[0] != c'/':
            end -= 1
        return parse_trace_id(Text(end, text.at + text.size - end), trace_id)
    if text.size >= 5 and memcmp(text.at, b"Root=", 5) == 0:
        text = Text(text.at + 5, text.size - 5)
        end = <Cursor>memchr(text.at, c';', text.size)
        text.size = text.size if end is NULL else end - text.at
    return parse_trace_id(text, trace_id)


cdef inline bint is_span_id(Form form, Text text, uint8_t* span_id) noexcept nogil:
    return span_id_from_decimal(text, span_id) if form == DATADOG else parse_span_id(text, span_id)


cdef bint opens_object(Text text) noexcept nogil:
    """Tell whether a text begins with a brace, behind what Python calls blank."""
    while text.size:
        if text.at[0] == c'{':
            return True
        text = without_blank(text)
    return False


cdef Text without_blank(Text text) noexcept nogil:
    """Return a text without the blank that it begins with; an empty one when it begins with none."""
    cdef const uint8_t* at = text.at
    cdef int size = 0
    if 9 <= at[0] <= 13 or 28 <= at[0] <= 32:
        size = 1
    elif text.size > 1 and at[0] == 0xC2 and (at[1] == 0x85 or at[1] == 0xA0):
        size = 2
    elif text.size > 2 and (
        (at[0] == 0xE1 and at[1] == 0x9A and at[2] == 0x80)
        or (at[0] == 0xE2 and at[1] == 0x80 and (0x80 <= at[2] <= 0x8A or at[2] == 0xA8 or at[2] == 0xA9 or at[2] == 0xAF))
        or (at[0] == 0xE2 and at[1] == 0x81 and at[2] == 0x9F)
        or (at[0] == 0xE3 and at[1] == 0x80 and at[2] == 0x80)
    ):
        size = 3
    return Text(at + size, text.size - size) if size else Text(at, 0)


cdef bint mentions_trace(Text text) noexcept nogil:
    """Tell whether `trace` stands in a text, in any case: every form that an id takes has it (Horspool's search)."""
    cdef size_t last = 4
    cdef int back
    while last < text.size:
        back = 0
        while back < 5 and (text.at[last - back] | 0x20) == _TRACE[4 - back]:
            back += 1
        if back == 5:
            return True
        last += _skips[text.at[last]]
    return False


cdef bint may_name_trace(Text json) noexcept nogil:
    """Tell whether a JSON object may have a member that names a trace: all but `@tr` mention it, unless spelt in escapes."""
    return (
        memchr(json.at, c'\\', json.size) is not NULL or memchr(json.at, c'@', json.size) is not NULL or mentions_trace(json)
    )


cdef Text _text(str text):
    encoded = text.encode()
    _texts.append(encoded)
    if len(encoded) > LONGEST:
        raise ValueError(text)
    return Text(<Cursor>PyBytes_AS_STRING(encoded), PyBytes_GET_SIZE(encoded))


cdef _fill():
    global _first_trace, _first_span, _first_request, _end
    cdef Text text
    cdef uint32_t slot
    names = ["traceparent", *TRACE_MEMBERS, *SPAN_MEMBERS, *REQUEST_MEMBERS]
    _first_trace = 1
    _first_span = _first_trace + len(TRACE_MEMBERS)
    _first_request = _first_span + len(SPAN_MEMBERS)
    _end = len(names)
    if _end > MOST_NAMES:
        raise ValueError(_end)
    halves = [name.partition(".")[0] for name in names if "." in name]
    for number, name in enumerate([*names, *halves]):
        text = _text(name)
        slot = slot_of(text)
        if _slots[slot].at is not NULL:
            continue  # two names begin with the same half
        _slots[slot] = text
        _numbers[slot] = number if number < _end else HALF
        if number < _end:
            _names[<size_t>number].text = text
            _names[<size_t>number].form = (
                DATADOG if name.startswith("dd.") else GOOGLE if name == "logging.googleapis.com/trace" else ANY
            )
    for byte in range(256):
        lower = bytes([byte | 0x20])
        _skips[<uint8_t>byte] = 4 - b"trac".index(lower) if lower in b"trac" else 5


_fill()
