"""`reference/encode.py`, compiled: each group of records grows in a buffer of its own, and the payload is put together once.

Whatever is not plain (a subclass of dict, a number that its field can't hold, an id that is not hex) goes back to the
reference, which knows what becomes of it and in which order things are refused.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_Check, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_CheckExact, PyDict_Next
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check
from cpython.long cimport PyLong_AsDouble, PyLong_AsUnsignedLongLong, PyLong_Check, PyLong_CheckExact
from cpython.object cimport PyObject
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy

cimport cython

from pipeline.wire.kernel.buffer cimport (
    Buffer, LONGEST_VARINT,
    close_message, double_bits, emptied, opened, put_bits, put_delimited, put_fixed, put_tag, put_text_pair, put_varint_bits,
    reserved, single_wire,
)
from pipeline.wire.kernel.json_read cimport nibble
from pipeline.wire.kernel.shapes cimport (
    ATTRIBUTES, DATA, FLAT, GROUPS, ITEMS, NOWHERE, SCALAR, STRUCT, STRUCTS, VALUE, Place, Shape, item_shape, root_shape,
)
from pipeline.wire.kernel.tables cimport (
    AnyValue_array_value,
    AnyValue_bool_value,
    AnyValue_bytes_value,
    AnyValue_double_value,
    AnyValue_int_value,
    AnyValue_kvlist_value,
    AnyValue_string_value,
    ArrayValue_values,
    KeyValue_key,
    KeyValue_value,
    KeyValueList_values,
    KIND_bool,
    KIND_bytes,
    KIND_double,
    KIND_fixed32,
    KIND_fixed64,
    KIND_int64,
    KIND_sfixed64,
    KIND_sint32,
    KIND_string,
    KIND_uint32,
    KIND_uint64,
    NUMBERS,
    OtlpField,
)
from pipeline.wire.kernel.walk cimport DELIMITED, FIXED64, MAX_DEPTH, VARINT, put_varint, varint_bytes

from pipeline.wire.kernel.unusual import Unusual
from pipeline.wire.reference.encode import encode as reference
from pipeline.wire.reference.message import utf8

cdef extern from "Python.h":
    ctypedef struct PyTypeObject
    PyTypeObject* Py_TYPE(object)
    bint PyUnicode_Check(object)
    bint PyUnicode_IS_COMPACT_ASCII(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    uint8_t* PyUnicode_1BYTE_DATA(object)
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL
    bint PyBool_Check(object)
    bint PyList_CheckExact(object)
    bint PyTuple_CheckExact(object)
    Py_ssize_t PySequence_Fast_GET_SIZE(object)
    PyObject** PySequence_Fast_ITEMS(object)
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1


def encode(records, str signal not None):
    cdef Shape shape = root_shape(signal)
    given = records if type(records) is list else list(records)
    try:
        return Encoder().encoded(given, shape)
    except (Unusual, OverflowError, ValueError):
        pass  # outside of this, so that a refusal carries no other one as its context
    return reference(given, signal)


@cython.final
cdef class Group:
    """A message with what its records share, and what stands in it: other groups, or items."""

    cdef uint32_t number  # of its field in the group around it
    cdef Shape below  # of what stands in it
    cdef uint32_t below_number
    cdef bytes before, after  # its fields before and behind those
    cdef list groups
    cdef Buffer items
    cdef object latest  # what was last looked for, and the group of it
    cdef Group latest_group
    cdef dict by_identity
    cdef dict by_content
    cdef list shared  # keeps what `by_identity` knows by address
    cdef size_t size

    def __cinit__(self):
        self.before = self.after = b""
        self.groups = []

    def __dealloc__(self):
        free(self.items.data)

    cdef size_t measure(self):
        """Return the length of the message, and remember it in each group."""
        cdef Group group
        self.size = PyBytes_GET_SIZE(self.before) + self.items.size + PyBytes_GET_SIZE(self.after)
        for group in self.groups:
            group.measure()
            self.size += varint_bytes(tag(group.number)) + varint_bytes(group.size) + group.size
        return self.size

    cdef uint8_t* write(self, uint8_t* to):
        """Write the message, which has been measured; return where it ends."""
        cdef Group group
        to = copied(to, PyBytes_AS_STRING(self.before), PyBytes_GET_SIZE(self.before))
        for group in self.groups:
            to = group.write(put_varint(put_varint(to, tag(group.number)), group.size))
        to = copied(to, self.items.data, self.items.size)
        return copied(to, PyBytes_AS_STRING(self.after), PyBytes_GET_SIZE(self.after))

    cdef bytes message(self):
        cdef bytes written = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>self.measure())
        self.write(<uint8_t*>PyBytes_AS_STRING(written))
        return written


cdef inline uint64_t tag(uint32_t number) noexcept:
    return <uint64_t>number << 3 | DELIMITED


cdef inline uint8_t* copied(uint8_t* to, const void* source, size_t size) noexcept:
    if size:
        memcpy(to, source, size)
    return to + size


@cython.final
cdef class Encoder:
    cdef Buffer scratch
    cdef list patched  # UTF-8 of texts that have none of their own, until it is copied

    def __cinit__(self):
        self.patched = []

    def __dealloc__(self):
        free(self.scratch.data)

    cdef bytes encoded(self, list records, Shape shape):
        cdef Group root = Group(), group
        cdef Shape item = item_shape(shape)
        cdef uint32_t level
        cdef size_t content
        self.describe(root, shape, NULL)
        for record in records:
            if type(record) is not item.struct:
                raise Unusual
            group = root
            for level in range(item.level):
                group = self.group(group, <object>field_at(<PyObject*>record, item.offsets[level]))
            check_spares(<PyObject*>record, group.below)
            content = opened(&group.items, group.below_number)
            self.put_fields(&group.items, <PyObject*>record, group.below)
            close_message(&group.items, content)
        return root.message()

    cdef Group group(self, Group around, shared):
        """Return the group of what records share, found by identity and else by content; of a metric that of its points."""
        cdef Group found
        if shared is around.latest and around.latest_group is not None:
            return around.latest_group
        if around.by_identity is None:
            around.by_identity, around.by_content, around.shared = {}, {}, []
        address = <size_t><PyObject*>shared
        found = around.by_identity.get(address)
        if found is None:
            if type(shared) is not around.below.struct:
                raise Unusual
            found = Group()
            found.number = around.below_number
            self.describe(found, around.below, <PyObject*>shared)
            content = found.message()
            if content in around.by_content:
                found = around.by_content[content]
            else:
                around.by_content[content] = found
                around.groups.append(found)
            if found.groups and found.below is None:
                found = found.groups[0]
            around.by_identity[address] = found
            around.shared.append(shared)
        around.latest, around.latest_group = shared, found
        return found

    cdef int describe(self, Group group, Shape shape, PyObject* shared) except -1:
        """Write what a group has besides the groups and items in it."""
        cdef Place* place
        cdef Group data
        cdef int number
        cdef Buffer* to = &self.scratch
        to.size = 0
        for number in range(1, NUMBERS):
            place = &shape.places[number]
            if place.how == GROUPS or place.how == ITEMS:
                group.before = emptied(to)
                group.below, group.below_number = <Shape>place.shape, number
            elif place.how == DATA:
                if (<object>place.name) == <object>field_at(shared, place.offset):
                    group.before = emptied(to)
                    data = Group()
                    data.number = number
                    self.describe(data, <Shape>place.shape, shared)
                    group.groups.append(data)
            elif place.how != NOWHERE:
                self.put(to, shared, place)
        group.after = emptied(to)
        if group.below is None and not group.groups:
            raise Unusual  # a metric of a type that there is not
        return 0

    cdef int put_fields(self, Buffer* to, PyObject* struct, Shape shape) except -1:
        """Write the fields of a struct that a message has a place for."""
        cdef int number
        for number in range(1, NUMBERS):
            if shape.places[number].how != NOWHERE:
                self.put(to, struct, &shape.places[number])
        return 0

    cdef int put(self, Buffer* to, PyObject* struct, const Place* place) except -1:
        cdef PyObject* value
        cdef PyObject* key
        cdef PyObject* each
        cdef Py_ssize_t position = 0
        cdef size_t content
        if place.how == FLAT:
            content = opened(to, place.number)
            self.put_fields(to, struct, <Shape>place.shape)
            if to.size == content:
                to.size = content - 1 - varint_bytes(tag(place.number))
                return 0
            return close_message(to, content)
        value = field_at(struct, place.offset)
        if place.how == ATTRIBUTES:
            if not PyDict_CheckExact(<object>value):
                raise Unusual
            while PyDict_Next(<object>value, &position, &key, &each):
                self.put_pair(to, place.number, key, each, 0)
            return 0
        if place.field.kind == KIND_bytes:
            return put_id(to, place.number, value)
        if place.how == STRUCTS:
            for position in range(length(value)):
                self.put_struct(to, place, PySequence_Fast_ITEMS(<object>value)[position])
            return 0
        if <object>value is None:
            return 0
        if place.how == SCALAR:
            return self.put_scalar(to, place, value)
        if place.how == VALUE:
            content = opened(to, place.number)
            self.put_value(to, value, 0)
            return close_message(to, content)
        if place.how == STRUCT:
            return self.put_struct(to, place, value)
        return self.put_scalars(to, place, value)

    cdef int put_struct(self, Buffer* to, const Place* place, PyObject* value) except -1:
        cdef Shape shape = <Shape>place.shape
        cdef size_t content
        if type(<object>value) is not shape.struct or (shape.struct is tuple and length(value) != shape.fields):
            raise Unusual
        content = opened(to, place.number)
        self.put_fields(to, value, shape)
        return close_message(to, content)

    cdef int put_scalar(self, Buffer* to, const Place* place, PyObject* value) except -1:
        cdef uint64_t bits
        if place.field.kind == KIND_string:
            return self.put_text(to, place.number, value, True)
        if place.field.rival and PyLong_Check(<object>value) != (place.field.kind == KIND_sfixed64):
            return 0  # of a number's two fields it is the other
        bits = bits_of(place.field, <object>value)
        if bits or place.optional:
            put_tag(to, place.number, single_wire(place.field))
            put_bits(to, place.field, bits)
        return 0

    cdef int put_scalars(self, Buffer* to, const Place* place, PyObject* values) except -1:
        """Write a repeated field, packed unless it is text."""
        cdef PyObject** items = PySequence_Fast_ITEMS(<object>values) if length(values) else NULL
        cdef Py_ssize_t index, count = length(values)
        cdef size_t content
        if place.field.kind == KIND_string:
            for index in range(count):
                self.put_text(to, place.number, items[index], False)
        elif count:
            content = opened(to, place.number)
            for index in range(count):
                put_bits(to, place.field, bits_of(place.field, <object>items[index]))
            close_message(to, content)
        return 0

    cdef int put_text(self, Buffer* to, uint32_t number, PyObject* value, bint unless_empty) except -1:
        cdef Py_ssize_t size
        cdef const char* text = self.utf8(value, &size)
        return 0 if unless_empty and not size else put_delimited(to, number, text, size)

    cdef int put_pair(self, Buffer* to, uint32_t number, PyObject* key, PyObject* value, int depth) except -1:
        """Write an attribute."""
        cdef Py_ssize_t key_size, size
        cdef const char* name = self.utf8(key, &key_size)
        cdef const char* text
        cdef size_t content, inner
        if PyUnicode_Check(<object>value):  # most are
            text = self.utf8(value, &size)
            return put_text_pair(to, number, name, key_size, text, size)
        content = opened(to, number)
        if key_size:
            put_delimited(to, KeyValue_key, name, key_size)
        inner = opened(to, KeyValue_value)
        self.put_value(to, value, depth)
        close_message(to, inner)
        return close_message(to, content)

    cdef int put_value(self, Buffer* to, PyObject* value, int depth) except -1:
        """Write what an `AnyValue` holds."""
        cdef uint64_t bits
        cdef int overflow = 0
        if <object>value is None:
            return 0
        if PyUnicode_Check(<object>value):
            return self.put_text(to, AnyValue_string_value, value, False)
        if PyBool_Check(<object>value):
            put_tag(to, AnyValue_bool_value, VARINT)
            return put_varint_bits(to, <object>value is True)
        if PyLong_Check(<object>value):
            bits = <uint64_t>PyLong_AsLongLongAndOverflow(<object>value, &overflow)
            if overflow:
                if not PyLong_CheckExact(<object>value):
                    raise Unusual
                digits = str(<object>value)
                return self.put_text(to, AnyValue_string_value, <PyObject*>digits, False)
            put_tag(to, AnyValue_int_value, VARINT)
            return put_varint_bits(to, bits)
        if PyFloat_Check(<object>value):
            put_tag(to, AnyValue_double_value, FIXED64)
            return put_fixed(to, double_bits(PyFloat_AS_DOUBLE(<object>value)), 8)
        if PyBytes_Check(<object>value):
            return put_delimited(
                to, AnyValue_bytes_value, PyBytes_AS_STRING(<object>value), PyBytes_GET_SIZE(<object>value)
            )
        return self.put_container(to, value, depth)

    cdef int put_container(self, Buffer* to, PyObject* value, int depth) except -1:
        cdef size_t content, inner
        cdef Py_ssize_t position = 0
        cdef PyObject* key
        cdef PyObject* each
        if depth == MAX_DEPTH:
            raise Unusual
        if PyDict_CheckExact(<object>value):
            content = opened(to, AnyValue_kvlist_value)
            while PyDict_Next(<object>value, &position, &key, &each):
                self.put_pair(to, KeyValueList_values, key, each, depth + 1)
        else:
            content = opened(to, AnyValue_array_value)
            for position in range(length(value)):
                inner = opened(to, ArrayValue_values)
                self.put_value(to, PySequence_Fast_ITEMS(<object>value)[position], depth + 1)
                close_message(to, inner)
        return close_message(to, content)

    cdef const char* utf8(self, PyObject* text, Py_ssize_t* size) except NULL:
        """Return a text's bytes, which live as long as it or as the encoder."""
        if not PyUnicode_Check(<object>text):
            raise Unusual
        if PyUnicode_IS_COMPACT_ASCII(<object>text):
            size[0] = PyUnicode_GET_LENGTH(<object>text)
            return <const char*>PyUnicode_1BYTE_DATA(<object>text)
        try:
            return PyUnicode_AsUTF8AndSize(<object>text, size)
        except UnicodeEncodeError:
            patched = utf8(<object>text)
            self.patched.append(patched)
            size[0] = PyBytes_GET_SIZE(patched)
            return PyBytes_AS_STRING(patched)


