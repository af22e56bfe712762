"""Secrets in command lines, as `reference/redact_secrets.py` finds them: of `--password` and the like, and `-p` of clients."""

from pipeline.wire.kernel.redact_names cimport word_at_end
from pipeline.wire.kernel.redact_rules cimport NO_SECRET
from pipeline.wire.kernel.redact_search cimport (
    BASE64URL, BLANK, DIGIT, OPTION_END,
    Literals, any_of, behind_blanks, behind_token, bounded_left, found, in_any_case, is_a, next_point, run, same, same_folded,
    until,
)
from pipeline.wire.kernel.redact_secrets cimport quoted_end
from pipeline.wire.kernel.walk cimport Cursor

from pipeline.wire.kernel import redact_literals

cdef enum:
    MAX_OPTION = 61
    COMMAND_REACH = 200

cdef Literals COMMANDS = in_any_case(redact_literals.COMMANDS)

cdef struct Option:
    # The next `-p`, or the end of the command: it is looked for once, not from each command again.
    Cursor at
    bint stands


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
