"""What OTLP/JSON calls the fields of the messages (otlp contract §3)."""

from libc.string cimport memcmp

from pipeline.wire.kernel cimport tables
from pipeline.wire.kernel.tables cimport KIND_message, KIND_none, MESSAGES, NUMBERS

cdef enum:
    MOST_MESSAGES = 64

cdef JsonField FIELDS[MOST_MESSAGES][NUMBERS]  # filled once, below
_keys = {}  # keeps the text of the keys

_OPTIONAL = {
    (message, number)
    for message, numbers in {
        tables.HistogramDataPoint: (
            tables.HistogramDataPoint_sum, tables.HistogramDataPoint_min, tables.HistogramDataPoint_max
        ),
        tables.ExponentialHistogramDataPoint: (
            tables.ExponentialHistogramDataPoint_sum,
            tables.ExponentialHistogramDataPoint_min,
            tables.ExponentialHistogramDataPoint_max,
        ),
    }.items()
    for number in numbers
}
"""The fields that the schema calls `optional`."""


cdef const JsonField* json_field(uint32_t message, uint32_t number) noexcept nogil:
    return &FIELDS[message][number]


cdef uint32_t number_of(uint32_t message, const char* name, size_t size) noexcept nogil:
    """Return the number of the field with this key, 0 when there is none."""
    cdef int number
    for number in range(1, NUMBERS):
        if FIELDS[message][number].size == size + 3 and memcmp(FIELDS[message][number].key + 1, name, size) == 0:
            return number
    return 0


def _fill(int message):
    cdef int number
    if message >= MOST_MESSAGES:
        raise ImportError("more messages than the kernel has room for")
    for number in range(1, NUMBERS):
        if MESSAGES[message].fields[number].kind == KIND_none or FIELDS[message][number].size:
            continue
        first, *others = MESSAGES[message].names[number].decode().split("_")
        key = f'"{first}{"".join([each.capitalize() for each in others])}":'.encode()
        _keys[message, number] = key
        FIELDS[message][number].key = key
        FIELDS[message][number].size = len(key)
        FIELDS[message][number].presence = MESSAGES[message].fields[number].rival or (message, number) in _OPTIONAL
        if MESSAGES[message].fields[number].kind == KIND_message:
            _fill(MESSAGES[message].fields[number].message)


for _root in (tables.LogsData, tables.TracesData, tables.MetricsData):
    _fill(_root)
