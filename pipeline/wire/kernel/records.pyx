"""`reference/records.py`, compiled: one walk, in the order of the wire, that makes the structs.

What the records of a group share may come behind them: they get a blank struct, which is filled at the end of its group.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_FromDouble
from cpython.long cimport PyLong_FromLongLong, PyLong_FromUnsignedLongLong
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

cimport cython

from pipeline.wire.kernel.shapes cimport (
    ATTRIBUTES, FLAT, GROUPS, ITEMS, MOST_FIELDS, NOWHERE, SCALAR, SCALARS, STRUCT, STRUCTS, VALUE, Place, Shape, root_shape,
)
from pipeline.wire.kernel.tables cimport (
    AnyValue,
    AnyValue_array_value,
    AnyValue_bool_value,
    AnyValue_bytes_value,
    AnyValue_double_value,
    AnyValue_int_value,
    AnyValue_kvlist_value,
    AnyValue_string_value,
    ArrayValue,
    ArrayValue_values,
    KeyValue,
    KeyValue_key,
    KeyValue_value,
    KeyValueList,
    KeyValueList_values,
    KIND_bool,
    KIND_bytes,
    KIND_double,
    KIND_enum,
    KIND_fixed32,
    KIND_fixed64,
    KIND_int32,
    KIND_sfixed64,
    KIND_sint32,
    KIND_string,
    KIND_uint32,
    KIND_uint64,
    NUMBERS,
    OtlpField,
)
from pipeline.wire.kernel.walk cimport (
    DELIMITED, MAX_DEPTH, TOO_DEEP, Cursor, Fault, Visit,
    expected, fixed32, fixed64, malformed, next_field, packed_is_whole, refused, scalar_end, varint,
)

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    object PyUnicode_DecodeUTF8(const char* text, Py_ssize_t size, const char* errors)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    uint8_t* PyUnicode_1BYTE_DATA(object text)

cdef enum:
    NAMES = 512  # remembered of one payload; a power of two
    LONGEST_NAME = 40


def records(bytes payload not None, str signal not None):
    cdef Decoder decoder = Decoder()
    decoder.start = <Cursor>PyBytes_AS_STRING(payload)
    decoder.decode(root_shape(signal), decoder.start, decoder.start + PyBytes_GET_SIZE(payload), NULL)
    return decoder.found


@cython.final
cdef class Decoder:
    cdef Cursor start
    cdef Fault fault
    cdef list found
    cdef Py_ssize_t first  # of the points of a metric, in `found`
    cdef list shared  # resource, scope and metric around the item
    cdef PyObject* names[NAMES]  # those of a payload are few, and a str that is there saves making and hashing it

    def __cinit__(self):
        self.found = []
        self.shared = [None, None, None]

    def __dealloc__(self):
        for slot in range(NAMES):
            Py_XDECREF(self.names[slot])

    cdef int decode(self, Shape shape, Cursor at, Cursor end, PyObject** values) except -1:
        """Read a message into the values of a struct, over those that an earlier part of it left there."""
        cdef Visit visit
        while at < end:
            at = self.field(shape.message, at, end, &visit)
            if visit.number < NUMBERS and shape.places[visit.number].how != NOWHERE:
                self.take(&shape.places[visit.number], &visit, values)
        return 0

    cdef inline Cursor field(self, uint32_t message, Cursor at, Cursor end, Visit* visit) except NULL:
        at = next_field(at, end, visit, &self.fault)
        if at is NULL or expected(message, visit, &self.fault) is NULL:
            raise malformed(&self.fault, self.start)
        return at

    cdef int take(self, const Place* place, const Visit* visit, PyObject** values) except -1:
        cdef PyObject** value = values + place.slot
        if place.how == SCALAR:
            replace(value, self.scalar(place.field, visit.value, visit.stop))
        elif place.how == ATTRIBUTES:
            if value[0] is NULL:
                replace(value, {})
            self.pair(visit.value, visit.stop, <dict>value[0], 0)
        elif place.how == VALUE:
            replace(value, self.value(visit.value, visit.stop, None if value[0] is NULL else <object>value[0], 0))
        elif place.how == ITEMS:
            self.found.append(self.item(<Shape>place.shape, visit.value, visit.stop))
        elif place.how == FLAT:
            self.decode(<Shape>place.shape, visit.value, visit.stop, values)
        elif place.how == GROUPS:
            self.group(<Shape>place.shape, visit.value, visit.stop)
        elif place.how == STRUCTS:
            if value[0] is NULL:
                replace(value, [])
            (<list>value[0]).append(self.struct(<Shape>place.shape, visit.value, visit.stop, NULL))
        elif place.how == STRUCT:
            replace(value, self.struct(<Shape>place.shape, visit.value, visit.stop, value[0]))
        elif place.how == SCALARS:
            if value[0] is NULL:
                replace(value, [])
            self.scalars(place.field, visit, <list>value[0])
        else:
            self.data(place, visit, values)
        return 0

    cdef int group(self, Shape shape, Cursor at, Cursor end) except -1:
        """Decode a group and the items in it."""
        cdef PyObject* values[MOST_FIELDS]
        cdef uint32_t slot
        shared = shape.blank()
        self.shared[shape.level] = shared
        self.first = len(self.found)
        memset(values, 0, sizeof(values))
        try:
            self.decode(shape, at, end, values)
            for slot in range(shape.fields):
                if values[slot] is not NULL:
                    setattr(shared, shape.names[slot], <object>values[slot])
        finally:
            clear(values, shape.fields)
        return 0

    cdef int data(self, const Place* place, const Visit* visit, PyObject** values) except -1:
        """Decode the points of a metric. It has one type, the last that comes; what came of another is forgotten."""
        cdef Shape shape = <Shape>place.shape
        cdef PyObject** type = values + place.slot
        if type[0] is not NULL and type[0] is not place.name:
            del self.found[self.first:]
            for name in ("temporality", "monotonic"):
                clear(values + <Py_ssize_t>shape.names.index(name), 1)
        replace(type, <object>place.name)
        return self.decode(shape, visit.value, visit.stop, values)

    cdef object item(self, Shape shape, Cursor at, Cursor end):
        """Return a log record, span or data point."""
        cdef PyObject* values[MOST_FIELDS]
        cdef uint32_t level
        memset(values, 0, sizeof(values))
        try:
            for level in range(shape.level):
                replace(values + level, self.shared[level])
            self.decode(shape, at, end, values)
            return shape.created(values)
        finally:
            clear(values, shape.fields)

    cdef object struct(self, Shape shape, Cursor at, Cursor end, PyObject* before):
        """Return a struct inside an item, with what an earlier part of it left there."""
        cdef PyObject* values[MOST_FIELDS]
        cdef uint32_t slot
        memset(values, 0, sizeof(values))
        try:
            if before is not NULL:
                for slot in range(shape.fields):
                    replace(values + slot, getattr(<object>before, shape.names[slot]))
            self.decode(shape, at, end, values)
            return shape.created(values)
        finally:
            clear(values, shape.fields)

    cdef object scalar(self, const OtlpField* field, Cursor at, Cursor end):
        """Return the value of a field that is no message."""
        cdef uint64_t number
        if field.kind == KIND_string:
            return self.name(at, end - at) if end - at <= LONGEST_NAME else text(at, end - at)
        if field.kind == KIND_fixed64:
            return PyLong_FromUnsignedLongLong(fixed64(at))
        if field.kind == KIND_bytes:
            return hexadecimal(at, end - at)  # ids: all other bytes are values
        if field.kind == KIND_double:
            return PyFloat_FromDouble(as_double(at))
        if field.kind == KIND_fixed32:
            return PyLong_FromUnsignedLongLong(fixed32(at))
        if field.kind == KIND_sfixed64:
            return PyLong_FromLongLong(<int64_t>fixed64(at))
        if varint(at, end, &number, &self.fault) is NULL:
            raise malformed(&self.fault, self.start)
        if field.kind == KIND_enum or field.kind == KIND_int32:
            return PyLong_FromLongLong(<int32_t>number)
        if field.kind == KIND_uint32:
            return PyLong_FromUnsignedLongLong(<uint32_t>number)
        if field.kind == KIND_bool:
            return number != 0
        if field.kind == KIND_sint32:
            return PyLong_FromLongLong(<int32_t>(<uint32_t>number >> 1 ^ -(<uint32_t>number & 1)))
        return PyLong_FromUnsignedLongLong(number) if field.kind == KIND_uint64 else PyLong_FromLongLong(<int64_t>number)

    cdef int scalars(self, const OtlpField* field, const Visit* visit, list into) except -1:
        """Add what one occurrence of a repeated field holds, packed or not."""
        cdef Cursor at = visit.value, stop
        if visit.wire != DELIMITED or field.kind == KIND_string:
            into.append(self.scalar(field, at, visit.stop))
            return 0
        if not packed_is_whole(field.wires, at, visit.stop, &self.fault):
            raise malformed(&self.fault, self.start)
        while at < visit.stop:
            stop = scalar_end(field.wires, at, visit.stop)
            into.append(self.scalar(field, at, stop))
            at = stop
        return 0

    cdef int pair(self, Cursor at, Cursor end, dict into, int depth) except -1:
        """Read an attribute; the last of equal keys wins."""
        cdef Visit visit
        cdef object key = "", value = None
        while at < end:
            at = self.field(KeyValue, at, end, &visit)
            if visit.number == KeyValue_key:
                key = self.name(visit.value, visit.stop - visit.value)
            elif visit.number == KeyValue_value:
                value = self.value(visit.value, visit.stop, value, depth)
        into[key] = value
        return 0

    cdef object value(self, Cursor at, Cursor end, object before, int depth):
        """Return a value, with what an earlier part of it left there; the last of its members wins."""
        cdef Visit visit
        cdef uint64_t number = 0
        cdef object value = before
        while at < end:
            at = self.field(AnyValue, at, end, &visit)
            if visit.number == AnyValue_string_value:
                value = text(visit.value, visit.stop - visit.value)
            elif visit.number == AnyValue_bool_value or visit.number == AnyValue_int_value:
                varint(visit.value, visit.stop, &number, &self.fault)  # has been read once: there is one
                value = number != 0 if visit.number == AnyValue_bool_value else PyLong_FromLongLong(<int64_t>number)
            elif visit.number == AnyValue_double_value:
                value = PyFloat_FromDouble(as_double(visit.value))
            elif visit.number == AnyValue_bytes_value:
                value = PyBytes_FromStringAndSize(<const char*>visit.value, visit.stop - visit.value)
            elif visit.number == AnyValue_array_value or visit.number == AnyValue_kvlist_value:
                if depth == MAX_DEPTH:
                    refused(&self.fault, TOO_DEEP, visit.value)
                    raise malformed(&self.fault, self.start)
                if visit.number == AnyValue_array_value:
                    value = value if type(value) is list else []
                    self.elements(visit.value, visit.stop, value, depth + 1)
                else:
                    value = value if type(value) is dict else {}
                    self.pairs(visit.value, visit.stop, value, depth + 1)
        return value

    cdef int elements(self, Cursor at, Cursor end, list into, int depth) except -1:
        cdef Visit visit
        while at < end:
            at = self.field(ArrayValue, at, end, &visit)
            if visit.number == ArrayValue_values:
                into.append(self.value(visit.value, visit.stop, None, depth))
        return 0

    cdef int pairs(self, Cursor at, Cursor end, dict into, int depth) except -1:
        cdef Visit visit
        while at < end:
            at = self.field(KeyValueList, at, end, &visit)
            if visit.number == KeyValueList_values:
                self.pair(visit.value, visit.stop, into, depth)
        return 0

    cdef object name(self, Cursor at, Py_ssize_t size):
        """Return a text that is likely to come again, the same object for the same text."""
        cdef uint32_t hash
        cdef PyObject** known
        if not 0 < size <= LONGEST_NAME:
            return text(at, size)
        # The length and three bytes: enough to tell the names of one payload apart, or else they take turns.
        hash = <uint32_t>size * 31 + at[0] * 7 + at[size - 1] * 131 + at[size >> 1] * 1031
        known = &self.names[(hash ^ hash >> 9) & (NAMES - 1)]
        if known[0] is not NULL and is_text(<object>known[0], at, size):
            return <object>known[0]
        new = text(at, size)
        if PyUnicode_IS_COMPACT_ASCII(new):
            replace(known, new)
        return new


cdef inline bint is_text(object ascii, Cursor at, Py_ssize_t size):
    return PyUnicode_GET_LENGTH(ascii) == size and memcmp(PyUnicode_1BYTE_DATA(ascii), at, size) == 0


cdef inline object text(Cursor at, Py_ssize_t size):
    return PyUnicode_DecodeUTF8(<const char*>at, size, "replace")


cdef object hexadecimal(Cursor at, Py_ssize_t size):
    cdef object written = PyUnicode_New(2 * size, 127)
    cdef uint8_t* to = PyUnicode_1BYTE_DATA(written)
    cdef const char* digits = b"0123456789abcdef"
    cdef Py_ssize_t byte
    for byte in range(size):
        to[2 * byte] = digits[at[byte] >> 4]
        to[2 * byte + 1] = digits[at[byte] & 15]
    return written


cdef inline double as_double(Cursor at) noexcept:
    cdef uint64_t bits = fixed64(at)
    cdef double value
    memcpy(&value, &bits, sizeof(value))
    return value


cdef inline void replace(PyObject** slot, object value) noexcept:
    cdef PyObject* before = slot[0]
    Py_INCREF(value)
    slot[0] = <PyObject*>value
    Py_XDECREF(before)


cdef inline void clear(PyObject** slots, size_t count) noexcept:
    cdef size_t slot
    for slot in range(count):
        Py_XDECREF(slots[slot])
        slots[slot] = NULL
