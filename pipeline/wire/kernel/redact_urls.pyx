"""Secrets in URLs, as `reference/redact_secrets.py` finds them: who logs in, and parameters whose names give them away."""

from libc.string cimport memchr

from pipeline.wire.kernel.redact_search cimport (
    LOWER, PARAMETER_END, SCHEME, UPPER, USER_END,
    Literals, any_of, behind_token, find, found, in_any_case, is_a, next_point, same_folded, until,
)
from pipeline.wire.kernel.walk cimport Cursor

from pipeline.wire.kernel import redact_literals

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


cdef Literals PARAMETERS = in_any_case(redact_literals.PARAMETERS)


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
