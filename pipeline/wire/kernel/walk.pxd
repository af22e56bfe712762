"""Reading wire bytes, as `reference/walk.py` does (otlp contract §11), without the GIL and without an object.

    cdef Cursor at = start, visited
    while at < end:
        at = next_field(at, end, &visit, &fault)
        if at is NULL:
            return -1                         # `fault` says what and where; the top raises `malformed(&fault, start)`
        field = expected(LogRecord, &visit, &fault)
        ...

Nothing is read at or behind `end`. Whole numbers are put together byte by byte: what a payload holds is never aligned.
"""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pipeline.wire.kernel.tables cimport MESSAGES, NUMBERS, OtlpField

ctypedef const uint8_t* Cursor

cdef enum:
    VARINT = 0
    FIXED64 = 1
    DELIMITED = 2
    FIXED32 = 5

cdef enum:
    MAX_NUMBER = 536870911  # of protobuf
    MAX_DEPTH = 100  # of arrays and maps in one value; one more level is malformed

cdef enum Reason:
    FINE
    NO_MEMORY
    BAD_NUMBER
    BAD_WIRE_TYPE
    WRONG_WIRE_TYPE
    LONG_VARINT
    CUT_VARINT
    CUT_FIELD
    TOO_DEEP
    BAD_PACKED

cdef struct Fault:
    # What stopped a walk; filled without the GIL, raised once at the top.
    Reason reason
    Cursor at
    uint32_t message
    uint32_t number
    uint32_t wire

cdef struct Visit:
    # One field: its tag at `at`, its value from `value` to `stop` (without the length where it is delimited).
    Cursor at
    Cursor value
    Cursor stop
    uint32_t number
    uint32_t wire

cdef object malformed(const Fault* fault, Cursor start)
cdef int root(str signal) except -1
cdef bint sound(Cursor at, Cursor stop, uint32_t message, int depth, Fault* fault) noexcept nogil


cdef inline Cursor refused(Fault* fault, Reason reason, Cursor at) noexcept nogil:
    """Note a fault; return NULL, as readers do that found one."""
    fault.reason = reason
    fault.at = at
    return NULL


cdef inline Cursor long_varint(Cursor at, Cursor end, uint64_t* value, Fault* fault) noexcept nogil:
    cdef uint64_t read = 0
    cdef unsigned int shift = 0
    cdef Cursor here = at
    while here < end and shift < 70:
        read |= <uint64_t>(here[0] & 0x7F) << shift
        if here[0] < 0x80:
            value[0] = read
            return here + 1
        here += 1
        shift += 7
    return refused(fault, LONG_VARINT if shift == 70 else CUT_VARINT, at)


cdef inline Cursor varint(Cursor at, Cursor end, uint64_t* value, Fault* fault) noexcept nogil:
    """Read a varint as an unsigned 64-bit integer and return where it ends; NULL and a fault where there is none."""
    if at < end and at[0] < 0x80:
        value[0] = at[0]
        return at + 1
    return long_varint(at, end, value, fault)


cdef inline Cursor next_field(Cursor at, Cursor end, Visit* visit, Fault* fault) noexcept nogil:
    """Read the field at `at`, which lies before the `end` of its message; return where it ends, NULL where it is malformed."""
    cdef uint64_t key, length
    cdef Cursor value = varint(at, end, &key, fault)
    if value is NULL:
        return NULL
    if not 0 < key >> 3 <= MAX_NUMBER:
        return refused(fault, BAD_NUMBER, at)
    visit.at = at
    visit.number = <uint32_t>(key >> 3)
    visit.wire = key & 7
    if visit.wire == DELIMITED:
        value = varint(value, end, &length, fault)
        if value is NULL:
            return NULL
    elif visit.wire == VARINT:
        visit.value = value
        visit.stop = varint(value, end, &length, fault)
        return visit.stop
    elif visit.wire == FIXED64:
        length = 8
    elif visit.wire == FIXED32:
        length = 4
    else:
        fault.wire = visit.wire
        return refused(fault, BAD_WIRE_TYPE, at)
    if length > <uint64_t>(end - value):
        return refused(fault, CUT_FIELD, at)
    visit.value = value
    visit.stop = value + length
    return visit.stop


