"""Attributes of a payload that was found sound, as encoders write them: in one piece."""

from pipeline.wire.kernel.tables cimport (
    AnyValue_bytes_value, AnyValue_string_value, KeyValue_key, KeyValue_value, KeyValueList_values,
)
from pipeline.wire.kernel.values cimport Text
from pipeline.wire.kernel.walk cimport Cursor, Visit, following

cdef struct Plain:
    # An `AnyValue` on the wire; empty where an attribute has none.
    Cursor at
    Cursor stop


cdef inline bint read_pair(Cursor at, Cursor end, Text* key, Plain* value) noexcept nogil:
    """Read a `KeyValue`; false where its value comes in pieces."""
    cdef Visit visit
    key[0] = Text(at, 0)
    value[0] = Plain(end, end)
    cdef bint given = False
    while at < end:
        at = following(at, end, &visit)
        if visit.number == KeyValue_key:
            key[0] = Text(visit.value, visit.stop - visit.value)
        elif visit.number == KeyValue_value:
            if given:
                return False
            given = True
            value[0] = Plain(visit.value, visit.stop)
    return True


cdef inline bint read_member(Plain value, Visit* member) noexcept nogil:
    """Read the one member of an `AnyValue`, number 0 where it is nothing; false where it has several, or what is none."""
    member[0] = Visit(value.at, value.at, value.at, 0, 0)
    if value.at == value.stop:
        return True
    return following(value.at, value.stop, member) == value.stop and AnyValue_string_value <= member.number <= AnyValue_bytes_value


cdef inline bint has_pairs(const Visit* map) noexcept nogil:
    cdef Visit visit
    cdef Cursor at = map.value
    while at < map.stop:
        at = following(at, map.stop, &visit)
        if visit.number == KeyValueList_values:
            return True
    return False
