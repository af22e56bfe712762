"""`reference/redact_text.py`, compiled: what is done to one text, in the same order, again until nothing is left to do.

What is rare is left to the reference, which is asked about the whole text then (`UNDECIDED`): users' patterns, actions that
depend on what was matched, names of JSON members that are data, replacements that need escapes.
"""

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memchr, memcpy

from pipeline.wire.kernel.arena cimport grown
from pipeline.wire.kernel.redact_json cimport (
    BARE_WORD, LIST, OBJECT, STRING, Node, is_scalar, looks_like_json, read_json, unescaped
)
from pipeline.wire.kernel.redact_keyed cimport find_keyed, keywords_in
from pipeline.wire.kernel.redact_keys cimport DATA, KEYWORD, SENSITIVE, WORD_SHIFT, judged, release_keys
from pipeline.wire.kernel.redact_national cimport (
    find_br_cnpj, find_br_cpf, find_ch_ahv, find_cn_ric, find_es_dni, find_es_nie, find_fi_hetu, find_it_cf, find_uk_nino
)
from pipeline.wire.kernel.redact_personal cimport (
    find_card, find_email, find_iban, find_ipv4, find_ipv6, find_itin, find_phone, find_ssn
)
from pipeline.wire.kernel.redact_rules cimport (
    AUTH_HEADER, BR_CNPJ, BR_CPF, CARD, CH_AHV, CLI_SECRET, CN_RIC, COOKIE, DRY_RUN, DSN_KV, EMAIL, ES_DNI, ES_NIE, FI_HETU,
    IBAN, IPV4, IPV6, ITIN, IT_CF, JWT, KEYED, KINDS, KV_SECRET, MASK, NO_SECRET, PATTERN, PEM, PHONE, SESSION_KV, SHAPES, SSN,
    UK_NINO, URL_CRED, URL_PARAM, Program, Rule, Word,
)
from pipeline.wire.kernel.redact_scan cimport SCAN_READ
from pipeline.wire.kernel.redact_screen cimport PERCENT_SIGN, screen
from pipeline.wire.kernel.redact_search cimport HEX, Match, Matcher, is_a, lower, run, same, token_at
from pipeline.wire.kernel.redact_secrets cimport (
    find_auth_header, find_cli_secret, find_cookie, find_dsn_kv, find_jwt, find_kv_secret, find_pem, find_session_kv,
    find_url_cred, find_url_param, is_secret_value,
)
from pipeline.wire.kernel.redact_shapes cimport find_shapes

cdef enum:
    MIN_BYTES = 6  # shorter texts are not scanned (B6)
    MAX_ROUNDS = 8
    MAX_NESTED_JSON = 2
    MAX_DEPTH = 32  # of lists in JSON

cdef Matcher MATCHERS[KINDS]
MATCHERS[<int>SHAPES] = find_shapes
MATCHERS[<int>PEM] = find_pem
MATCHERS[<int>JWT] = find_jwt
MATCHERS[<int>URL_CRED] = find_url_cred
MATCHERS[<int>AUTH_HEADER] = find_auth_header
MATCHERS[<int>COOKIE] = find_cookie
MATCHERS[<int>SESSION_KV] = find_session_kv
MATCHERS[<int>URL_PARAM] = find_url_param
MATCHERS[<int>KV_SECRET] = find_kv_secret
MATCHERS[<int>CLI_SECRET] = find_cli_secret
MATCHERS[<int>DSN_KV] = find_dsn_kv
MATCHERS[<int>CARD] = find_card
MATCHERS[<int>IBAN] = find_iban
MATCHERS[<int>UK_NINO] = find_uk_nino
MATCHERS[<int>ES_DNI] = find_es_dni
MATCHERS[<int>ES_NIE] = find_es_nie
MATCHERS[<int>IT_CF] = find_it_cf
MATCHERS[<int>FI_HETU] = find_fi_hetu
MATCHERS[<int>CH_AHV] = find_ch_ahv
MATCHERS[<int>BR_CPF] = find_br_cpf
MATCHERS[<int>BR_CNPJ] = find_br_cnpj
MATCHERS[<int>CN_RIC] = find_cn_ric
MATCHERS[<int>SSN] = find_ssn
MATCHERS[<int>ITIN] = find_itin
MATCHERS[<int>EMAIL] = find_email
MATCHERS[<int>IPV6] = find_ipv6
MATCHERS[<int>IPV4] = find_ipv4
MATCHERS[<int>PHONE] = find_phone
MATCHERS[<int>KEYED] = find_keyed