cdef inline PyObject* field_at(PyObject* struct, Py_ssize_t offset) except NULL:
    cdef PyObject* value = (<PyObject**>(<char*>struct + offset))[0]
    if value is NULL:  # somebody deleted it
        raise Unusual
    return value


cdef inline int check_spares(PyObject* struct, Shape shape) except -1:
    """Refuse a struct that holds what its message has no place for: the reference ignores some of it, and reads the rest."""
    cdef uint32_t spare
    cdef object value
    for spare in range(shape.spare):
        value = <object>field_at(struct, shape.spares[spare])
        if value is not None and (type(value) is not list or value):
            raise Unusual
    return 0


cdef inline Py_ssize_t length(PyObject* sequence) except -1:
    if not PyList_CheckExact(<object>sequence) and not PyTuple_CheckExact(<object>sequence):
        raise Unusual
    return PySequence_Fast_GET_SIZE(<object>sequence)


cdef uint64_t bits_of(const OtlpField* field, object value) except? 7:  # 7: a rare value, so that few calls ask for an error
    """Return a number as it stands on the wire; all zero is the default."""
    cdef int64_t number
    cdef int overflow = 0
    cdef uint8_t kind = field.kind
    if kind == KIND_double:
        if not PyFloat_Check(value) and not PyLong_Check(value):
            raise Unusual
        return double_bits(PyFloat_AS_DOUBLE(value) if PyFloat_Check(value) else PyLong_AsDouble(value))
    if kind == KIND_bool:
        if not PyBool_Check(value):
            raise Unusual
        return value is True
    if not PyLong_Check(value):
        raise Unusual
    if kind == KIND_fixed64 or kind == KIND_uint64:
        return PyLong_AsUnsignedLongLong(value)
    number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if kind == KIND_uint32 or kind == KIND_fixed32:
        overflow |= not 0 <= number <= 0xFFFF_FFFF
    elif kind != KIND_int64 and kind != KIND_sfixed64:
        overflow |= not -0x8000_0000 <= number <= 0x7FFF_FFFF
    if overflow:
        raise OverflowError
    if kind == KIND_sint32:
        return <uint64_t>number << 1 if number >= 0 else ~(<uint64_t>number << 1)
    return <uint64_t>number


cdef int put_id(Buffer* to, uint32_t number, PyObject* value) except -1:
    """Write an id from its hex digits."""
    cdef Py_ssize_t size, byte
    cdef const uint8_t* digits
    cdef uint8_t* at
    cdef int high, low
    if not PyUnicode_Check(<object>value) or not PyUnicode_IS_COMPACT_ASCII(<object>value):
        raise Unusual
    size = PyUnicode_GET_LENGTH(<object>value)
    digits = PyUnicode_1BYTE_DATA(<object>value)
    if size % 2:
        raise Unusual
    size //= 2
    if not size:
        return 0
    at = reserved(to, 2 * LONGEST_VARINT + size)
    at = put_varint(put_varint(at, tag(number)), size)
    for byte in range(size):
        high, low = nibble(digits[2 * byte]), nibble(digits[2 * byte + 1])
        if high | low < 0:
            raise Unusual
        at[byte] = <uint8_t>(high << 4 | low)
    to.size = at + size - to.data
    return 0
