"""Credentials in HTTP headers, as `reference/redact_secrets.py` finds them: authorization and its schemes, and cookies."""

from libc.stddef cimport size_t

from pipeline.wire.kernel.redact_search cimport (
    ALNUM, BLANK, COOKIE_END, COOKIE_NAME_END, CREDENTIAL_END, LINE_END, LOWER, TOKEN68, UPPER, WORD,
    Literals, any_of, behind_blanks, behind_quote, behind_token, bounded_left, found, in_any_case, is_a, lower, next_point,
    plain_until, run, same, same_folded, until,
)

from pipeline.wire.kernel import redact_literals

# ---- authorization ----

cdef Literals SCHEMES = in_any_case(redact_literals.SCHEMES)

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


# ---- cookies ----

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