cdef int no_memory() except -1 with gil:
    raise MemoryError


cdef void clear_desk(Desk* desk) noexcept nogil:
    """Give all memory back."""
    cdef int index
    release_keys(&desk.new_keys)
    free(desk.search.list)
    free(desk.edits)
    free(desk.log.list)
    for index in range(2):
        free(desk.json[index].list)
        free(desk.buffers[index].bytes)


cdef int put_log(Desk* desk, int32_t rule, int32_t action) except -1 nogil:
    """Note an edit."""
    cdef uint32_t* list
    if desk.log.count == desk.log.room:
        list = <uint32_t*>grown(desk.log.list, &desk.log.room, sizeof(uint32_t))
        if list is NULL:
            return no_memory()
        desk.log.list = list
    desk.log.list[desk.log.count] = <uint32_t>rule << 3 | action
    desk.log.count += 1
    return 0


cdef int redact_text(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit, uint64_t near) except -1 nogil:
    """Redact a text; nothing is read at or behind `limit`. The outcome of `CHANGED` is in `desk.result` until the next call."""
    cdef int round_, outcome
    cdef size_t index
    cdef bint changes
    desk.log.count = 0
    for round_ in range(MAX_ROUNDS):
        desk.edit_count = 0
        desk.near = near
        outcome = find_edits(desk, book, start, stop, limit, MAX_NESTED_JSON)
        if outcome == UNDECIDED:
            desk.log.count = 0
            return UNDECIDED
        changes = False
        for index in range(desk.edit_count):
            changes = changes or desk.edits[index].action != DRY_RUN
        for index in range(desk.edit_count):
            if not changes or desk.edits[index].action != DRY_RUN:
                put_log(desk, desk.edits[index].rule, desk.edits[index].action)
        if not changes:
            desk.result = start
            desk.result_size = stop - start
            return CHANGED if round_ else UNCHANGED
        apply(desk, &desk.buffers[round_ & 1], start, stop)
        start = desk.result
        stop = start + desk.result_size
        limit = stop + SCAN_READ
    desk.log.count = 0
    return UNDECIDED


cdef int by_start(const void* one, const void* other) noexcept nogil:
    cdef const Replacement* left = <const Replacement*>one
    cdef const Replacement* right = <const Replacement*>other
    if left.start != right.start:
        return -1 if left.start < right.start else 1
    return -1 if left.stop < right.stop else <int>(left.stop > right.stop)


cdef int apply(Desk* desk, Buffer* buffer, Cursor start, Cursor stop) except -1 nogil:
    """Write the text with its edits, and room behind it to be scanned in, to a buffer."""
    cdef size_t size = stop - start, index
    cdef uint8_t* to
    cdef const Replacement* edit
    qsort(desk.edits, desk.edit_count, sizeof(Replacement), by_start)
    for index in range(desk.edit_count):
        size += desk.edits[index].size + 2
    if buffer.room < size + SCAN_READ:
        to = <uint8_t*>realloc(buffer.bytes, 2 * size + SCAN_READ)
        if to is NULL:
            return no_memory()
        buffer.bytes = to
        buffer.room = 2 * size + SCAN_READ
    to = buffer.bytes
    for index in range(desk.edit_count):
        edit = &desk.edits[index]
        if edit.action == DRY_RUN:
            continue
        memcpy(to, start, edit.start - start)
        to += edit.start - start
        if edit.quote:
            to[0] = edit.quote
            to += 1
        memcpy(to, edit.text, edit.size)
        to += edit.size
        if edit.quote:
            to[0] = edit.quote
            to += 1
        start = edit.stop
    memcpy(to, start, stop - start)
    desk.result = buffer.bytes
    desk.result_size = to + (stop - start) - buffer.bytes
    return 0


