"""What a walk that redacts a payload keeps: edits, texts under way, and the books of what was done."""

from cpython.ref cimport PyObject
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t

from pipeline.wire.kernel.edits cimport Edits, Frame
from pipeline.wire.kernel.redact_desk cimport Desk, Log
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.redact_scopes cimport Scopes
from pipeline.wire.kernel.tables cimport MESSAGES, OtlpField
from pipeline.wire.kernel.walk cimport Cursor, Fault, Visit, expected, known

cdef enum Location:
    OTHER
    RESOURCE
    SCOPE
    EVENT
    LINK
    STATUS
    EXEMPLAR
    NAME
    ATTRIBUTE
    BODY
    KEY

cdef struct Place:
    int location
    bint identifies
    bint droppable

cdef struct Walk:
    Cursor start
    Cursor limit  # of the payload
    Edits edits
    Fault fault
    Desk desk
    Cursor name  # of the attribute whose value is in hand, NULL where it is known to have no keyword
    Cursor name_stop
    Log log  # of each edit: the rule, the location, the action
    int64_t unknown_fields
    int64_t type_changed
    int64_t opaque_bytes
    bint drops_unknown
    bint takes_mismatches
    const Scopes* scopes
    PyObject* summaries  # a list, NULL: records have nothing to say
    bint names_keys  # whether they tell the names of attributes too
    int64_t records  # that were passed, where they have
    Cursor judged_name  # of an attribute, the last one that was judged,
    Cursor judged_name_stop
    PyObject* judged_by  # by the rules of this book,
    int verdict  # and what they say

cdef inline const OtlpField* field_of(Walk* walk, uint32_t message, const Visit* visit) noexcept nogil:
    """Return the table entry of a field, one without `wires` for an unknown one; NULL and a fault when it is malformed."""
    cdef const OtlpField* field = known(message, visit)
    if field.wires == 0 or field.wires >> visit.wire & 1:
        return field
    return &MESSAGES[message].fields[0] if walk.takes_mismatches else expected(message, visit, &walk.fault)


cdef object named(const Walk* walk, Place place)
cdef dict counted(const Log* log, tuple books)
cdef int put_edit_of(Walk* walk, Rulebook book, object edit, int location) except -1
cdef int put_entry(Walk* walk, Rulebook book, uint32_t rule, int location, uint32_t action) except -1 nogil
cdef void keep_last_entry(Walk* walk, size_t mark) noexcept nogil
cdef int unknown(Walk* walk, const Visit* visit) except -1 nogil
cdef int begin(Walk* walk, const Visit* visit, Frame* frame) except -1 nogil
cdef int refuse(const Walk* walk) except -1 nogil
