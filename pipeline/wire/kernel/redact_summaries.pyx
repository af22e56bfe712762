"""What records have to say of their redaction; `reference/redact_summary.py` writes it, once the payload is redacted."""

from libc.stdint cimport int64_t

from pipeline.wire.kernel.redact_rules cimport DRY_RUN
from pipeline.wire.kernel.tables cimport KeyValue_key, LogRecord, LogRecord_attributes, Span_attributes
from pipeline.wire.kernel.walk cimport DELIMITED, Cursor, next_field

from pipeline.wire.reference.redact_actions import Place
from pipeline.wire.reference.redact_summary import OWN, Summary


cdef int note_record(
    Walk* walk, Rulebook book, uint32_t message, const Visit* visit, size_t mark, size_t first
) except -1 nogil:
    """Note a log record or span, and what was logged and edited in it since `mark` and `first`."""
    cdef int64_t edits = 0
    cdef size_t index
    for index in range(mark, walk.log.count):
        edits += walk.log.list[index] & 7 != DRY_RUN
    if edits:
        summarise(walk, book, message, visit, edits, first)
    walk.records += 1
    return 0


cdef int summarise(
    Walk* walk, Rulebook book, uint32_t message, const Visit* visit, int64_t edits, size_t first
) except -1 with gil:
    cdef set names = changed_names(walk, message, visit, first) - OWN if walk.names_keys else set()
    keys = frozenset(book.text.redact(name, Place("key", identifies=True)).text for name in names)
    (<list>walk.summaries).append(Summary(walk.records, edits, keys))
    return 0


cdef set changed_names(Walk* walk, uint32_t message, const Visit* visit, size_t first):
    """Return the names of a record's attributes in which something was edited."""
    cdef Cursor at = visit.value, inside
    cdef Visit attribute, field
    cdef set names = set()
    cdef size_t edit = first  # edits lie in the order of the payload, as attributes do
    cdef uint32_t attributes = <uint32_t>LogRecord_attributes if message == LogRecord else <uint32_t>Span_attributes
    while at < visit.stop:
        at = next_field(at, visit.stop, &attribute, &walk.fault)
        while edit < walk.edits.count and walk.edits.list[edit].at < attribute.at:
            edit += 1
        if attribute.number != attributes or attribute.wire != DELIMITED:
            continue
        if edit == walk.edits.count or walk.edits.list[edit].at >= attribute.stop:
            continue
        inside = attribute.value
        while inside < attribute.stop:
            inside = next_field(inside, attribute.stop, &field, &walk.fault)
            if field.number == KeyValue_key and field.wire == DELIMITED:
                names.add(field.value[: field.stop - field.value])
    return names