cdef int add_edit(Desk* desk, const Rule* rule, int32_t order, Cursor start, Cursor stop, uint8_t quote) except -1 nogil:
    cdef Replacement* list
    if desk.edit_count == desk.edit_room:
        list = <Replacement*>grown(desk.edits, &desk.edit_room, sizeof(Replacement))
        if list is NULL:
            return no_memory()
        desk.edits = list
    desk.edits[desk.edit_count] = Replacement(
        start, stop, rule.replacement.text, rule.replacement.size, order, rule.action, quote, False
    )
    desk.edit_count += 1
    return 0


# ---- finding ----


cdef int find_edits(
    Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit, int levels
) except -1 nogil:
    """Add the edits of a text, which may be JSON."""
    cdef int json
    if levels and looks_like_json(start, stop):
        json = read_json(&desk.json[levels - 1], start, stop)
        if json < 0:
            return no_memory()
        if json:
            return find_in_json(desk, book, limit, levels - 1)
    return find_in_plain(desk, book, start, stop, limit)


cdef int find_in_plain(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit) except -1 nogil:
    """Add the edits of a text that is no JSON: as it stands, then with `%HH` and `+` decoded when nothing is to change in it."""
    cdef size_t before = desk.edit_count, counted, index
    cdef uint32_t kinds
    cdef int outcome
    if stop - start < MIN_BYTES:
        return UNCHANGED
    kinds = screen(&book.program, start, stop, limit, desk.near)
    outcome = find_matches(desk, book, start, stop, kinds)
    if outcome == UNDECIDED or not kinds & PERCENT_SIGN or memchr(start, c"=", stop - start) is NULL:
        return outcome
    counted = desk.edit_count
    for index in range(before, counted):
        if desk.edits[index].action != DRY_RUN:
            return outcome
    outcome = find_in_decoded(desk, book, start, stop)
    # what was only counted as it stands may have been found once more
    return UNDECIDED if before < counted < desk.edit_count else outcome


cdef int find_in_decoded(Desk* desk, Rulebook book, Cursor start, Cursor stop) except -1 nogil:
    """Look into a form or a URL, in which nothing is to change as it stands."""
    cdef size_t size = stop - start, before = desk.edit_count, index
    cdef Cursor limit
    cdef uint8_t* decoded = <uint8_t*>malloc(size + SCAN_READ)
    cdef uint32_t* places = <uint32_t*>malloc((size + 1) * sizeof(uint32_t))
    cdef Replacement* edit
    cdef int outcome = UNCHANGED
    try:
        if decoded is NULL or places is NULL:
            return no_memory()
        size = url_decoded(start, stop, decoded, places)
        if size >= MIN_BYTES:
            limit = decoded + size + SCAN_READ
            outcome = find_matches(
                desk, book, decoded, decoded + size, screen(&book.program, decoded, decoded + size, limit, desk.near)
            )
        for index in range(before, desk.edit_count):
            edit = &desk.edits[index]
            edit.start = start + places[edit.start - decoded]
            edit.stop = start + places[edit.stop - decoded]
    finally:
        free(decoded)
        free(places)
    return outcome


cdef size_t url_decoded(Cursor start, Cursor stop, uint8_t* to, uint32_t* places) noexcept nogil:
    """Write a text with `%HH` and `+` decoded, and where each byte (and its end) stands in it; return its length."""
    cdef Cursor at = start
    cdef size_t size = 0
    while at < stop:
        places[size] = at - start
        if at[0] == c"%" and stop - at > 2 and is_a(at[1], HEX) and is_a(at[2], HEX):
            to[size] = hex_digit(at[1]) << 4 | hex_digit(at[2])
            at += 2
        else:
            to[size] = c" " if at[0] == c"+" else at[0]
        size += 1
        at += 1
    places[size] = stop - start
    return size


