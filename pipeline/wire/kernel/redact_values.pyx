"""Redaction of values whose name, if they have one, says nothing of them: texts, numbers, arrays and maps."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint64_t
from libc.string cimport memcpy

from pipeline.wire.kernel.arena cimport no_memory
from pipeline.wire.kernel.edits cimport Frame, add_edit, close_frame, undo_frame
from pipeline.wire.kernel.json_write cimport is_utf8
from pipeline.wire.kernel.redact_accounts cimport is_card
from pipeline.wire.kernel.redact_books cimport begin, field_of, keep_last_entry, named, put_entry, refuse, unknown
from pipeline.wire.kernel.redact_desk cimport CHANGED, DROPPED, UNCHANGED
from pipeline.wire.kernel.redact_keyed cimport MOST_FORMS, Form, forms_of_digits
from pipeline.wire.kernel.redact_leaf cimport put_answer, redact_leaf, replace_text
from pipeline.wire.kernel.redact_messages cimport redact_message
from pipeline.wire.kernel.redact_names cimport keywords_in
from pipeline.wire.kernel.redact_patterns cimport is_excused
from pipeline.wire.kernel.redact_rules cimport (
    CARD, DROP, DROP_BYTES, DRY_RUN, MASK, PASS_BYTES, SCAN_BYTES, Groups, Program, Rule
)
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.redact_text cimport is_settled
from pipeline.wire.kernel.tables cimport (
    AnyValue, AnyValue_array_value, AnyValue_bytes_value, AnyValue_double_value, AnyValue_int_value, AnyValue_kvlist_value,
    AnyValue_string_value, ArrayValue, KeyValueList, OtlpField,
)
from pipeline.wire.kernel.walk cimport MAX_DEPTH, TOO_DEEP, Cursor, fixed64, next_field, refused, varint

cdef enum:
    SHORT_VARINT = 5  # bytes: they hold numbers of up to 11 digits, and no card number is as short
    MAX_TEXT_IN_BYTES = 64 * 1024
    LEAST_DIGITS = 9  # of a whole number that a name can say what it is


cdef int redact_value(
    Walk* walk, Rulebook book, const Visit* visit, Place place, int depth, bint safe
) except -1 nogil:
    """Redact an AnyValue: `DROPPED` when what holds it has to go."""
    cdef Cursor at = visit.value, name, name_stop
    cdef Visit field
    cdef Frame frame, inner
    cdef const OtlpField* expected_field
    cdef int outcome = 0
    begin(walk, visit, &frame)
    while at < visit.stop:
        at = next_field(at, visit.stop, &field, &walk.fault)
        if at is NULL:
            return refuse(walk)
        expected_field = field_of(walk, AnyValue, &field)
        if expected_field is NULL:
            return refuse(walk)
        if expected_field.wires == 0 or expected_field.absent:
            unknown(walk, &field)
        elif field.number == AnyValue_array_value or field.number == AnyValue_kvlist_value:
            if depth == MAX_DEPTH:
                refused(&walk.fault, TOO_DEEP, field.at)
                return refuse(walk)
            begin(walk, &field, &inner)
            if field.number == AnyValue_array_value:
                redact_elements(walk, book, &field, place, depth + 1)
            else:
                name, name_stop = walk.name, walk.name_stop
                redact_message(walk, book, field.value, field.stop, KeyValueList, place.location, depth + 1)
                walk.name, walk.name_stop = name, name_stop
            close_frame(&walk.edits, &field, &inner)
        elif field.number == AnyValue_string_value or field.number == AnyValue_bytes_value:
            if field.number == AnyValue_string_value:
                if safe:
                    continue
            elif book.program.bytes_values == DROP_BYTES:
                outcome = drop_bytes(walk, book, &field, place)
            elif (
                book.program.bytes_values == PASS_BYTES
                or field.stop - field.value > MAX_TEXT_IN_BYTES
                or not is_utf8(field.value, field.stop)
            ):
                walk.opaque_bytes += 1
                continue
            if field.number == AnyValue_string_value or book.program.bytes_values == SCAN_BYTES:
                outcome = redact_leaf(walk, book, field.value, field.stop, place)
            if outcome == CHANGED:
                replace_text(walk, &field)
        elif field.number == AnyValue_int_value or field.number == AnyValue_double_value:
            outcome = redact_number(walk, book, &field, place)
        if outcome == DROPPED:
            undo_frame(&walk.edits, &frame)
            return DROPPED
    close_frame(&walk.edits, visit, &frame)
    return 0


cdef int drop_bytes(Walk* walk, Rulebook book, const Visit* visit, Place place) except -1 nogil:
    """Have a byte value go, or mask it where nothing can be removed."""
    if is_settled(book, visit.value, visit.stop):
        return UNCHANGED
    put_entry(walk, book, book.program.rule_count + 1, place.location, DROP if place.droppable else MASK)
    if place.droppable:
        return DROPPED
    walk.desk.result, walk.desk.result_size = book.program.masks[0].text, book.program.masks[0].size
    return CHANGED


cdef int redact_elements(Walk* walk, Rulebook book, const Visit* visit, Place place, int depth) except -1 nogil:
    cdef Cursor at = visit.value
    cdef Visit element
    cdef const OtlpField* field
    cdef size_t mark
    place.droppable = True
    while at < visit.stop:
        at = next_field(at, visit.stop, &element, &walk.fault)
        if at is NULL:
            return refuse(walk)
        field = field_of(walk, ArrayValue, &element)
        if field is NULL:
            return refuse(walk)
        if field.wires == 0:
            unknown(walk, &element)
            continue
        mark = walk.log.count
        if redact_value(walk, book, &element, place, depth, False) == DROPPED:
            keep_last_entry(walk, mark)
            if not add_edit(&walk.edits, element.at, element.stop, NULL, 0):
                return no_memory()
    return 0


cdef int redact_number(Walk* walk, Rulebook book, const Visit* visit, Place place) except -1 nogil:
    """Redact a number that is a card number, or what the name of its attribute says; it becomes a string."""
    cdef uint8_t digits[MAX_DIGITS]
    cdef Visit string = visit[0]
    cdef int size, outcome, order = book.program.rule_of[<int>CARD]
    cdef const Rule* rule
    cdef bint named = walk.name is not NULL and book.program.reads_numbers
    if not book.program.finds_card_numbers:
        order = -1
    if order < 0 and not named:
        return 0
    if not named and visit.number == AnyValue_int_value and visit.stop - visit.value <= SHORT_VARINT:
        return 0
    size = whole_number(visit, digits, &walk.fault)
    if order < 0 or size < 12 or not is_card(digits, size) or is_allowed(book, order, digits, size):
        order = rule_by_name(walk, book, digits, size) if named and size >= LEAST_DIGITS else -1
        if order < 0:
            return 0
    rule = &book.program.rules[order]
    if rule.known:
        put_entry(walk, book, order, place.location, rule.action)
        if rule.action == DRY_RUN:
            return 0
        walk.desk.result, walk.desk.result_size = rule.replacement.text, rule.replacement.size
    else:
        outcome = ask_about_number(walk, book, digits, size, place)
        if outcome != CHANGED:
            return outcome
    string.number = AnyValue_string_value
    walk.type_changed += 1
    return replace_text(walk, &string)


cdef inline bint is_allowed(Rulebook book, int order, Cursor digits, int size) except -1 nogil:
    return book.program.excuses and is_excused(book, order, digits, digits + size)


cdef int rule_by_name(const Walk* walk, Rulebook book, Cursor digits, int size) except -2 nogil:
    """Return the rule that means a whole number under a name that has its keyword, -1 without one."""
    cdef const Program* program = &book.program
    cdef Search search
    cdef Form forms[MOST_FORMS]
    cdef Groups groups = keywords_in(program, walk.name, walk.name_stop)
    cdef int32_t order, best = -1
    cdef int index
    if groups == 0:
        return -1
    search.start, search.stop, search.program = digits, digits + size, program
    for index in range(forms_of_digits(&search, digits, forms)):
        order = program.rule_of_group[forms[index].group]
        if groups >> forms[index].group & 1 and forms[index].stop == search.stop:
            if (best < 0 or comes_before(program, order, best)) and not is_allowed(book, order, digits, size):
                best = order
    return best


cdef inline bint comes_before(const Program* program, int32_t one, int32_t other) noexcept nogil:
    if program.rules[one].priority != program.rules[other].priority:
        return program.rules[one].priority < program.rules[other].priority
    return one < other


cdef int ask_about_number(Walk* walk, Rulebook book, Cursor digits, int size, Place place) except -1 with gil:
    text = digits[:size]
    return put_answer(walk, book, text, book.text.redact_number(text, named(walk, place)), place.location)


cdef int whole_number(const Visit* visit, uint8_t* digits, Fault* fault) noexcept nogil:
    """Write the digits of a whole number that is not negative, and return how many; 0 for any other value, -1 and a fault."""
    cdef uint64_t value, rest
    cdef double double_
    cdef int size = 1
    if visit.number == AnyValue_int_value:
        if varint(visit.value, visit.stop, &value, fault) is NULL:
            return -1
        if value >> 63:
            return 0
    else:
        value = fixed64(visit.value)
        memcpy(&double_, &value, 8)
        if not 0 <= double_ < 9007199254740992.0:  # 2 to the 53: whole numbers are exact below
            return 0
        value = <uint64_t>double_
        if <double>value != double_:
            return 0
    rest = value
    while rest >= 10:
        rest //= 10
        size += 1
    rest = size
    while rest:
        rest -= 1
        digits[rest] = c"0" + value % 10
        value //= 10
    return size
