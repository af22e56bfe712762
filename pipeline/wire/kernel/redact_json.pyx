"""`reference/redact_json.py`, compiled: the same tolerant reader. Nodes stand in the order of the text, what they hold behind them."""

from libc.stdint cimport uint8_t, uint32_t

from pipeline.wire.kernel.arena cimport grown
from pipeline.wire.kernel.json_read cimport put_utf8
from pipeline.wire.kernel.redact_search cimport BARE, DIGIT, HEX, is_a, lower, run, same

cdef enum:
    MAX_BYTES = 1 << 20

cdef enum Expected:
    VALUE
    COLON
    COMMA


cdef inline bint is_blank(uint8_t byte) noexcept nogil:
    return byte == c" " or byte == c"\n" or byte == c"\t" or byte == c"\r"


cdef bint looks_like_json(Cursor start, Cursor stop) noexcept nogil:
    while start < stop and is_blank(start[0]):
        start += 1
    if start == stop or (start[0] != c"{" and start[0] != c"["):
        return False
    while is_blank((stop - 1)[0]):
        stop -= 1
    return (stop - 1)[0] == start[0] + 2  # } and ] come two behind { and [


cdef inline Cursor string_end(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of the string whose quote stands here, NULL when it has none."""
    cdef uint8_t quote = at[0]
    at += 1
    while at < stop:
        if at[0] == quote:
            return at + 1
        at += 2 if at[0] == c"\\" else 1
    return NULL


cdef inline Node* new_node(Json* json) noexcept nogil:
    cdef Node* list
    if json.count == json.room:
        list = <Node*>grown(json.list, &json.room, sizeof(Node))
        if list is NULL:
            return NULL
        json.list = list
    json.count += 1
    return &json.list[json.count - 1]


cdef int read_json(Json* json, Cursor start, Cursor stop) noexcept nogil:
    """Read the objects and arrays that a text is made of: 1, or 0 when it is no JSON, -1 when there is no memory."""
    cdef size_t open_[MAX_DEPTH]
    cdef int depth = 0
    cdef Cursor at = start, name = NULL, name_stop = NULL, end
    cdef Expected expected = VALUE
    cdef Node* node
    cdef uint8_t byte
    json.count = 0
    if stop - start > MAX_BYTES:
        return 0
    while True:
        while at < stop and is_blank(at[0]):
            at += 1
        if at == stop:
            return depth == 0
        byte = at[0]
        if byte == c"}" or byte == c"]":
            if depth == 0 or name is not NULL:
                return 0
            depth -= 1
            node = &json.list[open_[depth]]
            if node.start[0] + 2 != byte:
                return 0
            at += 1
            node.stop = at
            node.next = json.count
            expected = COMMA if depth else VALUE
            continue
        if byte == c"," or byte == c":":
            if depth == 0 or expected != (COMMA if byte == c"," else COLON):
                return 0
            at += 1
            expected = VALUE
            continue
        if expected != VALUE:
            return 0
        if byte == c"{" or byte == c"[":
            end = at + 1
        elif byte == c'"' or byte == c"'":
            end = string_end(at, stop)
        else:
            end = run(at, stop, BARE)
        if end is NULL or end == at:
            return 0
        if depth and json.list[open_[depth - 1]].kind == OBJECT and name is NULL:
            if byte == c"{" or byte == c"[":
                return 0
            name, name_stop = at, end
            expected = COLON
        else:
            if depth == 0 and byte != c"{" and byte != c"[":
                return 0
            node = new_node(json)
            if node is NULL:
                return -1
            node[0] = Node(at, end, name, name_stop, BARE_WORD, json.count, 0, NULL, 0)
            name = NULL
            if byte == c"{" or byte == c"[":
                node.kind = OBJECT if byte == c"{" else LIST
                if depth == MAX_DEPTH:
                    return 0
                open_[depth] = json.count - 1
                depth += 1
            else:
                expected = COMMA
                if byte == c'"' or byte == c"'":
                    node.kind = STRING
        at = end


cdef bint is_scalar(Cursor start, Cursor stop) noexcept nogil:
    """Tell whether a bare word is a number or a truth value."""
    cdef Cursor at = start
    if stop - start <= 5 and (
        (stop - start == 4 and (same(at, stop, b"true", 4) or same(at, stop, b"True", 4)))
        or (stop - start == 5 and (same(at, stop, b"false", 5) or same(at, stop, b"False", 5)))
        or (stop - start == 3 and same(at, stop, b"NaN", 3))
    ):
        return True
    if at < stop and at[0] == c"-":
        at += 1
    start = at
    at = run(at, stop, DIGIT)
    if at == start:
        return False
    if at < stop and at[0] == c".":
        start = at + 1
        at = run(start, stop, DIGIT)
        if at == start:
            return False
    if at < stop and lower(at[0]) == c"e":
        at += 1
        if at < stop and (at[0] == c"+" or at[0] == c"-"):
            at += 1
        start = at
        at = run(at, stop, DIGIT)
        if at == start:
            return False
    return at == stop


cdef inline uint32_t hex4(Cursor at) noexcept nogil:
    cdef uint32_t value = 0
    cdef int index
    for index in range(4):
        value = value << 4 | (at[index] - c"0" if is_a(at[index], DIGIT) else lower(at[index]) - c"a" + 10)
    return value


cdef inline bint is_hex4(Cursor at, Cursor stop) noexcept nogil:
    return stop - at >= 4 and run(at, at + 4, HEX) == at + 4


cdef inline uint8_t said_by(uint8_t letter) noexcept nogil:
    """Return what a letter behind a backslash stands for."""
    if letter == c"n":
        return c"\n"
    if letter == c"r":
        return c"\r"
    if letter == c"t":
        return c"\t"
    if letter == c"b":
        return 8
    return 12 if letter == c"f" else letter


cdef Cursor unescaped(Cursor start, Cursor stop, uint8_t* to, uint32_t* places) noexcept nogil:
    """Write what the inside of a string says, which is never longer than how it is written; return where that ends.

    `places`, unless it is NULL, gets the offset at which each byte that is written stands, and at last that of the end.
    """
    cdef Cursor at = start, escape
    cdef uint32_t code, low
    cdef int size, index
    while at < stop:
        escape = at
        size = 1
        if at[0] != c"\\" or at + 1 == stop:
            to[0] = at[0]
            at += 1
        elif at[1] != c"u" or not is_hex4(at + 2, stop):
            to[0] = said_by(at[1])
            at += 2
        else:
            code = hex4(at + 2)
            at += 6
            if 0xD800 <= code < 0xDC00 and same(at, stop, b"\\u", 2) and is_hex4(at + 2, stop):
                low = hex4(at + 2)
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF)
                    at += 6
            size = put_utf8(to, code)
        to += size
        if places is not NULL:
            for index in range(size):
                places[index] = escape - start
            places += size
    if places is not NULL:
        places[0] = stop - start
    return to