cdef inline uint8_t hex_digit(uint8_t byte) noexcept nogil:
    return byte - c"0" if byte <= c"9" else lower(byte) - c"a" + 10


cdef int find_matches(Desk* desk, Rulebook book, Cursor start, Cursor stop, uint32_t kinds) except -1 nogil:
    """Add the edits that the matchers of these kinds want."""
    cdef const Program* program = &book.program
    cdef Search* search = &desk.search
    cdef int kind
    if program.every_text:
        if pattern_found(book, start, stop):
            return UNDECIDED
    kinds &= program.kinds
    if kinds == 0:
        return UNCHANGED
    if kinds >> PATTERN & 1:
        return UNDECIDED
    search.start, search.stop, search.program, search.near = start, stop, program, desk.near
    search.count = 0
    for kind in range(PATTERN):
        if kinds >> kind & 1:
            search.rule = program.rule_of[kind]
            if not MATCHERS[kind](search):
                return no_memory()
    return select(desk, program)


cdef int pattern_found(Rulebook book, Cursor start, Cursor stop) except -1 with gil:
    return book.pattern_found(start[: stop - start])


cdef struct Candidate:
    Match match
    int32_t priority


cdef int by_precedence(const void* one, const void* other) noexcept nogil:
    cdef const Candidate* left = <const Candidate*>one
    cdef const Candidate* right = <const Candidate*>other
    if left.match.start != right.match.start:
        return -1 if left.match.start < right.match.start else 1
    if left.priority != right.priority:
        return -1 if left.priority < right.priority else 1
    if left.match.stop != right.match.stop:
        return -1 if left.match.stop > right.match.stop else 1
    return left.match.rule - right.match.rule


cdef int select(Desk* desk, const Program* program) except -1 nogil:
    """Choose among the matches: leftmost first, then by priority, then the longest, then table order; none inside a replacement."""
    cdef Search* search = &desk.search
    cdef Candidate* candidates
    cdef size_t index, count = 0
    cdef const Match* match
    cdef Cursor behind = search.start
    if search.count == 0:
        return UNCHANGED
    candidates = <Candidate*>malloc(search.count * sizeof(Candidate))
    if candidates is NULL:
        return no_memory()
    try:
        for index in range(search.count):
            match = &search.list[index]
            candidates[index] = Candidate(match[0], program.rules[match.rule].priority)
        qsort(candidates, search.count, sizeof(Candidate), by_precedence)
        count = outside_tokens(search, candidates)
        for index in range(count):
            match = &candidates[index].match
            if not program.rules[match.rule].known:
                return UNDECIDED
        for index in range(count):
            match = &candidates[index].match
            if match.start >= behind and not settled(program, match.start, match.stop):
                add_edit(desk, &program.rules[match.rule], match.rule, match.start, match.stop, 0)
                behind = match.stop
    finally:
        free(candidates)
    return UNCHANGED


cdef inline bint settled(const Program* program, Cursor start, Cursor stop) noexcept nogil:
    """Tell whether a text is a replacement already."""
    return token_at(program, start, stop, True) is not NULL


cdef bint is_settled(Rulebook book, Cursor start, Cursor stop) noexcept nogil:
    return settled(&book.program, start, stop)


cdef size_t outside_tokens(const Search* search, Candidate* candidates) noexcept nogil:
    """Keep those that do not lie inside a replacement, which are read from left to right; return how many."""
    cdef Cursor at = search.start, token = NULL, end = NULL, found
    cdef size_t index, kept = 0
    for index in range(search.count):
        while at <= candidates[index].match.start and at < search.stop:
            found = token_at(search.program, at, search.stop, False)
            if found is NULL:
                at += 1
            else:
                token, end = at, found
                at = found
        if token is NULL or candidates[index].match.start < token or candidates[index].match.stop > end:
            candidates[kept] = candidates[index]
            kept += 1
    return kept


# ---- JSON ----


