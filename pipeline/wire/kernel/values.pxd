"""Attribute values as C structs, and how they compare with the values that people configure: as Python compares them."""

from libc.math cimport fabs, trunc
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.string cimport memcmp, memcpy

from pipeline.wire.kernel.tables cimport (
    AnyValue_array_value, AnyValue_bool_value, AnyValue_bytes_value, AnyValue_double_value, AnyValue_int_value,
    AnyValue_kvlist_value, AnyValue_string_value, KeyValue_key, KeyValue_value,
)
from pipeline.wire.kernel.walk cimport Cursor, Fault, Visit, fixed64, next_field, varint

cdef enum Type:
    NOTHING  # nil: absent, or an empty AnyValue
    TEXT
    BOOLEAN
    INTEGER
    REAL
    MAP
    OTHER  # bytes or an array

cdef struct Text:
    Cursor at
    size_t size

cdef struct Value:
    Type type
    bint present  # of an attribute: whether there is one, be its value nothing
    bint negative  # with `magnitude` an integer of 65 bits: a duration is the difference of two times
    uint64_t magnitude
    double real
    Text text

cdef enum:
    UNORDERED = 2


cdef inline Value nothing() noexcept nogil:
    return Value(NOTHING, False, False, 0, 0, Text(NULL, 0))


cdef inline Value textual(Text text) noexcept nogil:
    return Value(TEXT, True, False, 0, 0, text)


cdef inline Value integer(uint64_t magnitude, bint negative) noexcept nogil:
    return Value(INTEGER, True, negative and magnitude != 0, magnitude, 0, Text(NULL, 0))


cdef inline Value signed(uint64_t bits) noexcept nogil:
    """Return the integer that 64 bits in two's complement stand for."""
    cdef bint negative = bits >> 63
    return integer(0 - bits if negative else bits, negative)


cdef inline void read_value(Cursor at, Cursor stop, Value* value) noexcept nogil:
    """Read an AnyValue, or one more piece of it, which was found sound. Of its oneof the last member wins."""
    cdef Visit visit
    cdef Fault fault
    cdef uint64_t bits = 0
    while at < stop:
        at = next_field(at, stop, &visit, &fault)
        if at is NULL:
            return
        if visit.number == AnyValue_string_value:
            value.type = TEXT
            value.text = Text(visit.value, visit.stop - visit.value)
        elif visit.number == AnyValue_bool_value:
            varint(visit.value, visit.stop, &bits, &fault)
            value.type = BOOLEAN
            value.negative = False
            value.magnitude = bits != 0
        elif visit.number == AnyValue_int_value:
            varint(visit.value, visit.stop, &bits, &fault)
            value[0] = signed(bits)
        elif visit.number == AnyValue_double_value:
            bits = fixed64(visit.value)
            value.type = REAL
            memcpy(&value.real, &bits, 8)
        elif visit.number == AnyValue_kvlist_value:
            value.type = MAP
        elif visit.number == AnyValue_array_value or visit.number == AnyValue_bytes_value:
            value.type = OTHER


cdef inline Text key_of(Cursor at, Cursor stop) noexcept nogil:
    """Return the key of a KeyValue that was found sound."""
    cdef Visit visit
    cdef Fault fault
    cdef Text key = Text(at, 0)
    while at < stop:
        at = next_field(at, stop, &visit, &fault)
        if at is NULL:
            break
        if visit.number == KeyValue_key:
            key = Text(visit.value, visit.stop - visit.value)
    return key


cdef inline void read_attribute(Cursor at, Cursor stop, Value* value) noexcept nogil:
    """Read the value of a KeyValue that was found sound, in place of what `value` was."""
    cdef Visit visit
    cdef Fault fault
    value.type = NOTHING
    value.present = True
    while at < stop:
        at = next_field(at, stop, &visit, &fault)
        if at is NULL:
            return
        if visit.number == KeyValue_value:
            read_value(visit.value, visit.stop, value)


cdef inline bint same_text(Text one, Text other) noexcept nogil:
    return one.size == other.size and memcmp(one.at, other.at, one.size) == 0


cdef inline int order(const Value* one, const Value* other) noexcept nogil:
    """Return -1, 0 or 1 as one number is less than, equal to or greater than the other, exactly; UNORDERED with a NaN."""
    if one.type == REAL and other.type == REAL:
        if one.real != one.real or other.real != other.real:
            return UNORDERED
        return (one.real > other.real) - (one.real < other.real)
    if one.type == REAL:
        return backwards(order_of_integer(other, one.real))
    if other.type == REAL:
        return order_of_integer(one, other.real)
    return order_of_integers(one.negative, one.magnitude, other.negative, other.magnitude)


cdef inline int backwards(int order) noexcept nogil:
    return order if order == UNORDERED else -order


cdef inline int order_of_integers(bint negative, uint64_t one, bint other_negative, uint64_t other) noexcept nogil:
    cdef int magnitudes = (one > other) - (one < other)
    if negative != other_negative:
        return -1 if negative else 1
    return -magnitudes if negative else magnitudes


cdef inline int order_of_integer(const Value* value, double real) noexcept nogil:
    cdef double whole
    cdef int wholes
    if real != real:
        return UNORDERED
    if fabs(real) >= 18446744073709551616.0:  # 2^64: no integer here is as large
        return -1 if real > 0 else 1
    whole = trunc(real)
    wholes = order_of_integers(value.negative, value.magnitude, whole < 0, <uint64_t>fabs(whole))
    return wholes if wholes else (real < whole) - (real > whole)


cdef inline bint equal(const Value* one, const Value* other) noexcept nogil:
    """Tell whether Python would call the two equal; what is neither text nor a number equals nothing."""
    if one.type == TEXT or other.type == TEXT:
        return one.type == other.type and same_text(one.text, other.text)
    return numeric(one) and numeric(other) and order(one, other) == 0


cdef inline bint numeric(const Value* value) noexcept nogil:
    return value.type == BOOLEAN or value.type == INTEGER or value.type == REAL


cdef inline bint alike(const Value* value, const Value* literal) noexcept nogil:
    """Tell whether a condition compares the two: equal types, or integer with decimal."""
    if value.type == BOOLEAN or literal.type == BOOLEAN or value.type == TEXT or literal.type == TEXT:
        return value.type == literal.type
    return numeric(value) and numeric(literal)
