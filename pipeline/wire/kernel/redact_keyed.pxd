"""What a keyword has to stand near of, and what is off unless it is named."""

from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    MOST_FORMS = 12  # that could begin at one place

cdef struct Form:
    # What is too common alone: of a group, from where it was found to `stop`.
    Cursor stop
    int group


cdef inline int add_form(const Search* search, Form* forms, int count, int group, Cursor stop) noexcept nogil:
    """Note a form if its group is wanted; return how many there are then."""
    if not search.program.groups >> group & 1:
        return count
    forms[count] = Form(stop, group)
    return count + 1


cdef bint find_keyed(Search* search) noexcept nogil
cdef bint keyed_number(const Search* search, Cursor at) noexcept nogil
cdef bint keyed_code(const Search* search, Cursor at) noexcept nogil
cdef int forms_of_digits(const Search* search, Cursor at, Form* forms) noexcept nogil
