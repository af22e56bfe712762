"""`reference/from_json.py`, compiled: one pass over the text that writes fields as they come, and sorts them where it must.

What is not plain goes to the reference: everything that it may refuse, escaped keys, lone surrogates, integers with a fraction
or an exponent. So nothing here says why a text is malformed.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport INFINITY, NAN, isinf
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcmp, memcpy

cimport cython

from pipeline.wire.kernel.buffer cimport (
    Buffer, close_message, double_bits, opened, put_bits, put_delimited, put_tag, reserved, single_wire
)
from pipeline.wire.kernel.json_fields cimport json_field, number_of
from pipeline.wire.kernel.json_read cimport integer_end, nibble, number_end, put_utf8, text_until, unescaped
from pipeline.wire.kernel.tables cimport (
    KIND_bool,
    KIND_bytes,
    KIND_double,
    KIND_enum,
    KIND_fixed32,
    KIND_fixed64,
    KIND_int64,
    KIND_message,
    KIND_sfixed64,
    KIND_sint32,
    KIND_string,
    KIND_uint32,
    KIND_uint64,
    MESSAGES,
    NUMBERS,
    OtlpField,
)
from pipeline.wire.kernel.walk cimport MAX_DEPTH, Cursor, root

from pipeline.wire.kernel.unusual import Unusual
from pipeline.wire.reference.from_json import from_json as reference

cdef extern from "Python.h":
    double PyOS_string_to_double(const char* text, char** end, void* overflow) except? -1.0

cdef enum:
    MAX_UNKNOWN_DEPTH = 100  # of what stands under unknown keys
    LONGEST_NUMBER = 64

cdef struct Part:
    # Where a field of the message was written.
    size_t start
    size_t size


def from_json(bytes text not None, str signal not None):
    cdef uint32_t message = root(signal)
    try:
        return Reader().read(text, message)
    except (Unusual, ValueError):
        pass  # outside of this, so that a refusal carries no other one as its context
    return reference(text, signal)


@cython.final
cdef class Reader:
    cdef Cursor at
    cdef Cursor end
    cdef Buffer out
    cdef Buffer scratch

    def __dealloc__(self):
        free(self.out.data)
        free(self.scratch.data)

    cdef bytes read(self, bytes text, uint32_t message):
        text.decode()  # raises ValueError: from here on it is UTF-8
        self.at = <Cursor>PyBytes_AS_STRING(text)
        self.end = self.at + PyBytes_GET_SIZE(text)
        self.object(message, 0)
        if self.peek() != 0 or self.at != self.end:
            raise Unusual
        return PyBytes_FromStringAndSize(<const char*>self.out.data, self.out.size)

    cdef inline uint8_t peek(self) noexcept:
        """Skip white space and return the next byte, 0 at the end."""
        while self.at < self.end:
            if self.at[0] > 32:
                return self.at[0]
            if self.at[0] != 32 and self.at[0] != 10 and self.at[0] != 13 and self.at[0] != 9:
                return 0
            self.at += 1
        return 0

    cdef inline int expect(self, uint8_t byte) except -1:
        if self.peek() != byte:
            raise Unusual
        self.at += 1
        return 0

    cdef inline bint more(self, uint8_t closing, bint first) except -1:
        """Tell whether another member or element follows; go to it, or behind the closing bracket."""
        cdef uint8_t next = self.peek()
        if next == closing:
            self.at += 1
            return False
        if not first:
            if next != b",":
                raise Unusual
            self.at += 1
        return True

    cdef int literal(self, const char* word, size_t size) except -1:
        if <size_t>(self.end - self.at) < size or memcmp(self.at, word, size) != 0:
            raise Unusual
        self.at += size
        return 0

    cdef Cursor plain(self, size_t* size) except NULL:
        """Read a string without escapes; return its text."""
        cdef Cursor start
        self.expect(b'"')
        start = self.at
        self.at = text_until(start, self.end)
        if self.at == self.end or self.at[0] != b'"':
            raise Unusual
        size[0] = self.at - start
        self.at += 1
        return start

    cdef Cursor string(self, size_t* size) except NULL:
        """Read a string; return its text, which may be in the scratch buffer."""
        cdef Cursor start
        cdef Cursor stop
        self.expect(b'"')
        start = self.at
        self.at = stop = text_until(start, self.end)
        if self.at < self.end and self.at[0] == b'"':
            size[0] = stop - start
            self.at += 1
            return start
        self.scratch.size = 0
        while True:
            memcpy(reserved(&self.scratch, stop - start + 4), start, stop - start)
            self.scratch.size += stop - start
            if self.at == self.end:
                raise Unusual
            self.at += 1
            if stop[0] == b'"':
                break
            if stop[0] != b"\\":
                raise Unusual
            self.escape()
            start = self.at
            self.at = stop = text_until(start, self.end)
        size[0] = self.scratch.size
        return self.scratch.data

    cdef int escape(self) except -1:
        """Add what stands behind a backslash to the scratch buffer, which has room for it."""
        cdef uint8_t letter = self.at[0]  # the byte behind the last of the text is a zero
        cdef uint8_t* to = self.scratch.data + self.scratch.size
        cdef uint32_t point, low
        self.at += 1
        if letter != b"u":
            to[0] = unescaped(letter)
            if not to[0]:
                raise Unusual
            self.scratch.size += 1
            return 0
        point = self.four_digits()
        if 0xD800 <= point < 0xE000:
            if point >= 0xDC00 or self.at[0] != b"\\" or self.at[1] != b"u":
                raise Unusual  # a lone surrogate
            self.at += 2
            low = self.four_digits()
            if not 0xDC00 <= low < 0xE000:
                raise Unusual
            point = 0x10000 + ((point - 0xD800) << 10 | (low - 0xDC00))
        self.scratch.size += put_utf8(to, point)
        return 0

    cdef uint32_t four_digits(self) except? 0xFFFFFFFF:
        cdef uint32_t value = 0
        cdef int index, digit
        if self.end - self.at < 4:
            raise Unusual
        for index in range(4):
            digit = nibble(self.at[index])
            if digit < 0:
                raise Unusual
            value = value << 4 | digit
        self.at += 4
        return value

    cdef int object(self, uint32_t message, int depth) except -1:
        """Read an object and write the message that it stands for."""
        cdef Part parts[NUMBERS]
        cdef size_t begin = self.out.size, size
        cdef int number, last = 0, rivals = 0
        cdef uint32_t present = 0
        cdef Cursor key
        cdef bint first = True, sorted = True
        if MESSAGES[message].nests:
            depth += 1
            if depth > MAX_DEPTH:
                raise Unusual
        self.expect(b"{")
        while self.more(b"}", first):
            first = False
            key = self.plain(&size)
            self.expect(b":")
            number = number_of(message, <const char*>key, size)
            if number == 0 or MESSAGES[message].fields[number].absent:
                self.skip(0)
                continue
            sorted &= number > last  # a key that comes again is out of order, too: what it said before goes
            last = number
            parts[number].start = self.out.size
            if self.peek() == b"n":
                self.literal(b"null", 4)
                present &= ~(<uint32_t>1 << number)
                continue
            self.field(message, number, depth)
            parts[number].size = self.out.size - parts[number].start
            present |= <uint32_t>1 << number
        for number in range(1, NUMBERS):
            rivals += present >> number & 1 and MESSAGES[message].fields[number].rival
        if rivals > 1:
            raise Unusual
        if not sorted:
            self.sort(parts, present, begin)
        return 0

    cdef int sort(self, Part* parts, uint32_t present, size_t begin) except -1:
        """Put the fields of the message that begins at `begin` in the order of their numbers; leave out those not present."""
        cdef int number
        self.scratch.size = 0
        for number in range(1, NUMBERS):
            if present >> number & 1:
                memcpy(reserved(&self.scratch, parts[number].size + 1), self.out.data + parts[number].start, parts[number].size)
                self.scratch.size += parts[number].size
        if self.scratch.size:
            memcpy(self.out.data + begin, self.scratch.data, self.scratch.size)
        self.out.size = begin + self.scratch.size
        return 0

    cdef int field(self, uint32_t message, uint32_t number, int depth) except -1:
        """Read the value of a known key and write its field."""
        cdef const OtlpField* field = &MESSAGES[message].fields[number]
        cdef size_t content
        cdef bint first = True
        if not field.repeated:
            if field.kind == KIND_message:
                content = opened(&self.out, number)
                self.object(field.message, depth)
                return close_message(&self.out, content)
            return self.scalar(field, number, json_field(message, number).presence)
        self.expect(b"[")
        if field.kind == KIND_message:
            while self.more(b"]", first):
                first = False
                content = opened(&self.out, number)
                self.object(field.message, depth)
                close_message(&self.out, content)
        elif field.kind == KIND_string:
            while self.more(b"]", first):
                first = False
                self.scalar(field, number, True)
        elif self.more(b"]", first):
            content = opened(&self.out, number)
            put_bits(&self.out, field, self.bits(field))
            while self.more(b"]", False):
                put_bits(&self.out, field, self.bits(field))
            close_message(&self.out, content)
        return 0

    cdef int scalar(self, const OtlpField* field, uint32_t number, bint presence) except -1:
        cdef Cursor text
        cdef size_t size
        cdef uint64_t bits
        if field.kind == KIND_string:
            text = self.string(&size)
            return put_delimited(&self.out, number, text, size) if size or presence else 0
        if field.kind == KIND_bytes:
            text = self.plain(&size)
            if field.id_bytes:
                if size and size != 2 * field.id_bytes:
                    raise Unusual
                return self.put_hexadecimal(number, text, size) if size else 0
            return self.put_base64(number, text, size)
        bits = self.bits(field)
        if bits or presence:
            put_tag(&self.out, number, single_wire(field))
            put_bits(&self.out, field, bits)
        return 0

    cdef int put_hexadecimal(self, uint32_t number, Cursor text, size_t digits) except -1:
        cdef uint8_t id[16]
        cdef size_t byte
        cdef int high, low
        for byte in range(digits // 2):
            high, low = nibble(text[2 * byte]), nibble(text[2 * byte + 1])
            if high < 0 or low < 0:
                raise Unusual
            id[byte] = <uint8_t>(high << 4 | low)
        return put_delimited(&self.out, number, id, digits // 2)

    cdef int put_base64(self, uint32_t number, Cursor text, size_t size) except -1:
        """Write bytes from base64 in either alphabet, with or without padding."""
        cdef size_t bare = size, index
        cdef uint32_t bits = 0
        cdef int digit
        while bare and text[bare - 1] == b"=":
            bare -= 1
        if bare % 4 == 1 or (size != bare and (size % 4 or size - bare > 2)):
            raise Unusual
        self.scratch.size = 0
        reserved(&self.scratch, bare + 1)
        for index in range(bare):
            digit = sextet(text[index])
            if digit < 0:
                raise Unusual
            bits = bits << 6 | digit
            if index % 4:
                self.scratch.data[self.scratch.size] = <uint8_t>(bits >> (6 - 2 * (index % 4)))
                self.scratch.size += 1
        return put_delimited(&self.out, number, self.scratch.data, self.scratch.size)

    cdef uint64_t bits(self, const OtlpField* field) except? 7:  # 7: a rare value, so that few calls ask for an error
        """Read a number or a truth value, as it stands on the wire."""
        cdef uint8_t kind = field.kind
        cdef Cursor text
        cdef size_t size
        cdef bint quoted
        if kind == KIND_bool:
            if self.peek() == b"t":
                self.literal(b"true", 4)
                return 1
            self.literal(b"false", 5)
            return 0
        quoted = self.peek() == b'"'
        if quoted:
            text = self.plain(&size)
            if kind == KIND_enum or size == 0:
                raise Unusual
            if kind != KIND_double and not plain_integer(text, text + size):
                raise Unusual
            if kind == KIND_double and number_end(text, text + size) != text + size:
                return special(text, size)
        else:
            text = self.at
            self.at = number_end(text, self.end)
            size = self.at - text
        return double_of(text, size) if kind == KIND_double else integer_of(kind, text, size)

    cdef int skip(self, int depth) except -1:
        """Pass over the value of an unknown key, which must be JSON all the same."""
        cdef size_t size
        cdef Cursor stop
        cdef bint first = True
        cdef uint8_t next = self.peek()
        if depth > MAX_UNKNOWN_DEPTH:
            raise Unusual
        if next == b'"':
            self.string(&size)
        elif next == b"{":
            self.at += 1
            while self.more(b"}", first):
                first = False
                if self.peek() != b'"':
                    raise Unusual
                self.string(&size)
                self.expect(b":")
                self.skip(depth + 1)
        elif next == b"[":
            self.at += 1
            while self.more(b"]", first):
                first = False
                self.skip(depth + 1)
        elif next == b"t":
            self.literal(b"true", 4)
        elif next == b"f":
            self.literal(b"false", 5)
        elif next == b"n":
            self.literal(b"null", 4)
        else:
            stop = number_end(self.at, self.end)
            if stop == self.at:
                raise Unusual
            self.at = stop
        return 0


cdef inline int sextet(uint8_t digit) noexcept:
    if 65 <= digit <= 90:
        return digit - 65
    if 97 <= digit <= 122:
        return digit - 71
    if 48 <= digit <= 57:
        return digit + 4
    if digit == b"+" or digit == b"-":
        return 62
    return 63 if digit == b"/" or digit == b"_" else -1


cdef inline bint plain_integer(Cursor at, Cursor end) noexcept:
    return at < end and integer_end(at, end) == end


cdef uint64_t special(Cursor text, size_t size) except? 7:
    if size == 3 and memcmp(text, b"NaN", 3) == 0:
        return double_bits(NAN)
    if size == 8 and memcmp(text, b"Infinity", 8) == 0:
        return double_bits(INFINITY)
    if size == 9 and memcmp(text, b"-Infinity", 9) == 0:
        return double_bits(-INFINITY)
    raise Unusual


cdef uint64_t double_of(Cursor text, size_t size) except? 7:
    cdef char number[LONGEST_NUMBER]
    cdef double value
    if not 0 < size < LONGEST_NUMBER:
        raise Unusual
    memcpy(number, text, size)
    number[size] = 0
    value = PyOS_string_to_double(number, NULL, NULL)
    if isinf(value):
        raise Unusual
    return double_bits(value)


cdef uint64_t integer_of(uint8_t kind, Cursor text, size_t size) except? 7:
    """Return a plain integer as its field holds it on the wire."""
    cdef Cursor end = text + size
    cdef uint64_t value = 0, digit
    cdef uint64_t most
    cdef bint negative
    if not plain_integer(text, end):
        raise Unusual
    negative = text[0] == b"-"
    if negative:
        text += 1
    while text < end:
        digit = text[0] - 48
        if value > (<uint64_t>0xFFFFFFFFFFFFFFFF - digit) // 10:
            raise Unusual
        value = value * 10 + digit
        text += 1
    if kind == KIND_fixed64 or kind == KIND_uint64:
        most = 0 if negative else <uint64_t>0xFFFFFFFFFFFFFFFF
    elif kind == KIND_fixed32 or kind == KIND_uint32:
        most = 0 if negative else <uint64_t>0xFFFFFFFF
    elif kind == KIND_int64 or kind == KIND_sfixed64:
        most = <uint64_t>0x7FFFFFFFFFFFFFFF + negative
    else:
        most = <uint64_t>0x7FFFFFFF + negative
    if value > most:
        raise Unusual
    if kind == KIND_sint32:
        return 2 * value - 1 if negative and value else 2 * value
    return 0 - value if negative else value
