"""Redaction of attributes: the name decides how the value is looked at."""

from cpython.ref cimport PyObject
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint64_t

from pipeline.wire.kernel.edits cimport Frame, close_frame, drop_frame
from pipeline.wire.kernel.redact_books cimport KEY, Place, begin, field_of, keep_last_entry, put_entry, refuse, unknown
from pipeline.wire.kernel.redact_desk cimport CHANGED, DROPPED, UNCHANGED, judged_name
from pipeline.wire.kernel.redact_distinct cimport claim_name, take_name
from pipeline.wire.kernel.redact_keys cimport DATA, KEYWORD, RULE_SHIFT, SAFE, SENSITIVE, UNLISTED
from pipeline.wire.kernel.redact_leaf cimport put_answer, redact_leaf, replace_text
from pipeline.wire.kernel.redact_rules cimport DROP, DRY_RUN, Literal, Rule
from pipeline.wire.kernel.redact_scopes cimport attributes_of, rules_of
from pipeline.wire.kernel.redact_sensitive cimport redact_sensitive
from pipeline.wire.kernel.redact_values cimport redact_value
from pipeline.wire.kernel.tables cimport (
    AnyValue_string_value, KIND_message, KeyValue, KeyValueList, KeyValue_key, KeyValue_value, OtlpField
)
from pipeline.wire.kernel.walk cimport DELIMITED, Fault, next_field, varint

from pipeline.wire.reference.redact_actions import Place as TextPlace


cdef inline bint is_one_field(Cursor at, Cursor stop, uint8_t tag, Visit* visit, Fault* fault) noexcept nogil:
    """Read a delimited field that fills a message to its end; False where that is not what stands here."""
    cdef uint64_t length
    if at == stop or at[0] != tag:
        return False
    visit.at = at
    visit.number = tag >> 3
    visit.wire = DELIMITED
    visit.value = varint(at + 1, stop, &length, fault)
    visit.stop = stop
    return visit.value is not NULL and length == <uint64_t>(stop - visit.value)


cdef int judged_key(Walk* walk, Rulebook book, Cursor start, Cursor stop) except -1 nogil:
    """Return what the name of an attribute says; when it is asked for again at once, it is not judged again."""
    if start != walk.judged_name or stop != walk.judged_name_stop or <PyObject*>book != walk.judged_by:
        walk.verdict = judged_name(&walk.desk, book, start, stop, walk.limit)
        walk.judged_name, walk.judged_name_stop, walk.judged_by = start, stop, <PyObject*>book
    return walk.verdict


cdef int redact_attribute(
    Walk* walk, Rulebook book, Map* map, const Visit* visit, int location, int depth
) except -1 nogil:
    """Redact an attribute: `DROPPED` when it went."""
    cdef Cursor name = visit.value + 2, name_stop
    cdef Visit value, string
    cdef int verdict, outcome
    cdef size_t mark = walk.log.count
    cdef Frame frame, inner
    # what nearly all of them are: a key, then a value
    if visit.stop - visit.value < 4 or visit.value[0] != (KeyValue_key << 3 | DELIMITED) or visit.value[1] >= 0x80:
        return redact_odd_attribute(walk, book, map, visit, location, depth)
    if visit.value[1] >= visit.stop - name or (walk.scopes.count and attributes_of(map.message)):
        return redact_odd_attribute(walk, book, map, visit, location, depth)
    name_stop = name + visit.value[1]
    if not is_one_field(name_stop, visit.stop, KeyValue_value << 3 | DELIMITED, &value, &walk.fault):
        return redact_odd_attribute(walk, book, map, visit, location, depth)
    verdict = judged_key(walk, book, name, name_stop)
    if verdict & (DATA | UNLISTED):
        return redact_odd_attribute(walk, book, map, visit, location, depth)
    walk.name, walk.name_stop = name if verdict & KEYWORD else NULL, name_stop
    if not verdict & SENSITIVE and is_one_field(
        value.value, value.stop, AnyValue_string_value << 3 | DELIMITED, &string, &walk.fault
    ):
        if verdict & SAFE:
            return 0
        outcome = redact_leaf(walk, book, string.value, string.stop, Place(location, False, True))
        if outcome == UNCHANGED:
            return 0
        begin(walk, visit, &frame)
        if outcome == CHANGED:
            begin(walk, &value, &inner)
            replace_text(walk, &string)
            close_frame(&walk.edits, &value, &inner)
    else:
        begin(walk, visit, &frame)
        if verdict & SENSITIVE:
            outcome = redact_sensitive(walk, book, &value, Place(location, False, True))
        else:
            outcome = redact_value(walk, book, &value, Place(location, False, True), depth, verdict & SAFE)
    return end_attribute(walk, visit, &frame, mark, outcome)


cdef int end_attribute(Walk* walk, const Visit* visit, const Frame* frame, size_t mark, int outcome) except -1 nogil:
    if outcome == DROPPED:
        keep_last_entry(walk, mark)
        drop_frame(&walk.edits, visit, frame)
    else:
        close_frame(&walk.edits, visit, frame)
    return outcome


