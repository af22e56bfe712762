"""Redaction of JSON inside a string: key rules for its members, detectors for each string in it."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memchr, memcpy, memset

from pipeline.wire.kernel.arena cimport no_memory, taken
from pipeline.wire.kernel.redact_desk cimport (
    CHANGED, UNCHANGED, UNDECIDED, Scratch, add_edit, escape_edit, judged_name, room_in
)
from pipeline.wire.kernel.redact_distinct cimport DistinctNames, claim_name, release_names, take_name
from pipeline.wire.kernel.redact_json cimport BARE_WORD, LIST, MAX_DEPTH, OBJECT, STRING, Json, Node, is_scalar, unescaped
from pipeline.wire.kernel.redact_keys cimport DATA, KEYWORD, RULE_SHIFT, SENSITIVE, WORD_MASK, WORD_SHIFT
from pipeline.wire.kernel.redact_names cimport keywords_in
from pipeline.wire.kernel.redact_patterns cimport is_excused
from pipeline.wire.kernel.redact_rules cimport DRY_RUN, KV_SECRET, NO_SECRET, Groups, Program, Rule, Word, bit
from pipeline.wire.kernel.redact_scan cimport SCAN_READ
from pipeline.wire.kernel.redact_search cimport same
from pipeline.wire.kernel.redact_secrets cimport is_secret_value
from pipeline.wire.kernel.redact_text cimport find_edits, find_matches, is_settled

cdef struct Named:
    # Up to which node the name of a list counts, and the groups whose keywords it has.
    size_t next
    Groups near

cdef struct Content:
    # What a name or value says.
    Cursor start
    Cursor stop
    Cursor limit
    bint escaped  # it says something else than what is written


cdef int find_in_json(Desk* desk, Rulebook book, Cursor limit, int levels) except -1 nogil:
    """Add the edits of the JSON that was read for this level."""
    cdef Json* json = &desk.json[levels]
    cdef size_t index = 0
    cdef const Node* node
    cdef int outcome, depth = 0
    cdef Named around[MAX_DEPTH + 1]
    around[0] = Named(json.count, desk.search.near)
    while index < json.count:
        node = &json.list[index]
        outcome = UNCHANGED
        while index >= around[depth].next:
            depth -= 1
        if node.kind == OBJECT and judge_names(desk, book, json, index, limit) == UNDECIDED:
            return UNDECIDED
        if node.name is not NULL:
            if node.verdict & DATA:
                rename(desk, book, node)
            outcome = find_in_member(desk, book, node, limit, levels)
            if outcome == CHANGED:  # it is decided: nothing in it is looked at
                index = node.next
                continue
        if outcome == UNCHANGED:
            desk.search.near = around[depth].near
            if node.name is not NULL:
                read_near(desk, book, node, limit, &desk.search.near)
            if node.kind == LIST:  # its elements are called what it is called
                depth += 1
                around[depth] = Named(node.next, desk.search.near)
            elif node.kind == STRING:
                outcome = find_in_string(desk, book, node, limit, levels)
            elif node.kind == BARE_WORD:
                outcome = find_in_bare(desk, book, node, limit)
        if outcome == UNDECIDED:
            return UNDECIDED
        index += 1
    return UNCHANGED


cdef int read_near(Desk* desk, Rulebook book, const Node* node, Cursor limit, Groups* near) except -1 nogil:
    """Tell the groups whose keywords the name of a member has."""
    cdef Content name
    near[0] = 0
    if node.verdict & KEYWORD:
        read_content(&desk.name, &name, node.name, node.name_stop, limit)
        near[0] = keywords_in(&book.program, name.start, name.stop)
    return 0


cdef int read_content(Scratch* buffer, Content* content, Cursor start, Cursor stop, Cursor limit) except -1 nogil:
    """Take the quotes off a name or value, and resolve its escapes."""
    cdef uint8_t* said
    content.start, content.stop, content.limit, content.escaped = start, stop, limit, False
    if start[0] != c'"' and start[0] != c"'":
        return 0
    content.start += 1
    content.stop -= 1
    if memchr(content.start, c"\\", content.stop - content.start) is NULL:
        return 0
    said = room_in(buffer, content.stop - content.start + SCAN_READ)
    content.stop = unescaped(content.start, content.stop, said, NULL)
    content.start = said
    content.limit = content.stop + SCAN_READ
    content.escaped = True
    return 0


# ---- names ----


cdef int judge_names(Desk* desk, Rulebook book, Json* json, size_t object_, Cursor limit) except -1 nogil:
    """Note of each name of an object what it says."""
    cdef size_t index = object_ + 1
    cdef Node* node
    cdef Content name
    cdef int verdicts = 0
    while index < json.list[object_].next:
        node = &json.list[index]
        read_content(&desk.name, &name, node.name, node.name_stop, limit)
        node.verdict = judged_name(desk, book, name.start, name.stop, name.limit)
        verdicts |= node.verdict
        index = node.next
    return rename_data(desk, book, json, object_, limit) if verdicts & DATA else UNCHANGED


cdef inline bint is_renamed(const Program* program, const Node* node) noexcept nogil:
    """Tell whether the name of a member is data that is replaced."""
    return node.verdict & DATA and program.rules[node.verdict >> RULE_SHIFT].action != DRY_RUN


cdef int rename_data(Desk* desk, Rulebook book, Json* json, size_t object_, Cursor limit) except -1 nogil:
    """Choose for each name that is data one that no other member of the object has."""
    cdef const Program* program = &book.program
    cdef size_t index = object_ + 1
    cdef DistinctNames names
    cdef Node* node
    cdef Content name
    cdef const Rule* rule
    memset(&names, 0, sizeof(names))
    try:
        while index < json.list[object_].next:
            node = &json.list[index]
            if not is_renamed(program, node):
                read_content(&desk.name, &name, node.name, node.name_stop, limit)
                take_name(&names, kept(desk, &name), name.stop - name.start)
            index = node.next
        index = object_ + 1
        while index < json.list[object_].next:
            node = &json.list[index]
            if node.verdict & DATA:
                rule = &program.rules[node.verdict >> RULE_SHIFT]
                if not rule.known:
                    return UNDECIDED
                if rule.action != DRY_RUN:
                    claim_name(&names, &desk.written, &rule.replacement, &node.new_name, &node.new_name_size)
            index = node.next
    finally:
        release_names(&names)
    return UNCHANGED


cdef Cursor kept(Desk* desk, const Content* name) except NULL nogil:
    """Return a name that stays as long as the edits: one with escapes is only read into a buffer."""
    cdef uint8_t* text
    if not name.escaped:
        return name.start
    text = taken(&desk.written, name.stop - name.start)
    if text is NULL:
        no_memory()
        return NULL
    memcpy(text, name.start, name.stop - name.start)
    return text


cdef int rename(Desk* desk, Rulebook book, const Node* node) except -1 nogil:
    """Write the new name of a member: as a string, but a bare word stays bare."""
    cdef int32_t order = node.verdict >> RULE_SHIFT
    cdef uint8_t quote = c'"'
    if node.name[0] == c"'":
        quote = c"'"
    elif node.name[0] != c'"' and not is_scalar(node.name, node.name_stop):
        quote = 0
    add_edit(desk, &book.program.rules[order], order, node.name, node.name_stop, 0)
    desk.edits[desk.edit_count - 1].text = node.new_name
    desk.edits[desk.edit_count - 1].size = node.new_name_size
    return put_in_quotes(desk, quote)


cdef int put_in_quotes(Desk* desk, uint8_t quote) except -1 nogil:
    """Have the last edit written as a string with these quotes, if there are any."""
    if quote:
        escape_edit(desk, &desk.edits[desk.edit_count - 1], quote)
        desk.edits[desk.edit_count - 1].quote = quote
    return 0


# ---- values ----


cdef int find_in_member(Desk* desk, Rulebook book, const Node* node, Cursor limit, int levels) except -1 nogil:
    """Return `CHANGED` when the name decides what becomes of the value, whatever that is."""
    cdef const Program* program = &book.program
    cdef const Rule* rule
    cdef Content said
    cdef int32_t order
    cdef Word word = NO_SECRET
    if node.kind == STRING and program.kinds & bit(KV_SECRET):
        word = <Word>(node.verdict >> WORD_SHIFT & WORD_MASK)
    if not node.verdict & SENSITIVE and word == NO_SECRET:
        return UNCHANGED
    if node.kind == OBJECT or node.kind == LIST:
        return replace_value(desk, book, &program.key_rule, program.rule_count, node)
    if node.kind == BARE_WORD and node.stop - node.start == 4 and (
        same(node.start, node.stop, b"null", 4) or same(node.start, node.stop, b"None", 4)
    ):
        return CHANGED if node.verdict & SENSITIVE else UNCHANGED
    read_content(&desk.said[levels], &said, node.start, node.stop, limit)
    if node.verdict & SENSITIVE:
        order = program.rule_count
        rule = &program.key_rule
    elif is_secret_value(word, said.start, said.stop):
        order = program.rule_of[<int>KV_SECRET]
        if program.excuses and is_excused(book, order, said.start, said.stop):
            return UNCHANGED
        rule = &program.rules[order]
    else:
        return UNCHANGED
    if not rule.known:
        return UNDECIDED
    if is_settled(book, said.start, said.stop):
        return CHANGED if node.verdict & SENSITIVE else UNCHANGED
    return replace_value(desk, book, rule, order, node)


cdef int replace_value(Desk* desk, Rulebook book, const Rule* rule, int32_t order, const Node* node) except -1 nogil:
    """Write a replacement over a whole value: as a string, but a bare word stays bare."""
    cdef uint8_t quote = c'"'
    if not rule.known:
        return UNDECIDED
    if node.kind == STRING:
        quote = node.start[0]
    elif node.kind == BARE_WORD and not is_scalar(node.start, node.stop):
        quote = 0
    elif node.name is not NULL and node.name[0] == c"'":
        quote = c"'"
    add_edit(desk, rule, order, node.start, node.stop, 0)
    put_in_quotes(desk, quote)
    return CHANGED


cdef int find_in_string(Desk* desk, Rulebook book, const Node* node, Cursor limit, int levels) except -1 nogil:
    cdef Content said
    cdef size_t first = desk.edit_count, index
    read_content(&desk.said[levels], &said, node.start, node.stop, limit)
    if find_edits(desk, book, said.start, said.stop, said.limit, levels) == UNDECIDED:
        return UNDECIDED
    for index in range(first, desk.edit_count):
        escape_edit(desk, &desk.edits[index], node.start[0])
    if said.escaped and desk.edit_count > first:
        move_edits(desk, levels, first, node)
    return UNCHANGED


cdef int move_edits(Desk* desk, int levels, size_t first, const Node* node) except -1 nogil:
    """Make edits of what a string says edits of how it is written."""
    cdef Cursor start = node.start + 1, stop = node.stop - 1
    cdef uint8_t* said = desk.said[levels].bytes
    cdef uint32_t* places = <uint32_t*>room_in(&desk.places[levels], (stop - start + 1) * sizeof(uint32_t))
    cdef size_t index
    unescaped(start, stop, said, places)
    for index in range(first, desk.edit_count):
        desk.edits[index].start = start + places[desk.edits[index].start - said]
        desk.edits[index].stop = start + places[desk.edits[index].stop - said]
    return 0


cdef int find_in_bare(Desk* desk, Rulebook book, const Node* node, Cursor limit) except -1 nogil:
    cdef size_t first = desk.edit_count
    cdef int32_t order
    if find_matches(desk, book, node.start, node.stop, limit) == UNDECIDED:
        return UNDECIDED
    if desk.edit_count > first and is_scalar(node.start, node.stop):
        order = desk.edits[first].rule  # a number can't hold a tag: it becomes a string
        desk.edit_count = first
        add_edit(desk, &book.program.rules[order], order, node.start, node.stop, 0)
        put_in_quotes(desk, c'"')
    return UNCHANGED
