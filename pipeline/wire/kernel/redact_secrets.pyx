"""`reference/redact_secrets.py`, compiled: tokens, and secrets that a name before them gives away. What each means is told there.

What stands in headers, URLs and command lines is found in modules of its own.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t
from libc.string cimport memchr, memcmp

from pipeline.wire.kernel.redact_names cimport word_at_end
from pipeline.wire.kernel.redact_rules cimport CVV, NO_SECRET, PIN
from pipeline.wire.kernel.redact_search cimport (
    ALNUM, BASE64URL, BLANK, DIGIT, DSN_END, LABEL, LOWER, NAME, SECRET_END, SESSION_END, UPPER, WORD,
    Literals, any_of, behind_blanks, behind_escape, behind_quote, behind_token, bounded_left, find, found, in_any_case, is_a,
    next_point, plain_until, run, same, same_folded, until,
)

from pipeline.wire.kernel import redact_literals

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


# ---- key and value ----

cdef Literals SESSIONS = in_any_case(redact_literals.SESSIONS)


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


cdef Literals KEY_WORDS = in_any_case(redact_literals.KEY_WORDS)
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


cdef Literals DSN_WORDS = in_any_case(redact_literals.DSN_WORDS)

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