cdef int redact_odd_attribute(
    Walk* walk, Rulebook book, Map* map, const Visit* visit, int location, int depth
) except -1 nogil:
    """Redact an attribute with its fields in any order and number, or with a key that is data."""
    cdef Cursor at = visit.value, name = visit.value, stop = visit.value
    cdef Visit field
    while at < visit.stop:
        at = next_field(at, visit.stop, &field, &walk.fault)
        if at is NULL:
            return refuse(walk)
        if field.number == KeyValue_key and field.wire == DELIMITED:
            name, stop = field.value, field.stop  # the last one counts
    return redact_by(
        walk, book, <Rulebook>rules_of(walk.scopes, book, attributes_of(map.message), name, stop), map, visit, location, depth
    )


cdef int redact_by(
    Walk* walk, Rulebook book, Rulebook values, Map* map, const Visit* visit, int location, int depth
) except -1 nogil:
    """Redact an attribute by the rules that hold for its value; those of its map hold for its key as a text."""
    cdef Cursor at = visit.value
    cdef Visit field
    cdef const OtlpField* expected_field
    cdef int verdict = -1, outcome = 0, any_key = 0, all_keys = SAFE
    cdef bint named = False
    cdef size_t mark = walk.log.count
    cdef Frame frame
    walk.name = NULL
    while at < visit.stop:
        at = next_field(at, visit.stop, &field, &walk.fault)
        if at is NULL:
            return refuse(walk)
        if field.number == KeyValue_key and field.wire == DELIMITED:
            verdict = judged_key(walk, values, field.value, field.stop)
            any_key |= verdict
            all_keys &= verdict
            walk.name, walk.name_stop = field.value, field.stop
            named = True
    begin(walk, visit, &frame)
    if values.program.lists and map.message != KeyValueList:
        if not named:
            verdict = judged_name(&walk.desk, values, visit.value, visit.value, walk.limit)
        if verdict & UNLISTED:  # the last one counts
            put_entry(walk, values, values.program.rule_count, location, DROP)
            return end_attribute(walk, visit, &frame, mark, DROPPED)
    at = visit.value
    while at < visit.stop and outcome != DROPPED:
        at = next_field(at, visit.stop, &field, &walk.fault)
        expected_field = field_of(walk, KeyValue, &field)
        if expected_field is NULL:
            return refuse(walk)
        if expected_field.wires == 0 or expected_field.absent:
            unknown(walk, &field)
        elif expected_field.kind != KIND_message:
            outcome = redact_key(walk, book, map, &field)
        elif any_key & SENSITIVE:
            outcome = redact_sensitive(walk, values, &field, Place(location, False, True))
        else:
            outcome = redact_value(walk, values, &field, Place(location, False, True), depth, named and all_keys & SAFE)
    return end_attribute(walk, visit, &frame, mark, outcome)


cdef int redact_key(Walk* walk, Rulebook book, Map* map, const Visit* visit) except -1 nogil:
    """Redact a key that is data: it is replaced as a whole, and differs from all others of its map."""
    cdef int verdict = judged_key(walk, book, visit.value, visit.stop)
    cdef int outcome
    cdef const Rule* rule
    cdef Literal wanted
    if not verdict & DATA:
        return 0
    rule = &book.program.rules[verdict >> RULE_SHIFT]
    if rule.known:
        put_entry(walk, book, verdict >> RULE_SHIFT, KEY, rule.action)
        if rule.action == DRY_RUN:
            return 0
        wanted = rule.replacement
    else:
        outcome = ask_about_key(walk, book, visit)
        if outcome != CHANGED:
            return outcome
        wanted = Literal(walk.desk.result, walk.desk.result_size)
    if not map.has_names:
        take_kept_names(walk, book, map)
    claim_name(&map.names, &walk.edits.arena, &wanted, &walk.desk.result, &walk.desk.result_size)
    replace_text(walk, visit)
    return CHANGED


cdef int ask_about_key(Walk* walk, Rulebook book, const Visit* visit) except -1 with gil:
    name = visit.value[: visit.stop - visit.value]
    return put_answer(walk, book, name, book.text.redact_key(name, TextPlace("key", droppable=True)), KEY)


cdef int take_kept_names(Walk* walk, Rulebook book, Map* map) except -1 nogil:
    """Note the keys of a map that stay as they are."""
    cdef Cursor at = map.start, inside
    cdef Visit visit, field
    cdef const OtlpField* expected_field
    map.has_names = True
    while at < map.stop:
        at = next_field(at, map.stop, &visit, &walk.fault)
        if at is NULL:
            return refuse(walk)
        expected_field = field_of(walk, map.message, &visit)
        if expected_field is NULL:
            return refuse(walk)
        if expected_field.wires == 0 or expected_field.kind != KIND_message or expected_field.message != KeyValue:
            continue
        inside = visit.value
        while inside < visit.stop:
            inside = next_field(inside, visit.stop, &field, &walk.fault)
            if inside is NULL:
                return refuse(walk)
            if field.number == KeyValue_key and field.wire == DELIMITED:
                if not judged_key(walk, book, field.value, field.stop) & DATA:
                    take_name(&map.names, field.value, field.stop - field.value)
    return 0
