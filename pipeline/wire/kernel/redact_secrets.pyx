"""`reference/redact_secrets.py`, compiled: the same matchers by the same names. What each means is told there."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memchr, memcmp

from pipeline.wire.kernel.redact_names cimport word_at_end
from pipeline.wire.kernel.redact_rules cimport CVV, NO_SECRET, PIN
from pipeline.wire.kernel.redact_search cimport (
    ALNUM, BASE64URL, BLANK, COOKIE_END, COOKIE_NAME_END, CREDENTIAL_END, DIGIT, DSN_END, LABEL, LINE_END, LOWER, NAME,
    OPTION_END, PARAMETER_END, SCHEME, SECRET_END, SESSION_END, TOKEN68, UPPER, USER_END, WORD,
    Literals, any_of, begins_token, behind_blanks, behind_escape, behind_quote, bounded_left, find, found, in_any_case, is_a,
    lower, next_point, plain_until, run, same, same_folded, token_at, until,
)


cdef inline Cursor behind_token(Search* search, Cursor at) noexcept nogil:
    """Return the end of the replacement that stands here already, `at` where there is none."""
    cdef Cursor end = token_at(search.program, at, search.stop, False) if begins_token(search, at) else NULL
    if end is NULL:
        return at
    search.token, search.token_end = at, end
    return end


# ---- tokens ----


cdef inline Cursor segment(Cursor at, Cursor stop, Py_ssize_t least) noexcept nogil:
    """Return the end of a dot and at least so many base64url characters; NULL where they do not stand."""
    cdef Cursor end
    if at is NULL or at == stop or at[0] != c".":
        return NULL
    end = run(at + 1, stop, BASE64URL)
    return end if end - at > least else NULL


cdef bint find_jwt(Search* search) noexcept nogil:
    cdef Cursor at = search.start, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        end = jwt_end(at, search.stop)
        if end is not NULL and not found(search, at, end):
            return False
        at = at + 3 if end is NULL else end


cdef bint starts_free(const Search* search, Cursor at) noexcept nogil:
    """Tell whether no base64url character stands before a token, but for the last letter of an escape."""
    return at == search.start or not is_a((at - 1)[0], BASE64URL) or behind_escape(search, at - 1, True) == at


cdef Cursor jwt_end(Cursor at, Cursor stop) noexcept nogil:
    cdef Cursor header = run(at + 3, stop, BASE64URL), end, more
    if header - at < 11:
        return NULL
    if same(header, stop, b".eyJ", 4):
        end = segment(run(header + 4, stop, BASE64URL), stop, 0)
        if end is not NULL:  # signed, or encrypted with two more
            more = segment(segment(end, stop, 0), stop, 0)
            return end if more is NULL else more
    return segment(segment(segment(segment(header, stop, 0), stop, 1), stop, 1), stop, 1)


cdef bint find_pem(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, label, end, closing
    cdef Py_ssize_t size
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        label = at + 11
        end = run(label, stop, LABEL)
        size = end - label
        if not is_key_label(label, size) or not same(end, stop, b"-----", 5):
            at += 1
            continue
        closing = end + 5
        while True:
            closing = find(closing, stop, b"-----END ", 9)
            if closing is NULL:
                closing = stop
                break
            if stop - closing >= size + 14 and memcmp(closing + 9, label, size) == 0 and same(
                closing + 9 + size, stop, b"-----", 5
            ):
                closing += size + 14
                break
            closing += 1
        if not found(search, at, closing):
            return False
        at = closing


cdef inline bint is_key_label(Cursor label, Py_ssize_t size) noexcept nogil:
    """Tell whether a label means a private key, with at most 40 characters before that."""
    if 11 <= size <= 51 and memcmp(label + size - 11, b"PRIVATE KEY", 11) == 0:
        return True
    return 17 <= size <= 57 and memcmp(label + size - 17, b"PRIVATE KEY BLOCK", 17) == 0


# ---- headers ----

cdef Literals SCHEMES = in_any_case((
    b"bearer", b"basic", b"token", b"digest", b"negotiate", b"apikey", b"dpop", b"aws4-hmac-sha256",
))

cdef enum:
    PARAMETERS_REACH = 2048
    LONG_WORD = 20

cdef struct Parameters:
    # Where the next `response=` and `Signature=` stand, from one scheme to the next: no part of a text is searched twice.
    Cursor response
    Cursor signature


cdef Cursor scheme_end(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of a scheme and the spaces behind it; NULL where there is none."""
    cdef Cursor end = any_of(&SCHEMES, at, stop), spaces
    if end is NULL:
        return NULL
    spaces = end
    while spaces < stop and spaces[0] == c" ":
        spaces += 1
    return spaces if spaces > end else NULL