cdef int find_in_json(Desk* desk, Rulebook book, Cursor limit, int levels) except -1 nogil:
    """Add the edits of the JSON that was read: key rules for its members, detectors for each string."""
    cdef Json* json = &desk.json[levels]
    cdef size_t index = 0, before = desk.edit_count
    cdef const Node* node
    cdef int outcome, depth = 0
    cdef Named around[MAX_DEPTH + 1]
    around[0] = Named(json.count, desk.near)
    while index < json.count:
        node = &json.list[index]
        outcome = UNCHANGED
        while index >= around[depth].next:
            depth -= 1
        desk.near = around[depth].near
        if node.name is not NULL:
            outcome = find_in_member(desk, book, node, limit)
            if outcome == CHANGED:  # it is decided: nothing in it is looked at
                index = node.next
                continue
        if outcome == UNCHANGED:
            if node.kind == LIST:  # its elements are called what it is called
                depth += 1
                around[depth] = Named(node.next, desk.near)
            if node.kind == STRING:
                outcome = find_in_string(desk, book, node, limit, levels)
            elif node.kind == BARE_WORD:
                outcome = find_in_bare(desk, book, node, limit)
        if outcome == UNDECIDED:
            return UNDECIDED
        index += 1
    # a mask may have to be escaped
    return UNDECIDED if desk.edit_count > before and not book.program.plain_mask else UNCHANGED


cdef struct Named:
    # Up to which node of a list its name counts, and what it says.
    size_t next
    uint64_t near


cdef struct Content:
    # What a name or value says.
    Cursor start
    Cursor stop
    Cursor limit
    uint8_t* memory  # NULL: it is said as it is written


cdef int read_content(Content* content, Cursor start, Cursor stop, Cursor limit) except -1 nogil:
    """Take the quotes off a name or value, and resolve its escapes."""
    content.start, content.stop, content.limit, content.memory = start, stop, limit, NULL
    if start[0] != c'"' and start[0] != c"'":
        return 0
    content.start += 1
    content.stop -= 1
    if memchr(content.start, c"\\", content.stop - content.start) is NULL:
        return 0
    content.memory = <uint8_t*>malloc(content.stop - content.start + SCAN_READ)
    if content.memory is NULL:
        return no_memory()
    content.stop = unescaped(content.start, content.stop, content.memory, NULL)
    content.start = content.memory
    content.limit = content.stop + SCAN_READ
    return 0


cdef int find_in_member(Desk* desk, Rulebook book, const Node* node, Cursor limit) except -1 nogil:
    """Return `CHANGED` when the name decides what becomes of the value, whatever that is."""
    cdef const Program* program = &book.program
    cdef Content name, said
    cdef int verdict, outcome = UNCHANGED
    cdef Word word
    read_content(&name, node.name, node.name_stop, limit)
    try:
        verdict = judged(book, desk.known_keys, &desk.new_keys, name.start, name.stop, name.limit)
        desk.near = keywords_in(program, name.start, name.stop) if verdict & KEYWORD else 0
    finally:
        free(name.memory)
    if verdict & DATA:
        return UNDECIDED
    word = <Word>(verdict >> WORD_SHIFT) if node.kind == STRING and program.kinds >> KV_SECRET & 1 else NO_SECRET
    if not verdict & SENSITIVE and word == NO_SECRET:
        return UNCHANGED
    if node.kind == OBJECT or node.kind == LIST:
        return replace_value(desk, program, &program.key_rule, program.rule_count, node)
    if node.kind == BARE_WORD and node.stop - node.start == 4 and (
        same(node.start, node.stop, b"null", 4) or same(node.start, node.stop, b"None", 4)
    ):
        return CHANGED
    read_content(&said, node.start, node.stop, limit)
    if verdict & SENSITIVE:
        outcome = CHANGED if program.key_rule.known else UNDECIDED
        if outcome == CHANGED and not settled(program, said.start, said.stop):
            outcome = replace_value(desk, program, &program.key_rule, program.rule_count, node)
    elif is_secret_value(word, said.start, said.stop):
        if not program.rules[program.rule_of[<int>KV_SECRET]].known:
            outcome = UNDECIDED
        elif not settled(program, said.start, said.stop):
            outcome = replace_value(
                desk, program, &program.rules[program.rule_of[<int>KV_SECRET]], program.rule_of[<int>KV_SECRET], node
            )
    free(said.memory)
    return outcome


