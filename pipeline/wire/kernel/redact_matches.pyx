"""What the rules mean in a text: the matches of all kinds that the screen pointed at, and the choice among those that overlap."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t
from libc.stdlib cimport free, qsort, realloc
from libc.string cimport memchr

from pipeline.wire.kernel.redact_accounts cimport find_card, find_iban
from pipeline.wire.kernel.redact_addresses cimport find_ipv4, find_ipv6
from pipeline.wire.kernel.redact_commands cimport find_cli_secret
from pipeline.wire.kernel.redact_headers cimport find_auth_header, find_cookie
from pipeline.wire.kernel.redact_keyed cimport find_keyed
from pipeline.wire.kernel.redact_national cimport (
    find_br_cnpj, find_br_cpf, find_ch_ahv, find_cn_ric, find_es_dni, find_es_nie, find_fi_hetu, find_it_cf, find_uk_nino
)
from pipeline.wire.kernel.redact_personal cimport find_email, find_itin, find_phone, find_ssn
from pipeline.wire.kernel.redact_rules cimport (
    AUTH_HEADER, BR_CNPJ, BR_CPF, CARD, CH_AHV, CLI_SECRET, CN_RIC, COOKIE, DSN_KV, EMAIL, ES_DNI, ES_NIE, FI_HETU, IBAN, IPV4,
    IPV6, ITIN, IT_CF, JWT, KEYED, KINDS, KV_SECRET, PATTERN, PEM, PHONE, SESSION_KV, SHAPES, SSN, UK_NINO, URL_CRED, URL_PARAM, bit,
)
from pipeline.wire.kernel.redact_search cimport Match, Matcher, token_at
from pipeline.wire.kernel.redact_secrets cimport find_dsn_kv, find_jwt, find_kv_secret, find_pem, find_session_kv
from pipeline.wire.kernel.redact_shapes cimport find_shapes
from pipeline.wire.kernel.redact_urls cimport find_url_cred, find_url_param
from pipeline.wire.kernel.walk cimport Cursor

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


cdef void clear_search(Search* search) noexcept nogil:
    """Give all memory back."""
    free(search.points)
    free(search.list)
    free(search.spare)
    free(search.read)


cdef bint list_matches(Search* search) noexcept nogil:
    """List all that the built-in matchers find in a screened text; False when there is no memory."""
    cdef int kind
    cdef size_t before
    for kind in range(PATTERN):
        if search.kinds & bit(kind):
            search.kind = bit(kind)
            search.rule = search.program.rule_of[kind]
            search.next_point = 0
            before = search.count
            if not MATCHERS[kind](search) or not put_in_order(search, before):
                return False
    return True


cdef void select_matches(Search* search) noexcept nogil:
    """Keep in the list the matches that count, from left to right."""
    put_in_order(search, 0)  # users' patterns are listed behind all others
    if search.count:
        leave_tokens_out(search)
        leave_overlapping_out(search)


cdef void keep_rules_for_keys(Search* search) noexcept nogil:
    """Keep in the list only the matches of rules that look at names."""
    cdef size_t index, kept = 0
    for index in range(search.count):
        if search.program.rules[search.list[index].rule].in_keys:
            search.list[kept] = search.list[index]
            kept += 1
    search.count = kept


cdef inline int32_t precedence(const Match* one, const Match* other) noexcept nogil:
    """Compare by the start, then by priority, then the longest first, then by the order of the rules."""
    if one.start != other.start:
        return -1 if one.start < other.start else 1
    if one.priority != other.priority:
        return -1 if one.priority < other.priority else 1
    if one.stop != other.stop:
        return -1 if one.stop > other.stop else 1
    return one.rule - other.rule


cdef int by_precedence(const void* one, const void* other) noexcept nogil:
    return precedence(<const Match*>one, <const Match*>other)


cdef bint put_in_order(Search* search, size_t first) noexcept nogil:
    """Put the matches from `first` on in order with those before, which are. False when there is no memory."""
    cdef size_t index
    for index in range(first + 1, search.count):
        if precedence(&search.list[index - 1], &search.list[index]) > 0:
            qsort(search.list + first, search.count - first, sizeof(Match), by_precedence)
            break
    if first == 0 or first == search.count or precedence(&search.list[first - 1], &search.list[first]) <= 0:
        return True
    return merge(search, first)


cdef bint merge(Search* search, size_t first) noexcept nogil:
    cdef Match* to
    cdef const Match* one = search.list
    cdef const Match* other = search.list + first
    cdef const Match* middle = other
    cdef const Match* end = search.list + search.count
    if search.spare_room < search.room:
        to = <Match*>realloc(search.spare, search.room * sizeof(Match))
        if to is NULL:
            return False
        search.spare = to
        search.spare_room = search.room
    to = search.spare
    while one < middle or other < end:
        if other == end or (one < middle and precedence(one, other) <= 0):
            to[0] = one[0]
            one += 1
        else:
            to[0] = other[0]
            other += 1
        to += 1
    search.list, search.spare = search.spare, search.list
    search.room, search.spare_room = search.spare_room, search.room
    return True


cdef void leave_tokens_out(Search* search) noexcept nogil:
    """Leave out the matches that lie inside a replacement; these are read from left to right."""
    cdef Cursor at = search.start, token = NULL, end = NULL, found
    cdef size_t index, kept = 0
    if not holds_any(search, search.program.token_bytes):
        return
    for index in range(search.count):
        while at <= search.list[index].start and at < search.stop:
            if search.program.begins_token[at[0]]:
                found = token_at(search.program, at, search.stop, False)
                if found is not NULL:
                    token, end = at, found
                    at = found
                    continue
            at += 1
        if token is NULL or search.list[index].start < token or search.list[index].stop > end:
            search.list[kept] = search.list[index]
            kept += 1
    search.count = kept


cdef bint holds_any(const Search* search, const uint8_t* bytes_) noexcept nogil:
    """Tell whether one of three bytes stands in the text."""
    cdef int index
    for index in range(3):
        if memchr(search.start, bytes_[index], search.stop - search.start) is not NULL:
            return True
    return False


cdef void leave_overlapping_out(Search* search) noexcept nogil:
    """Leave out what overlaps a match before it."""
    cdef Cursor behind = search.start
    cdef const Match* match
    cdef size_t index, kept = 0
    for index in range(search.count):
        match = &search.list[index]
        if match.start >= behind:
            behind = match.stop
            search.list[kept] = match[0]
            kept += 1
    search.count = kept
