"""Values that are replaced unseen, because of their name."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t

from pipeline.wire.kernel.arena cimport no_memory
from pipeline.wire.kernel.edits cimport Frame, add_edit, close_frame
from pipeline.wire.kernel.redact_books cimport begin, named, put_entry, refuse
from pipeline.wire.kernel.redact_desk cimport CHANGED, DROPPED, UNCHANGED
from pipeline.wire.kernel.redact_leaf cimport keep_text, put_answer
from pipeline.wire.kernel.redact_rules cimport DROP, DRY_RUN, Rule
from pipeline.wire.kernel.redact_text cimport is_settled
from pipeline.wire.kernel.redact_values cimport MAX_DIGITS, whole_number
from pipeline.wire.kernel.tables cimport (
    AnyValue_bytes_value, AnyValue_double_value, AnyValue_int_value, AnyValue_string_value
)
from pipeline.wire.kernel.walk cimport DELIMITED, FIXED64, VARINT, Cursor, next_field

from pipeline.wire.reference.walk import delimited


cdef int redact_sensitive(Walk* walk, Rulebook book, const Visit* visit, Place place) except -1 nogil:
    """Replace a value whose key is sensitive by a string, whatever it was. What has no value keeps none."""
    cdef Cursor at = visit.value, start = NULL, stop = NULL
    cdef Visit field
    cdef uint8_t digits[MAX_DIGITS]
    cdef int count = 0, size
    cdef bint is_string = False
    cdef const Rule* rule = &book.program.key_rule
    if visit.value == visit.stop:
        return 0
    while at < visit.stop:
        at = next_field(at, visit.stop, &field, &walk.fault)
        if at is NULL:
            return refuse(walk)
        count += 1
        if count > 1:
            continue
        is_string = field.number == AnyValue_string_value
        if field.wire == DELIMITED and (is_string or field.number == AnyValue_bytes_value):
            start, stop = field.value, field.stop
        elif (field.wire == VARINT and field.number == AnyValue_int_value) or (
            field.wire == FIXED64 and field.number == AnyValue_double_value
        ):
            start = digits  # of this field, when it is the only one
    if count > 1:
        start, is_string = NULL, False
    elif start == digits:
        size = whole_number(&field, digits, &walk.fault)
        if size < 0:
            return refuse(walk)
        start = digits if size else NULL
        stop = digits + size
    if not rule.known and rule.action != DROP:
        if ask_about_sensitive(walk, book, start, stop, place) == CHANGED:
            walk.type_changed += not is_string
            replace_value(walk, visit, walk.desk.result, walk.desk.result_size)
        return 0
    if start is not NULL and is_settled(book, start, stop):
        return 0
    put_entry(walk, book, book.program.rule_count, place.location, rule.action)
    if rule.action == DROP:
        return DROPPED
    if rule.action != DRY_RUN:
        walk.type_changed += not is_string
        return replace_value(walk, visit, book.program.key_value.text, book.program.key_value.size)
    return 0


cdef int ask_about_sensitive(Walk* walk, Rulebook book, Cursor start, Cursor stop, Place place) except -1 with gil:
    text = None if start is NULL else start[: stop - start]
    answer = book.text.redact_sensitive(text, named(walk, place))
    cdef int outcome = put_answer(walk, book, None, answer, place.location)
    if outcome == CHANGED and (not answer.edits or answer.edits[0][1] == "dry_run"):
        return UNCHANGED
    if outcome == CHANGED:
        keep_text(walk, delimited(AnyValue_string_value, answer.text))
    return outcome


cdef int replace_value(Walk* walk, const Visit* visit, Cursor text, size_t size) except -1 nogil:
    cdef Frame frame
    begin(walk, visit, &frame)
    if not add_edit(&walk.edits, visit.value, visit.stop, text, size):
        return no_memory()
    close_frame(&walk.edits, visit, &frame)
    return 0
