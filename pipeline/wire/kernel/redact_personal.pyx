"""`reference/redact_personal.py`, compiled: e-mail addresses, telephone numbers, and social security and taxpayer numbers.

Each matcher is a loop over the places where its shape can start. Accounts and network addresses have modules of their own.
"""

from libc.stdint cimport uint8_t

from pipeline.wire.kernel.redact_search cimport (
    ALNUM, DIGIT, DOMAIN, LOCAL, LOWER, SPACE, UPPER,
    behind_escape, bounded_left, bounded_right, found, is_a, lower, next_point, run, run_of, same, same_folded, two,
)

from pipeline.wire.identifiers import COUNTRY_CODES

# ---- e-mail ----

cdef enum:
    MAX_LOCAL = 64
    MAX_LABEL = 63
    MAX_LABELS = 10

cdef const char** FILE_ENDINGS = [
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"js", b"ts", b"map", b"json", b"html", b"py", b"go", b"rs", b"java", b"so",
    b"dll",
]


cdef bint find_email(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, behind, start, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        behind = at + (1 if at[0] == c"@" else 3 if at[0] == c"%" else 6)  # %40, \u0040
        start = local_start(search, at)
        end = domain_end(behind, stop) if start < at else NULL
        if end is not NULL and not (end < stop and end[0] == c"@") and not is_git_path(start, at, end, stop):
            if not found(search, start, end):
                return False
        at = behind


cdef inline bint is_git_path(Cursor start, Cursor at, Cursor end, Cursor stop) noexcept nogil:
    """Tell whether this is `git@host:path`."""
    return at - start == 3 and same(start, at, b"git", 3) and end + 1 < stop and end[0] == c":" and not is_a(end[1], SPACE)


cdef Cursor local_start(const Search* search, Cursor end) noexcept nogil:
    cdef Cursor start = end
    while start > search.start and end - start < MAX_LOCAL and is_a((start - 1)[0], LOCAL):
        start -= 1
    while start < end and start[0] & 0xC0 == 0x80:  # not in the middle of a character
        start += 1
    start = behind_escape(search, start, False)
    return start if start < end else end


cdef Cursor domain_end(Cursor start, Cursor stop) noexcept nogil:
    """Return the end of the last label that can be a top-level domain; NULL without one behind another label."""
    cdef Cursor starts[MAX_LABELS]
    cdef Cursor ends[MAX_LABELS]
    cdef Cursor at = start, end
    cdef int count = 0
    while count < MAX_LABELS:
        end = run_of(at, stop, DOMAIN, MAX_LABEL + 1)
        if end == at or end - at > MAX_LABEL:
            break
        starts[count] = at
        ends[count] = end
        count += 1
        if end == stop or end[0] != c".":
            break
        at = end + 1
    while count > 1:
        count -= 1
        if is_top(starts[count], ends[count]):
            return NULL if is_file_ending(starts[count], ends[count]) else ends[count]
    return NULL


cdef inline bint is_top(Cursor label, Cursor end) noexcept nogil:
    if same(label, end, b"xn--", 4):
        return True
    return end - label >= 2 and (is_a(label[0], UPPER | LOWER) or label[0] >= 0x80) and (
        is_a(label[1], UPPER | LOWER) or label[1] >= 0x80
    )


cdef bint is_file_ending(Cursor label, Cursor end) noexcept nogil:
    cdef Cursor dash = run(label, end, ALNUM)
    cdef Py_ssize_t size = dash - label, length
    cdef const char* ending
    if size > 4 or (dash < end and dash[0] != c"-"):
        return False
    for ending in FILE_ENDINGS[:18]:
        if <uint8_t>ending[0] != lower(label[0]):
            continue
        length = 0
        while ending[length]:
            length += 1
        if length == size and same_folded(label, dash, ending, size):
            return True
    return False


# ---- telephone ----

cdef uint8_t IS_COUNTRY_CODE[1000]
for _code in COUNTRY_CODES:
    IS_COUNTRY_CODE[_code] = 1


cdef inline bint is_separator(uint8_t byte) noexcept nogil:
    return byte == c" " or byte == c"." or byte == c"(" or byte == c")" or byte == c"-"


cdef bint find_phone(Search* search) noexcept nogil:
    cdef Cursor at = search.start, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        if at[0] == c"+":
            end = e164_end(search, at) if bounded_left(search, at) else NULL
        else:
            end = nanp_end(search, at)
        if end is not NULL and not found(search, at, end):
            return False


cdef Cursor e164_end(const Search* search, Cursor start) noexcept nogil:
    """Return where the longest run of whole groups ends that can be a number: what follows may be another number."""
    cdef Cursor at = start + 1, stop = search.stop, group, best = NULL
    cdef int digits = 0, groups, size, code = 0, value
    cdef bint known = False
    if at == stop or not c"1" <= at[0] <= c"9":
        return NULL
    for groups in range(15):
        group = at
        if groups:
            while group < stop and group - at < 3 and is_separator(group[0]):
                group += 1
            if group == at or group == stop or not is_a(group[0], DIGIT):
                break
        at = run_of(group, stop, DIGIT, 15)
        while group < at:
            if digits < 3:
                code = 10 * code + group[0] - c"0"
                known = known or IS_COUNTRY_CODE[code]
            digits += 1
            group += 1
        if digits > 15:
            break
        if (digits == 11 if start[1] == c"1" else digits >= 8) and bounded_right(search, at):
            best = at
    return best if known else NULL


cdef Cursor nanp_end(const Search* search, Cursor start) noexcept nogil:
    """Return the end of a North American number with separators, NULL where there is none."""
    cdef Cursor at = start, stop = search.stop
    cdef uint8_t before
    cdef uint8_t separator
    if stop - start < 12:
        return NULL
    if at[0] != c"(" and not c"2" <= at[0] <= c"9":
        return NULL
    if at[0] == c"(":
        at += 1
        if run_of(at, stop, DIGIT, 3) != at + 3 or at[0] < c"2" or at[3] != c")":
            return NULL
        at += 4
        if at[0] == c" ":
            at += 1
        separator = c"-"
    else:
        separator = at[3]
        if run_of(at, stop, DIGIT, 3) != at + 3 or not (separator == c"-" or separator == c"."):
            return NULL
        at += 4
    if stop - at < 8 or run_of(at, stop, DIGIT, 3) != at + 3 or at[0] < c"2" or at[3] != separator:
        return NULL
    if run_of(at + 4, stop, DIGIT, 4) != at + 8 or (at[1] == c"1" and at[2] == c"1"):
        return NULL
    at += 8
    if not bounded_left(search, start) or not bounded_right(search, at):
        return NULL
    if start > search.start + 1 and ((start - 1)[0] == c"." or (start - 1)[0] == c"-"):
        before = (start - 2)[0]
        if is_a(before, ALNUM) and (before != c"1" or (start > search.start + 2 and is_a((start - 3)[0], DIGIT))):
            return NULL
    if at + 1 < stop and (at[0] == c"." or at[0] == c"-") and is_a(at[1], DIGIT):
        return NULL
    return at


# ---- United States: social security and taxpayer numbers ----


cdef bint nine_digits(const Search* search, Cursor at) noexcept nogil:
    """Tell whether three, two and four digits with dashes or spaces stand here, that are no part of a longer run of groups."""
    cdef Cursor stop = search.stop, end = at + 11
    if stop - at < 11 or not is_a(at[0], DIGIT) or (at[3] != c"-" and at[3] != c" ") or at[6] != at[3]:
        return False
    if run(at, at + 3, DIGIT) != at + 3 or run(at + 4, at + 6, DIGIT) != at + 6 or run(at + 7, end, DIGIT) != end:
        return False
    if not bounded_left(search, at) or not bounded_right(search, end):
        return False
    return not (at > search.start and (at - 1)[0] == c"-") and not (end + 1 < stop and end[0] == c"-" and is_a(end[1], ALNUM))


cdef bint find_ssn(Search* search) noexcept nogil:
    cdef Cursor at = search.start
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        if nine_digits(search, at) and is_social_security(at, at + 4, at + 7) and not found(search, at, at + 11):
            return False


cdef bint is_social_security(Cursor area, Cursor group, Cursor serial) noexcept nogil:
    """Tell whether such a number can have been issued."""
    cdef int number = 100 * (area[0] - c"0") + two(area + 1)
    return 0 < number < 900 and number != 666 and two(group) and (two(serial) or two(serial + 2))


cdef bint find_itin(Search* search) noexcept nogil:
    cdef Cursor at = search.start
    cdef int group
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        if at[0] == c"9" and nine_digits(search, at) and at[3] == c"-":
            group = two(at + 4)
            if 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99:
                if not found(search, at, at + 11):
                    return False
