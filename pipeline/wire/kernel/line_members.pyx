"""Reading the members of a line. `Unusual` is raised for all that is not plain: the line is then read by someone else."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdlib cimport free
from libc.string cimport memcmp, memcpy, memset

from pipeline.wire.kernel.buffer cimport (
    close_message, double_bits, opened, put_delimited, put_fixed, put_tag, put_varint_bits, reserved,
)
from pipeline.wire.kernel.json_read cimport digits_end, nibble, number_end, put_utf8, text_until, unescaped
from pipeline.wire.kernel.tables cimport (
    AnyValue_array_value, AnyValue_bool_value, AnyValue_double_value, AnyValue_int_value, AnyValue_kvlist_value,
    AnyValue_string_value, ArrayValue_values, KeyValue_key, KeyValue_value, KeyValueList_values,
)
from pipeline.wire.kernel.walk cimport FIXED64, VARINT

from pipeline.wire.kernel.unusual import Unusual

cdef extern from "Python.h":
    double PyOS_string_to_double(const char* text, char** end, void* overflow) except? -1.0

cdef enum:
    MOST_NESTED = 24  # members of an object in a line
    MAX_LEVELS = 60  # below the limit that there is: who reads the others knows it
    LONGEST_NUMBER = 40
    LONGEST_INTEGER = 18  # digits that fit in 64 bits

cdef double POWERS[23]
for _power in range(23):
    POWERS[_power] = 10.0 ** _power


cdef class KnownNames:
    """The names of members that mean something, by their bytes in lower case."""

    def __init__(self, names):
        cdef int index
        cdef uint32_t slot
        cdef bytes name
        if len(names) > MOST_KNOWN:
            raise ValueError("too many names")
        self.names = names
        self.alive = [text.encode() for text in names]
        self.count = len(names)
        memset(self.slots, 0xFF, sizeof(self.slots))
        for index in range(self.count):
            name = self.alive[index]
            self.exact[index] = <Cursor>PyBytes_AS_STRING(name)
            self.sizes[index] = PyBytes_GET_SIZE(name)
            if not hashed(self.exact[index], self.sizes[index], &self.hashes[index]):
                raise ValueError("a name that is not ASCII")
            slot = self.hashes[index] & (4 * MOST_KNOWN - 1)
            while self.slots[slot] >= 0:
                slot = (slot + 1) & (4 * MOST_KNOWN - 1)
            self.slots[slot] = index

    cdef int find(self, Cursor key, size_t size, uint32_t hash) noexcept:
        """Return the index of a name, NONE for an unknown one, or -2 for a known one in other letters."""
        cdef uint32_t slot = hash & (4 * MOST_KNOWN - 1)
        cdef int index, found = NONE
        while self.slots[slot] >= 0:
            index = self.slots[slot]
            if self.hashes[index] == hash and self.sizes[index] == size:
                if memcmp(self.exact[index], key, size) == 0:
                    return index
                if folded_alike(self.exact[index], key, size):
                    found = NONE - 1
            slot = (slot + 1) & (4 * MOST_KNOWN - 1)
        return found


cdef class LineReader:
    """Reads an object and remembers its members."""

    def __dealloc__(self):
        free(self.scratch.data)

    cdef int read(self, Cursor at, Cursor end) except -1:
        """Read the object at `at`; `self.at` is then behind it."""
        cdef uint8_t next
        self.at, self.end = at + 1, end
        self.found = 0
        self.scratch.size = 0
        memset(self.slots, 0xFF, sizeof(self.slots))
        if self.peek() == b"}":
            self.at += 1
            return 0
        while True:
            self.member()
            next = self.peek()
            self.at += 1
            if next == b"}":
                return 0
            if next != b",":
                raise Unusual
            self.peek()

    cdef int member(self) except -1:
        cdef Member* member = &self.members[self.found]
        cdef Member* other
        cdef uint32_t slot
        if self.found == MOST_MEMBERS:
            raise Unusual
        member.key = self.key(&member.key_size)
        if not hashed(member.key, member.key_size, &member.hash):
            raise Unusual  # not ASCII: in lower case it might be
        slot = member.hash & (2 * MOST_MEMBERS - 1)
        while self.slots[slot] >= 0:
            other = &self.members[self.slots[slot]]
            if other.key_size == member.key_size and memcmp(other.key, member.key, member.key_size) == 0:
                raise Unusual  # given twice
            slot = (slot + 1) & (2 * MOST_MEMBERS - 1)
        self.slots[slot] = self.found
        member.known = self.names.find(member.key, member.key_size, member.hash)
        if member.known < NONE:
            raise Unusual
        self.found += 1
        return self.value(member, 1)

    cdef Cursor key(self, size_t* size) except NULL:
        """Read the name of a member, and the colon behind it."""
        cdef Cursor start
        if self.at >= self.end or self.at[0] != b'"':
            raise Unusual
        start = self.at + 1
        self.at = text_until(start, self.end)
        if self.at >= self.end or self.at[0] != b'"':
            raise Unusual  # also one with escapes
        size[0] = self.at - start
        self.at += 1
        if self.peek() != b":":
            raise Unusual
        self.at += 1
        return start

    cdef int value(self, Member* member, int depth) except -1:
        cdef uint8_t next = self.peek()
        member.at = NULL
        member.offset = self.scratch.size
        if next == b'"':
            return self.text(member)
        if next == b"{" or next == b"[":
            member.kind = MAP if next == b"{" else LIST
            if next == b"{":
                self.put_pairs(depth + 1)
            else:
                self.put_elements(depth + 1)
            member.size = self.scratch.size - member.offset
            return 0
        if next == b"t" or next == b"f":
            member.kind = BOOLEAN
            member.bits = next == b"t"
            return self.literal("true", 4) if next == b"t" else self.literal("false", 5)
        if next == b"n":
            member.kind = NULL_VALUE
            return self.literal("null", 4)
        return self.number(member)

    cdef int text(self, Member* member) except -1:
        cdef Cursor start = self.at + 1
        self.at = text_until(start, self.end)
        if self.at >= self.end:
            raise Unusual
        if self.at[0] == b'"':
            member.at = start
            member.size = self.at - start
        else:
            self.unescape(start)
            member.size = self.scratch.size - member.offset
        self.at += 1
        if member.size == 0:
            member.kind = EMPTY
            return 0
        member.kind = TEXT
        start = self.bytes_of(member)
        if member.known >= 0 and digits_end(start, start + member.size) == start + member.size:
            member.kind = DIGITS
            if member.size > LONGEST_INTEGER:
                raise Unusual
        return 0

    cdef int unescape(self, Cursor start) except -1:
        """Add a text to the scratch buffer, escapes resolved; `self.at` is at the first of them, and then at the quote."""
        cdef uint8_t letter
        cdef uint8_t* to
        cdef uint32_t point, low
        while True:
            to = reserved(&self.scratch, self.at - start + 4)
            memcpy(to, start, self.at - start)
            self.scratch.size += self.at - start
            if self.at >= self.end:
                raise Unusual
            if self.at[0] == b'"':
                return 0
            if self.at[0] != b"\\" or self.end - self.at < 2:
                raise Unusual
            to = self.scratch.data + self.scratch.size
            letter = self.at[1]
            self.at += 2
            if letter != b"u":
                to[0] = unescaped(letter)
                if not to[0]:
                    raise Unusual
                self.scratch.size += 1
            else:
                point = self.four_digits()
                if 0xD800 <= point < 0xE000:
                    if point >= 0xDC00 or self.end - self.at < 6 or self.at[0] != b"\\" or self.at[1] != b"u":
                        raise Unusual  # a lone surrogate
                    self.at += 2
                    low = self.four_digits()
                    if not 0xDC00 <= low < 0xE000:
                        raise Unusual
                    point = 0x10000 + ((point - 0xD800) << 10 | (low - 0xDC00))
                self.scratch.size += put_utf8(to, point)
            start = self.at
            self.at = text_until(start, self.end)

    cdef uint32_t four_digits(self) except? 0xFFFFFFFF:
        cdef uint32_t value = 0
        cdef int index, digit
        if self.end - self.at < 4:
            raise Unusual
        for index in range(4):
            digit = nibble(self.at[index])
            if digit < 0:
                raise Unusual
            value = value << 4 | <uint32_t>digit
        self.at += 4
        return value

    cdef int number(self, Member* member) except -1:
        """Read a number that an integer of 64 bits or a double holds without doubt."""
        cdef Cursor start = self.at, stop = number_end(self.at, self.end), at = start
        cdef bint negative = start < stop and start[0] == b"-"
        cdef uint64_t digits = 0
        cdef int count = 0, fraction = 0
        cdef bint point = False, plain = True
        cdef double real
        if stop == start or stop - start > LONGEST_NUMBER:
            raise Unusual
        self.at = stop
        member.at = start
        member.size = stop - start
        if negative:
            at += 1
        while at < stop:
            if at[0] == b".":
                point = True
            elif 48 <= at[0] <= 57:
                if count < LONGEST_INTEGER:
                    digits = digits * 10 + (at[0] - 48)
                count += count > 0 or at[0] != 48  # zeros in front are no digits that count
                fraction += point
            else:
                plain = False
                break
            at += 1
        if plain and not point:
            if count > LONGEST_INTEGER or (negative and digits == 0):
                raise Unusual
            member.kind = INTEGER
            member.bits = 0 - digits if negative else digits
            return 0
        member.kind = REAL
        if plain and count <= LONGEST_INTEGER and digits <= <uint64_t>1 << 53 and fraction <= 22:
            real = <double>digits / POWERS[fraction]  # both are exact, so that this is the double next to the number
            real = -real if negative else real
        else:
            real = slow_double(start, stop - start)
        # Beyond may be an integer, whose digits are kept as text (`json_text`).
        if not -9223372036854775808.0 < real < 9223372036854775808.0:
            raise Unusual
        member.bits = double_bits(real)
        return 0

    cdef int literal(self, const char* word, size_t size) except -1:
        if <size_t>(self.end - self.at) < size or memcmp(self.at, word, size) != 0:
            raise Unusual
        self.at += size
        return 0

    # ---- values inside of values: written at once, into the scratch buffer ----

    cdef int put_value(self, int depth) except -1:
        """Write what an `AnyValue` holds."""
        cdef uint8_t next = self.peek()
        cdef Cursor start
        cdef Member number
        cdef size_t content
        if next == b'"':
            start = self.at + 1
            self.at = text_until(start, self.end)
            if self.at >= self.end:
                raise Unusual
            if self.at[0] == b'"':
                put_delimited(&self.scratch, AnyValue_string_value, start, self.at - start)
            else:
                content = opened(&self.scratch, AnyValue_string_value)
                self.unescape(start)
                close_message(&self.scratch, content)
            self.at += 1
            return 0
        if next == b"{" or next == b"[":
            content = opened(&self.scratch, AnyValue_kvlist_value if next == b"{" else AnyValue_array_value)
            if next == b"{":
                self.put_pairs(depth + 1)
            else:
                self.put_elements(depth + 1)
            return close_message(&self.scratch, content)
        if next == b"t" or next == b"f":
            put_tag(&self.scratch, AnyValue_bool_value, VARINT)
            put_varint_bits(&self.scratch, next == b"t")
            return self.literal("true", 4) if next == b"t" else self.literal("false", 5)
        self.number(&number)
        if number.kind == INTEGER:
            put_tag(&self.scratch, AnyValue_int_value, VARINT)
            return put_varint_bits(&self.scratch, number.bits)
        put_tag(&self.scratch, AnyValue_double_value, FIXED64)
        return put_fixed(&self.scratch, number.bits, 8)

    cdef int put_pairs(self, int depth) except -1:
        """Write the members of an object as the pairs of a map; nulls are none."""
        cdef Cursor keys[MOST_NESTED]
        cdef size_t sizes[MOST_NESTED]
        cdef int count = 0, other
        cdef size_t pair, value
        cdef uint8_t next
        if depth > MAX_LEVELS:
            raise Unusual
        self.at += 1
        if self.peek() == b"}":
            self.at += 1
            return 0
        while True:
            if count == MOST_NESTED:
                raise Unusual
            self.peek()
            keys[count] = self.key(&sizes[count])
            for other in range(count):
                if sizes[other] == sizes[count] and memcmp(keys[other], keys[count], sizes[count]) == 0:
                    raise Unusual
            if self.peek() == b"n":
                self.literal("null", 4)
            else:
                pair = opened(&self.scratch, KeyValueList_values)
                if sizes[count]:
                    put_delimited(&self.scratch, KeyValue_key, keys[count], sizes[count])
                value = opened(&self.scratch, KeyValue_value)
                self.put_value(depth)
                close_message(&self.scratch, value)
                close_message(&self.scratch, pair)
            count += 1
            next = self.peek()
            self.at += 1
            if next == b"}":
                return 0
            if next != b",":
                raise Unusual

    cdef int put_elements(self, int depth) except -1:
        """Write the elements of an array as those of a list."""
        cdef size_t value
        cdef uint8_t next
        if depth > MAX_LEVELS:
            raise Unusual
        self.at += 1
        if self.peek() == b"]":
            self.at += 1
            return 0
        while True:
            value = opened(&self.scratch, ArrayValue_values)
            if self.peek() == b"n":
                self.literal("null", 4)
            else:
                self.put_value(depth)
            close_message(&self.scratch, value)
            next = self.peek()
            self.at += 1
            if next == b"]":
                return 0
            if next != b",":
                raise Unusual


cdef bint hashed(Cursor key, size_t size, uint32_t* hash) noexcept:
    """Hash a name in lower case; false where it is not ASCII."""
    cdef uint32_t value = <uint32_t>size * 0x9E3779B1U  # 2^32 by the golden ratio: Knuth's multiplicative hash
    cdef uint8_t byte, every = 0
    cdef size_t index
    for index in range(size):
        byte = key[index]
        every |= byte
        value = (value ^ (byte | 0x20)) * 0x01000193U  # FNV's prime; more than letters are alike so, which costs a comparison
    hash[0] = value ^ value >> 15
    return every < 0x80


cdef bint folded_alike(Cursor one, Cursor other, size_t size) noexcept:
    cdef size_t index
    for index in range(size):
        if lower(one[index]) != lower(other[index]):
            return False
    return True


cdef inline uint8_t lower(uint8_t letter) noexcept:
    return letter | 0x20 if 65 <= letter <= 90 else letter


cdef double slow_double(Cursor text, size_t size) except? -1.0:
    cdef char number[LONGEST_NUMBER + 1]
    memcpy(number, text, size)
    number[size] = 0
    return PyOS_string_to_double(number, NULL, NULL)
