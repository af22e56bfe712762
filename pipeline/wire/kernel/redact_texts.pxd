"""The texts of a payload that users' patterns search all at once."""

from libc.stddef cimport size_t

from pipeline.wire.kernel.walk cimport Cursor

cdef struct Text:
    Cursor start
    size_t size
    size_t offset  # where it stands among all texts
    bint wanted  # a pattern may match in it

cdef struct Texts:
    # All zero is an empty one.
    Text* list  # by their start, once they were searched
    size_t count
    size_t room
    Cursor start  # of the payload: what lies outside was made from its texts, and is searched alone
    Cursor limit
    bint collecting
