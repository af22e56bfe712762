"""How other systems write trace and span ids: `pipeline/trace_ids.py` in C. Ids are bytes here, 16 or 8, never all zero.

Each function reads a text whole; it returns False, and may have written to the id, when the text is no such id.
"""

from libc.stdint cimport uint8_t

from pipeline.wire.kernel.values cimport Text

cdef enum:
    TRACE_ID_BYTES = 16
    SPAN_ID_BYTES = 8

cdef bint parse_trace_id(Text text, uint8_t* trace_id) noexcept nogil
cdef bint parse_span_id(Text text, uint8_t* span_id) noexcept nogil
cdef bint parse_traceparent(Text text, uint8_t* trace_id, uint8_t* span_id) noexcept nogil
cdef bint parse_hex(Text text, uint8_t* id, size_t size) noexcept nogil
cdef bint trace_id_from_decimal(Text text, uint8_t* trace_id) noexcept nogil
cdef bint span_id_from_decimal(Text text, uint8_t* span_id) noexcept nogil