cdef bint find_auth_header(Search* search) noexcept nogil:
    if not find_headers(search):
        return False
    search.next_point = 0
    return find_schemes(search)


cdef bint find_headers(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, start, end, scheme
    cdef Cursor name
    cdef Parameters parameters = Parameters(NULL, NULL)
    while True:
        name = next_point(search, at)
        if name is NULL:
            return True
        start = header_end(name, stop)
        if start is NULL:
            continue
        if name - at >= 6 and same_folded(name - 6, stop, b"proxy-", 6):
            name -= 6
        if bounded_left(search, name):
            scheme = scheme_end(start, stop)
            if scheme is NULL:
                end = plain_until(start, stop, LINE_END)
            elif not parameter_span(search, start, scheme, &parameters, &start, &end):
                start = scheme
                end = plain_until(behind_token(search, start), stop, CREDENTIAL_END)
            if end > start:
                if not found(search, start, end):
                    return False
                start = end
        at = start


cdef Cursor header_end(Cursor at, Cursor stop) noexcept nogil:
    """Return where the value of an authorization header starts whose name stands here; NULL where none does."""
    if not same_folded(at, stop, b"authorization", 13):
        return NULL
    at = behind_blanks(behind_quote(at + 13, stop), stop)
    if at == stop or at[0] != c":":
        return NULL
    return behind_quote(behind_blanks(at + 1, stop), stop)


cdef bint find_schemes(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, value, start, end
    cdef Parameters parameters = Parameters(NULL, NULL)
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        value = scheme_end(at, stop)
        if value is NULL:
            continue
        if bounded_left(search, at):
            if parameter_span(search, at, value, &parameters, &start, &end):
                if not found(search, start, end):
                    return False
                value = max(value, end)
            else:
                end = telling_credentials_end(value, stop)
                if end is not NULL:
                    if not found(search, value, end):
                        return False
                    value = end
        at = value


cdef bint parameter_span(
    Search* search, Cursor scheme, Cursor behind, Parameters* next_, Cursor* start, Cursor* end
) noexcept nogil:
    """Find the value of the parameter that holds the credentials of a scheme: its `start` and `end`."""
    cdef Cursor limit = behind + PARAMETERS_REACH if search.stop - behind > PARAMETERS_REACH else search.stop, at
    cdef Cursor* known
    cdef size_t size = scheme_size(scheme)
    if size == 0:
        return False
    known = &next_.response if size == 9 else &next_.signature
    if known[0] < behind:
        known[0] = parameter_at(search, behind, size)
    at = known[0] + size
    if known[0] == search.stop or at > limit:
        return False
    if size == 9:  # a quote may follow
        while at < limit and at - known[0] < 12 and at[0] == c"\\":
            at += 1
        if at < limit and at[0] == c'"':
            at += 1
    start[0] = at
    end[0] = run(behind_token(search, at), search.stop, ALNUM)
    return True


cdef inline size_t scheme_size(Cursor scheme) noexcept nogil:
    """Return the length of the parameter's name and `=` for digest and AWS4, 0 for other schemes."""
    if lower(scheme[0]) == c"d" and lower(scheme[1]) == c"i":
        return 9
    return 10 if lower(scheme[0]) == c"a" and lower(scheme[1]) == c"w" else 0


cdef Cursor parameter_at(const Search* search, Cursor at, size_t size) noexcept nogil:
    """Return where `response=` or `Signature=` stands next as a word; the end of the text where neither does."""
    while at < search.stop:
        if at == search.start or not is_a((at - 1)[0], WORD):
            if same_folded(at, search.stop, b"response=", 9) if size == 9 else same(at, search.stop, b"Signature=", 10):
                return at
        at += 1
    return at


cdef Cursor telling_credentials_end(Cursor start, Cursor stop) noexcept nogil:
    """Return the end of a word that looks like credentials, without dots at its end; NULL where there is none."""
    cdef Cursor end = run(start, stop, TOKEN68), at = start
    if end - start < 8:
        return NULL
    while (end - 1)[0] == c".":  # the end of a sentence
        end -= 1
        if end == start:
            return NULL
    if end - start >= LONG_WORD:
        return end
    while at < end:
        if not is_a(at[0], UPPER | LOWER) and at[0] != c"~":
            return end if end - start >= 8 else NULL
        at += 1
    return NULL


cdef Literals COOKIE_ATTRIBUTES = in_any_case((
    b"path", b"domain", b"expires", b"max-age", b"samesite", b"httponly", b"secure", b"priority", b"partitioned",
))

cdef enum:
    SHORTEST_COOKIE_ATTRIBUTE = 4


cdef bint find_cookie(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, name, end, value
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        at = cookies_start(at, stop)
        while True:
            name = run(at, stop, BLANK)
            end = until(name, stop, COOKIE_NAME_END)
            if end == name:
                break
            at = end
            if at < stop and at[0] == c"=":
                value = at + 1
                at = cookie_end(search, value)
                if at > value and not is_cookie_attribute(name, end) and not found(search, value, at):
                    return False
            if at == stop or at[0] != c";":
                break
            at += 1


cdef inline bint is_cookie_attribute(Cursor name, Cursor end) noexcept nogil:
    return end - name >= SHORTEST_COOKIE_ATTRIBUTE and any_of(&COOKIE_ATTRIBUTES, name, end) == end


cdef Cursor cookies_start(Cursor at, Cursor stop) noexcept nogil:
    """Return where the cookies start behind `Cookie:`, which stands here; NULL where it does not."""
    if not same_folded(at, stop, b"cookie", 6):
        return NULL
    at = behind_blanks(behind_quote(at + 6, stop), stop)
    if at == stop or at[0] != c":":
        return NULL
    return behind_quote(behind_blanks(at + 1, stop), stop)


cdef Cursor cookie_end(Search* search, Cursor start) noexcept nogil:
    """Return the end of a cookie's value, which may stand in quotes."""
    cdef Cursor at = start + 1, stop = search.stop
    if start < stop and start[0] == c'"':
        while at < stop:
            if at[0] == c'"':
                return at + 1
            if at[0] == c"\\":
                at += 1
                if at == stop or at[0] == c"\n":
                    break
            elif at[0] == c"\r" or at[0] == c"\n":
                break
            at += 1
    return plain_until(behind_token(search, start), stop, COOKIE_END)


# ---- addresses ----

cdef Literals LOGIN_SCHEMES = in_any_case((
    b"rediss", b"redis", b"amqps", b"amqp", b"mongodb+srv", b"mongodb", b"postgresql", b"postgres", b"mysql", b"sftp", b"smtps",
    b"smtp",
))

cdef enum:
    MAX_SCHEME = 32
    MAX_USER_INFO = 257
    LONG_USER = 20


cdef bint find_url_cred(Search* search) noexcept nogil:
    cdef Cursor at = find(search.start, search.stop, b"://", 3), stop = search.stop, scheme, start, end
    while at is not NULL:
        start = at + 3
        scheme = at
        while scheme > search.start and at - scheme < MAX_SCHEME and is_a((scheme - 1)[0], SCHEME):
            scheme -= 1
        while scheme < at and not is_a(scheme[0], UPPER | LOWER):
            scheme += 1
        if scheme < at:
            end = start
            while end < stop and end - start < MAX_USER_INFO and not is_a(end[0], USER_END):
                end += 1
            while end > start and (end == stop or end[0] != c"@" or end - start == MAX_USER_INFO):
                end -= 1
            if end > start and (
                memchr(start, c":", end - start) is not NULL or end - start >= LONG_USER or any_of(&LOGIN_SCHEMES, scheme, at) == at
            ):
                if not found(search, start, end):
                    return False
        at = find(start, stop, b"://", 3)
    return True


cdef Literals PARAMETERS = in_any_case((
    b"token=", b"access_token=", b"id_token=", b"refresh_token=", b"api_key=", b"apikey=", b"key=", b"code=", b"sig=",
    b"signature=", b"secret=", b"password=", b"session=", b"x-amz-signature=", b"x-amz-credential=", b"x-amz-security-token=",
    b"x-goog-signature=",
))


cdef bint find_url_param(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, value, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        value = any_of(&PARAMETERS, at + 1, stop)
        end = until(behind_token(search, value), stop, PARAMETER_END)
        if end - value >= (12 if is_plain_parameter(at + 1, value) else 4) and not found(search, value, end):
            return False
        at = end


cdef inline bint is_plain_parameter(Cursor name, Cursor end) noexcept nogil:
    """Tell whether this is `key=` or `code=`, whose value is a secret only when it is long."""
    return (end - name == 4 and same_folded(name, end, b"key", 3)) or (end - name == 5 and same_folded(name, end, b"code", 4))


# ---- key and value ----

cdef Literals SESSIONS = in_any_case((
    b"session_id=", b"sessionid=", b"sessid=", b"phpsessid=", b"jsessionid=", b"connect.sid=", b"csrftoken=", b"xsrf-token=",
    b"asp.net_sessionid=",
))


cdef bint find_session_kv(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, value, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        value = any_of(&SESSIONS, at, stop)
        if value is NULL:
            value = prefixed_cookie(at, stop)
        if value is NULL:
            at += 1
            continue
        end = until(behind_token(search, value), stop, SESSION_END)
        if end - value >= 8 and bounded_left(search, at) and not found(search, value, end):
            return False
        at = end


cdef Cursor prefixed_cookie(Cursor at, Cursor stop) noexcept nogil:
    """Return where the value of a cookie such as `__Host-id=` starts; NULL where there is none."""
    cdef Cursor name
    if same_folded(at, stop, b"__host-", 7):
        name = at + 7
    elif same_folded(at, stop, b"__secure-", 9):
        name = at + 9
    else:
        return NULL
    at = name
    while at < stop and at - name < 64 and (is_a(at[0], WORD) or at[0] == c"." or at[0] == c"-"):
        at += 1
    return at + 1 if at > name and at < stop and at[0] == c"=" else NULL


cdef Literals KEY_WORDS = in_any_case((
    b"password", b"passwd", b"passphrase", b"pwd", b"secret", b"key", b"token", b"credentials", b"credential", b"string", b"otp",
    b"pin", b"cvv", b"cvc",
))
cdef Literals NOTHINGS = in_any_case((b"null", b"true", b"false", b"none", b"undefined"))

cdef enum:
    MAX_NAME = 64
    MAX_TEMPLATE = 256


cdef bint find_kv_secret(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, word_end, behind, value, end, name
    cdef Word word
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        word_end = any_of(&KEY_WORDS, at, stop)
        behind = assignment_end(word_end, stop)
        if behind is NULL:
            at += 1
            continue
        name = behind_escape(search, name_before(search, word_end), True)
        at = value = behind_quote(behind, stop)
        word = word_at_end(&search.program.secret_words, min(name, word_end), word_end)
        if word != NO_SECRET:
            end = quoted_end(search, behind, value) if value > behind else secret_end(search, value)
            if is_secret_value(word, value, end) and not found(search, value, end):
                return False
            at = end


cdef Cursor name_before(const Search* search, Cursor end) noexcept nogil:
    """Return where the name begins that ends here, or that part of it in which as many words stand as can matter."""
    cdef Cursor name = end
    cdef int32_t words = search.program.secret_words.longest
    while name > search.start and end - name < MAX_NAME and is_a((name - 1)[0], NAME):
        name -= 1
        if is_a(name[0], ALNUM) and name > search.start and not is_a((name - 1)[0], ALNUM):
            words -= 1
            if words <= 0:
                break
    return name


cdef Cursor assignment_end(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of what assigns a value to the name that ends here, and of the blanks behind; NULL where nothing does."""
    if at is NULL:
        return NULL
    at = behind_blanks(behind_quote(at, stop), stop)
    if at == stop:
        return NULL
    if at[0] == c"=":
        at += 1
        if at < stop and (at[0] == c">" or at[0] == c"="):
            at += 1
    elif at[0] == c":":
        at += 1
        if at < stop and at[0] == c"=":
            at += 1
    else:
        return NULL
    return behind_blanks(at, stop)


cdef Cursor secret_end(Search* search, Cursor at) noexcept nogil:
    """Return the end of a value without quotes."""
    cdef Cursor end = behind_token(search, at)
    if end == at:
        end = template_end(at, search.stop)
    return plain_until(at if end is NULL else end, search.stop, SECRET_END)


cdef Cursor template_end(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of `${…}` or `{{…}}` on one line, of no more than `MAX_TEMPLATE` bytes inside; NULL where there is none."""
    cdef Cursor end
    cdef bint doubled
    if not same(at, stop, b"${", 2) and not same(at, stop, b"{{", 2):
        return NULL
    doubled = at[0] == c"{"
    end = <Cursor>memchr(at + 2, c"}", min(<size_t>(stop - at - 2), <size_t>MAX_TEMPLATE + 1))
    if end is NULL or memchr(at + 2, c"\n", end - at - 2) is not NULL:
        return NULL
    if not doubled:
        return end + 1
    return end + 2 if end + 1 < stop and end[1] == c"}" else NULL


cdef bint is_secret_value(Word word, Cursor start, Cursor stop) noexcept nogil:
    cdef size_t size = stop - start
    if word == PIN:
        return 4 <= size <= 8 and run(start, stop, DIGIT) == stop
    if size < (3 if word == CVV else 4) or any_of(&NOTHINGS, start, stop) == stop:
        return False
    return template_end(start, stop) != stop


cdef Cursor quoted_end(const Search* search, Cursor quote, Cursor start) noexcept nogil:
    """Return where the value ends that starts behind a quote: before the same quote, or at the end of the line without one."""
    cdef Cursor at = start, stop = search.stop
    cdef size_t size = start - quote
    if size == 1:  # a plain quote: what is between may hold escapes
        while at < stop and at[0] != quote[0] and at[0] != c"\r" and at[0] != c"\n":
            if at[0] == c"\\":
                if at + 1 == stop or at[1] == c"\r" or at[1] == c"\n":
                    break
                at += 1
            at += 1
        return at
    while at < stop and at[0] != c"\r" and at[0] != c"\n":
        if at[0] == quote[0] and same(at, stop, <const char*>quote, size):
            break
        at += 1
    return at


cdef enum:
    MAX_OPTION = 61
    COMMAND_REACH = 200

cdef Literals COMMANDS = in_any_case((
    b"mysql ", b"mysqldump ", b"mysqladmin ", b"mariadb ", b"psql ", b"sshpass ", b"mongo ", b"mongosh ",
))


cdef bint find_cli_secret(Search* search) noexcept nogil:
    if not find_options(search):
        return False
    search.next_point = 0
    return find_commands(search)


cdef bint find_options(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, name, name_end, start, quote
    cdef Cursor read = at  # the end of the last run of a name's characters, which is read once
    cdef bint assigned
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        name = at + 2
        if not same(at, stop, b"--", 2):
            at += 1
            continue
        if read < name:
            read = run(name, stop, BASE64URL)
        name_end = name + MAX_OPTION if read - name > MAX_OPTION else read
        assigned = name_end < stop and name_end[0] == c"="
        quote = name_end + 1 if assigned else behind_blanks(name_end, stop)
        if quote == name_end:
            at += 1
            continue
        start = quote
        if start < stop and (start[0] == c'"' or start[0] == c"'"):
            start += 1
        at = start
        if word_at_end(&search.program.option_words, name, name_end) != NO_SECRET:
            at = option_end(search, quote, start)
            if at - start >= 4 and (assigned or start[0] != c"-") and not found(search, start, at):
                return False


cdef inline Cursor option_end(Search* search, Cursor quote, Cursor start) noexcept nogil:
    if start > quote:
        return quoted_end(search, quote, start)
    return until(behind_token(search, start), search.stop, OPTION_END)


cdef bint find_commands(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, quote, start
    cdef Option option = Option(NULL, False)
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        quote = password_option_end(any_of(&COMMANDS, at, stop), stop, &option)
        if quote is NULL:
            at += 1
            continue
        start = quote
        if start < stop and (start[0] == c'"' or start[0] == c"'"):
            start += 1
        if bounded_left(search, at):
            at = option_end(search, quote, start)
            if at - start >= 4 and run(start, at, DIGIT) != at and not found(search, start, at):
                return False
        else:
            at = start


cdef struct Option:
    # The next `-p`, or the end of the command: it is looked for once, not from each command again.
    Cursor at
    bint stands


cdef Cursor password_option_end(Cursor start, Cursor stop, Option* next_) noexcept nogil:
    """Return the end of the next `-p` behind a command and of the blank behind it; NULL where there is none near."""
    cdef Cursor at
    if start is NULL:
        return NULL
    if next_.at < start:
        next_.at = start
        next_.stands = False
        while next_.at < stop and next_.at[0] != c"\n" and next_.at[0] != c"|" and next_.at[0] != c";":
            if is_a(next_.at[0], BLANK) and same_folded(next_.at + 1, stop, b"-p", 2):
                next_.stands = True
                break
            next_.at += 1
    if next_.stands and next_.at - start <= COMMAND_REACH:
        at = next_.at + 3
        return at + 1 if at < stop and is_a(at[0], BLANK) else at
    if not same_folded(start, stop, b"-p", 2):
        return NULL
    at = start + 2
    return at + 1 if at < stop and is_a(at[0], BLANK) else at


cdef Literals DSN_WORDS = in_any_case((b"password", b"pwd"))

cdef enum:
    MAX_DSN_VALUE = 256
    MAX_DSN_NAME = 30


cdef bint find_dsn_kv(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, value, end, next_end = NULL
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        value = behind_blanks(behind_blanks(any_of(&DSN_WORDS, at, stop), stop) + 1, stop)
        end = dsn_value_end(search, value, &next_end)
        if end is not NULL and end - value >= 4 and bounded_left(search, at) and in_dsn(search, at, end):
            if not found(search, value, end):
                return False
        at = value


cdef Cursor dsn_value_end(Search* search, Cursor at, Cursor* next_end) noexcept nogil:
    """Return the end of a value of bounded length; NULL where it is longer. `next_end`: of a value before, read only once."""
    at = behind_token(search, at)
    if next_end[0] < at:
        next_end[0] = plain_until(at, search.stop, DSN_END)
    if next_end[0] - at <= MAX_DSN_VALUE:
        return next_end[0]
    return at + MAX_DSN_VALUE if is_a(at[MAX_DSN_VALUE], DSN_END) else NULL  # a backslash


cdef bint in_dsn(const Search* search, Cursor name, Cursor end) noexcept nogil:
    """Tell whether another setting stands before a name or behind its value."""
    cdef Cursor stop = search.stop, at = name
    while at > search.start and name - at < 3 and is_a((at - 1)[0], BLANK):
        at -= 1
    if at > search.start and (at - 1)[0] == c";":
        return True
    if end == stop or end[0] != c";":
        return False
    end = run(end + 1, stop, BLANK)
    at = end
    while at < stop and at - end < MAX_DSN_NAME and (is_a(at[0], UPPER | LOWER) or at[0] == c" "):
        at += 1
    return at - end >= 2 and at < stop and at[0] == c"="