cdef inline Cursor following(Cursor at, Cursor end, Visit* visit) noexcept nogil:
    """Read a field of a message that has been checked, so that there is one."""
    cdef Fault fault
    at = next_field(at, end, visit, &fault)
    if at is NULL:
        visit[0] = Visit(end, end, end, 0, 0)
        return end
    return at


cdef inline const OtlpField* known(uint32_t message, const Visit* visit) noexcept nogil:
    """Return the table entry of a field, one without `wires` for an unknown number."""
    return &MESSAGES[message].fields[visit.number if visit.number < NUMBERS else 0]


cdef inline const OtlpField* expected(uint32_t message, const Visit* visit, Fault* fault) noexcept nogil:
    """As `known`; NULL and a fault for a known field with a wire type it can't have."""
    cdef const OtlpField* field = known(message, visit)
    if field.wires == 0 or field.wires >> visit.wire & 1:
        return field
    fault.message = message
    fault.number = visit.number
    fault.wire = visit.wire
    refused(fault, WRONG_WIRE_TYPE, visit.at)
    return NULL


cdef inline bint packed_is_whole(uint8_t wires, Cursor value, Cursor stop, Fault* fault) noexcept nogil:
    """Check the values of a repeated scalar that stand in one delimited field. `wires` are those of its table entry."""
    cdef uint64_t ignored
    cdef int size
    if wires >> VARINT & 1:
        while value < stop:
            value = varint(value, stop, &ignored, fault)
            if value is NULL:
                return False
        return True
    size = 8 if wires >> FIXED64 & 1 else 4
    if (stop - value) % size:
        refused(fault, BAD_PACKED, value)
        return False
    return True


cdef inline Cursor scalar_end(uint8_t wires, Cursor at, Cursor stop) noexcept nogil:
    """Return where the value at `at` ends, of those that `packed_is_whole` found whole."""
    cdef uint64_t ignored
    cdef Fault fault
    if wires >> VARINT & 1:
        return varint(at, stop, &ignored, &fault)
    return at + (8 if wires >> FIXED64 & 1 else 4)


cdef inline bint packable(const OtlpField* field) noexcept nogil:
    """Tell whether the values of a field may stand one after the other in one delimited field."""
    return field.repeated and field.wires != 1 << DELIMITED


cdef inline uint64_t fixed64(Cursor at) noexcept nogil:
    """Return the eight bytes at `at` as an integer; compilers make one load of it."""
    cdef uint64_t value = 0
    cdef int byte
    for byte in range(8):
        value |= <uint64_t>at[byte] << 8 * byte
    return value


cdef inline uint32_t fixed32(Cursor at) noexcept nogil:
    """Return the four bytes at `at` as an integer."""
    return at[0] | <uint32_t>at[1] << 8 | <uint32_t>at[2] << 16 | <uint32_t>at[3] << 24


cdef inline int varint_bytes(uint64_t value) noexcept nogil:
    """Return how many bytes the shortest varint of a value takes."""
    cdef int size = 1
    while value >= 0x80:
        value >>= 7
        size += 1
    return size


cdef inline uint8_t* put_varint(uint8_t* to, uint64_t value) noexcept nogil:
    """Write the shortest varint of a value; return where it ends."""
    while value >= 0x80:
        to[0] = <uint8_t>(value & 0x7F | 0x80)
        value >>= 7
        to += 1
    to[0] = <uint8_t>value
    return to + 1


cdef inline bint any_bit(Cursor at, size_t size) noexcept nogil:
    """Tell whether a byte is not zero: an id of zeros is none."""
    cdef size_t byte
    for byte in range(size):
        if at[byte]:
            return True
    return False
