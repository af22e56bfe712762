"""`reference/to_json.py`, compiled: one walk that checks the payload, and one that writes what it holds.

Fields are written by number whatever their order on the wire, so each message is looked through once before it is written.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport isinf, isnan
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

cimport cython

from pipeline.wire.kernel.buffer cimport Buffer, reserved
from pipeline.wire.kernel.json_fields cimport JsonField, json_field
from pipeline.wire.kernel.json_write cimport (
    put_bytes, put_json_double, put_json_hexadecimal, put_json_integer, put_json_text,
)
from pipeline.wire.kernel.tables cimport (
    KIND_bool,
    KIND_bytes,
    KIND_double,
    KIND_enum,
    KIND_fixed32,
    KIND_fixed64,
    KIND_int32,
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
from pipeline.wire.kernel.walk cimport (
    DELIMITED, FIXED64, Cursor, Fault, Visit, fixed32, fixed64, following, malformed, root, scalar_end, sound, varint
)

from pipeline.wire.reference.to_json import OTLP

cdef const uint8_t* BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def to_json(bytes payload not None, str signal not None, layout):
    if layout != OTLP:
        raise ValueError(f"no such layout: {layout}")
    cdef uint32_t message = root(signal)
    cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
    cdef Cursor end = start + PyBytes_GET_SIZE(payload)
    cdef Fault fault
    cdef bint fine
    with nogil:
        fine = sound(start, end, message, 0, &fault)
    if not fine:
        raise malformed(&fault, start)
    return Writer().written(start, end, message)


cdef struct Found:
    # What a message has of one field: it is first seen at `first`, its last value lies from `value` to `stop`.
    Cursor first
    Cursor value
    Cursor stop
    uint32_t count


@cython.final
cdef class Writer:
    cdef Buffer out

    def __dealloc__(self):
        free(self.out.data)

    cdef bytes written(self, Cursor at, Cursor end, uint32_t message):
        self.message(at, end, message)
        return PyBytes_FromStringAndSize(<const char*>self.out.data, self.out.size)

    cdef int message(self, Cursor at, Cursor end, uint32_t message) except -1:
        """Write a message, which has been checked, as an object."""
        cdef Found found[NUMBERS]
        cdef const OtlpField* field
        cdef const JsonField* written
        cdef size_t begin
        cdef int number
        look_through(at, end, message, found)
        self.put(b"{", 1)
        begin = self.out.size
        for number in range(1, NUMBERS):
            if found[number].count == 0:
                continue
            field = &MESSAGES[message].fields[number]
            written = json_field(message, number)
            if not field.repeated and field.kind != KIND_message and not written.presence and is_default(field, &found[number]):
                continue
            if self.out.size > begin:
                self.put(b",", 1)
            self.put(written.key, written.size)
            if field.repeated:
                self.list(field, number, &found[number])
            elif field.kind != KIND_message:
                self.scalar(field, found[number].value, found[number].stop)
            elif found[number].count == 1:
                self.message(found[number].value, found[number].stop, field.message)
            else:
                self.parts(field, number, &found[number])
        return self.put(b"}", 1)

    cdef int parts(self, const OtlpField* field, uint32_t number, const Found* found) except -1:
        """Write a message that came in several parts: one after the other they are the whole."""
        cdef Visit visit
        cdef Cursor at = found.first
        cdef list parts = []
        while at < found.stop:
            at = following(at, found.stop, &visit)
            if visit.number == number:
                parts.append(visit.value[: visit.stop - visit.value])
        whole = b"".join(parts)
        at = <Cursor>PyBytes_AS_STRING(whole)
        return self.message(at, at + PyBytes_GET_SIZE(whole), field.message)

    cdef int list(self, const OtlpField* field, uint32_t number, const Found* found) except -1:
        """Write a repeated field as an array."""
        cdef Visit visit
        cdef Cursor at = found.first, value, stop
        cdef size_t begin
        self.put(b"[", 1)
        begin = self.out.size
        while at < found.stop:
            at = following(at, found.stop, &visit)
            if visit.number != number:
                continue
            value = visit.value
            stop = visit.stop
            while True:
                if visit.wire == DELIMITED and not field.wires == 1 << DELIMITED:  # packed
                    if value == visit.stop:
                        break
                    stop = scalar_end(field.wires, value, visit.stop)
                if self.out.size > begin:
                    self.put(b",", 1)
                if field.kind == KIND_message:
                    self.message(value, stop, field.message)
                else:
                    self.scalar(field, value, stop)
                value = stop
                if stop == visit.stop:
                    break
        return self.put(b"]", 1)

    cdef inline int put(self, const void* text, size_t size) except -1:
        return put_bytes(&self.out, text, size)

    cdef int scalar(self, const OtlpField* field, Cursor at, Cursor end) except -1:
        cdef uint64_t bits
        cdef double value
        cdef uint8_t kind = field.kind
        if kind == KIND_string:
            return put_json_text(&self.out, at, end)
        if kind == KIND_bytes:
            return put_json_hexadecimal(&self.out, at, end) if field.id_bytes else self.base64(at, end)
        bits = bits_at(field, at, end)
        if kind == KIND_double:
            memcpy(&value, &bits, sizeof(value))
            return self.double(value)
        if kind == KIND_bool:
            return self.put(b"true", 4) if bits else self.put(b"false", 5)
        if kind == KIND_fixed32 or kind == KIND_uint32:
            return put_json_integer(&self.out, bits, False, False)
        if kind == KIND_fixed64 or kind == KIND_uint64:
            return put_json_integer(&self.out, bits, False, True)
        return put_json_integer(&self.out, bits, <int64_t>bits < 0, kind == KIND_int64 or kind == KIND_sfixed64)

    cdef int double(self, double value) except -1:
        if isnan(value):
            return self.put(b'"NaN"', 5)
        if isinf(value):
            return self.put(b'"Infinity"', 10) if value > 0 else self.put(b'"-Infinity"', 11)
        return put_json_double(&self.out, value)

    cdef int base64(self, Cursor at, Cursor end) except -1:
        cdef uint8_t* to = reserved(&self.out, (end - at + 2) // 3 * 4 + 2)
        cdef uint32_t bits
        cdef Py_ssize_t left
        to[0] = b'"'
        to += 1
        while at < end:
            left = end - at
            bits = <uint32_t>at[0] << 16 | (<uint32_t>at[1] << 8 if left > 1 else 0) | (at[2] if left > 2 else 0)
            to[0] = BASE64[bits >> 18]
            to[1] = BASE64[bits >> 12 & 63]
            to[2] = BASE64[bits >> 6 & 63] if left > 1 else b"="
            to[3] = BASE64[bits & 63] if left > 2 else b"="
            at += 3
            to += 4
        to[0] = b'"'
        self.out.size = to + 1 - self.out.data
        return 0


cdef void look_through(Cursor at, Cursor end, uint32_t message, Found* found) noexcept:
    """Note what a message has of each field; of the members of a oneof, what came since another."""
    cdef Visit visit
    cdef const OtlpField* field
    cdef uint32_t winner = 0
    memset(found, 0, NUMBERS * sizeof(Found))
    while at < end:
        at = following(at, end, &visit)
        if visit.number >= NUMBERS:
            continue
        field = &MESSAGES[message].fields[visit.number]
        if field.wires == 0 or field.absent:
            continue
        if field.rival and winner != visit.number:
            found[winner].count = 0
            winner = visit.number
        if found[visit.number].count == 0:
            found[visit.number].first = visit.at
        found[visit.number].value = visit.value
        found[visit.number].stop = visit.stop
        found[visit.number].count += 1


cdef uint64_t bits_at(const OtlpField* field, Cursor at, Cursor end) noexcept:
    """Return a number or truth value, negative ones in two's complement."""
    cdef uint64_t bits = 0
    cdef Fault fault
    if field.kind == KIND_fixed32:
        return fixed32(at)
    if field.wires >> FIXED64 & 1:
        return fixed64(at)
    varint(at, end, &bits, &fault)
    if field.kind == KIND_bool:
        return bits != 0
    if field.kind == KIND_enum or field.kind == KIND_int32:
        return <uint64_t><int64_t><int32_t>bits
    if field.kind == KIND_uint32:
        return <uint32_t>bits
    if field.kind == KIND_sint32:
        return <uint64_t><int64_t><int32_t>(<uint32_t>bits >> 1 ^ -(<uint32_t>bits & 1))
    return bits


cdef inline bint is_default(const OtlpField* field, const Found* found) noexcept:
    if field.wires == 1 << DELIMITED:
        return found.value == found.stop
    return bits_at(field, found.value, found.stop) == 0
