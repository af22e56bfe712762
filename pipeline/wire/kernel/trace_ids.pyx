"""Reading ids. Letters beyond ASCII stand in none, so bytes will do for text."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memset

from pipeline.wire.kernel.json_read cimport nibble
from pipeline.wire.kernel.walk cimport any_bit

cdef enum:
    UUID_SIZE = 36
    XRAY_SIZE = 35
    TRACEPARENT_SIZE = 55


cdef bint parse_trace_id(Text text, uint8_t* trace_id) noexcept nogil:
    """Read a trace id in any of the forms that `trace_ids.parse_trace_id` lists, in any case of letters."""
    if text.size == UUID_SIZE:
        return parse_uuid(text, trace_id)
    if text.size == XRAY_SIZE:
        return parse_xray(text, trace_id)
    if is_decimal(text):
        return trace_id_from_decimal(text, trace_id)
    if text.size == 2 * SPAN_ID_BYTES:
        memset(trace_id, 0, SPAN_ID_BYTES)
        return parse_hex(text, trace_id + SPAN_ID_BYTES, SPAN_ID_BYTES)
    return parse_hex(text, trace_id, TRACE_ID_BYTES)


cdef bint parse_span_id(Text text, uint8_t* span_id) noexcept nogil:
    """Read a span id: 16 hex digits in any case, or an unsigned 64-bit decimal number."""
    if text.size == 2 * SPAN_ID_BYTES:
        return parse_hex(text, span_id, SPAN_ID_BYTES)
    return span_id_from_decimal(text, span_id)


cdef bint parse_traceparent(Text text, uint8_t* trace_id, uint8_t* span_id) noexcept nogil:
    """Read a W3C `traceparent`: hex in lower case; something may follow, but not in version 00, and version ff is none."""
    cdef uint8_t[2] ends  # version and flags
    cdef size_t index
    if text.size < TRACEPARENT_SIZE or text.at[2] != c'-' or text.at[35] != c'-' or text.at[52] != c'-':
        return False
    for index in range(<size_t>TRACEPARENT_SIZE):
        if c'A' <= text.at[index] <= c'F':
            return False
    if not read_hex(text.at, &ends[0], 1) or not read_hex(text.at + 53, &ends[1], 1) or ends[0] == 0xFF:
        return False
    if text.size > TRACEPARENT_SIZE and (ends[0] == 0 or text.at[TRACEPARENT_SIZE] != c'-'):
        return False
    return parse_hex(Text(text.at + 3, 32), trace_id, TRACE_ID_BYTES) and parse_hex(Text(text.at + 36, 16), span_id, SPAN_ID_BYTES)


cdef bint parse_hex(Text text, uint8_t* id, size_t size) noexcept nogil:
    """Read an id of `size` bytes as hex digits in any case."""
    return text.size == 2 * size and read_hex(text.at, id, size) and any_bit(id, size)


cdef bint trace_id_from_decimal(Text text, uint8_t* trace_id) noexcept nogil:
    """Read the low 64 bits of a trace id as a decimal number; the others are zero."""
    memset(trace_id, 0, SPAN_ID_BYTES)
    return span_id_from_decimal(text, trace_id + SPAN_ID_BYTES)


cdef bint span_id_from_decimal(Text text, uint8_t* span_id) noexcept nogil:
    """Read an unsigned 64-bit decimal number above zero."""
    cdef uint64_t value = 0
    cdef uint8_t digit
    cdef size_t index
    if not is_decimal(text):
        return False
    for index in range(text.size):
        digit = text.at[index] - c'0'
        if value > (<uint64_t>-1 - digit) // 10:
            return False
        value = 10 * value + digit
    for index in range(<size_t>SPAN_ID_BYTES):
        span_id[index] = <uint8_t>(value >> 8 * (SPAN_ID_BYTES - 1 - index))
    return value != 0


cdef bint is_decimal(Text text) noexcept nogil:
    """Tell whether a text is one to twenty decimal digits."""
    cdef size_t index
    if not 1 <= text.size <= 20:
        return False
    for index in range(text.size):
        if not c'0' <= text.at[index] <= c'9':
            return False
    return True


cdef bint parse_uuid(Text text, uint8_t* trace_id) noexcept nogil:
    cdef uint8_t[32] digits
    if text.at[8] != c'-' or text.at[13] != c'-' or text.at[18] != c'-' or text.at[23] != c'-':
        return False
    memcpy(digits, text.at, 8)
    memcpy(digits + 8, text.at + 9, 4)
    memcpy(digits + 12, text.at + 14, 4)
    memcpy(digits + 16, text.at + 19, 4)
    memcpy(digits + 20, text.at + 24, 12)
    return parse_hex(Text(&digits[0], 32), trace_id, TRACE_ID_BYTES)


cdef bint parse_xray(Text text, uint8_t* trace_id) noexcept nogil:
    """Read AWS X-Ray's form: `1-<8 digits>-<24 digits>`."""
    cdef uint8_t[32] digits
    if text.at[0] != c'1' or text.at[1] != c'-' or text.at[10] != c'-':
        return False
    memcpy(digits, text.at + 2, 8)
    memcpy(digits + 8, text.at + 11, 24)
    return parse_hex(Text(&digits[0], 32), trace_id, TRACE_ID_BYTES)


cdef bint read_hex(const uint8_t* at, uint8_t* to, size_t size) noexcept nogil:
    """Read twice as many hex digits as bytes."""
    cdef int high, low
    cdef size_t index
    for index in range(size):
        high, low = nibble(at[2 * index]), nibble(at[2 * index + 1])
        if high < 0 or low < 0:
            return False
        to[index] = <uint8_t>(high << 4 | low)
    return True