cdef int replace_value(Desk* desk, const Program* program, const Rule* rule, int32_t order, const Node* node) except -1 nogil:
    """Write a replacement over a whole value: as a string, but a bare word stays bare."""
    cdef uint8_t quote = c'"'
    if not rule.known:
        return UNDECIDED
    if node.kind == STRING:
        add_edit(desk, rule, order, node.start + 1, node.stop - 1, 0)
        desk.edits[desk.edit_count - 1].inside = True
        return CHANGED
    if node.kind == BARE_WORD and not is_scalar(node.start, node.stop):
        quote = 0
    elif node.name is not NULL and node.name[0] == c"'":
        quote = c"'"
    add_edit(desk, rule, order, node.start, node.stop, quote)
    return CHANGED


cdef int find_in_string(Desk* desk, Rulebook book, const Node* node, Cursor limit, int levels) except -1 nogil:
    cdef Content said
    cdef size_t before = desk.edit_count, index
    cdef uint8_t quote = node.start[0]
    cdef int outcome
    read_content(&said, node.start, node.stop, limit)
    try:
        outcome = find_edits(desk, book, said.start, said.stop, said.limit, levels)
        if outcome == UNCHANGED and desk.edit_count > before:
            for index in range(before, desk.edit_count):
                if desk.edits[index].quote == quote:  # it would have to be escaped
                    outcome = UNDECIDED
            if outcome == UNCHANGED and said.memory is not NULL:
                outcome = move_edits(desk, before, &said, node)
    finally:
        free(said.memory)
    return outcome


cdef int move_edits(Desk* desk, size_t first, const Content* said, const Node* node) except -1 nogil:
    """Make edits of what a string says edits of how it is written."""
    cdef Cursor start = node.start + 1, stop = node.stop - 1
    cdef uint32_t* places = <uint32_t*>malloc((said.stop - said.start + 1) * sizeof(uint32_t))
    cdef uint8_t* again = <uint8_t*>malloc(stop - start)
    cdef Replacement* edit
    cdef size_t index
    cdef int outcome = UNCHANGED
    if places is NULL or again is NULL:
        free(places)
        free(again)
        return no_memory()
    unescaped(start, stop, again, places)
    for index in range(first, desk.edit_count):
        edit = &desk.edits[index]
        if edit.inside and not (
            is_usual(edit.start - 1, said, places, node.start[0]) and is_usual(edit.stop, said, places, node.start[0])
        ):
            outcome = UNDECIDED
        edit.start = start + places[edit.start - said.start]
        edit.stop = start + places[edit.stop - said.start]
    free(places)
    free(again)
    return outcome


cdef inline bint is_usual(Cursor quote, const Content* said, const uint32_t* places, uint8_t around) noexcept nogil:
    """Tell whether a quote is written as usual inside other quotes: with a backslash where it is the same, else plain."""
    cdef size_t at = quote - said.start
    return places[at + 1] - places[at] == (2 if quote[0] == around else 1)


cdef int find_in_bare(Desk* desk, Rulebook book, const Node* node, Cursor limit) except -1 nogil:
    cdef size_t before = desk.edit_count
    cdef int32_t rule
    cdef int outcome
    if node.stop - node.start < MIN_BYTES:
        return UNCHANGED
    outcome = find_matches(desk, book, node.start, node.stop, screen(&book.program, node.start, node.stop, limit, desk.near))
    if outcome == UNCHANGED and desk.edit_count > before and is_scalar(node.start, node.stop):
        rule = desk.edits[before].rule  # a number can't hold a tag: it becomes a string
        desk.edit_count = before
        add_edit(desk, &book.program.rules[rule], rule, node.start, node.stop, c'"')
    return outcome
