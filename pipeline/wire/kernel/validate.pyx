"""`reference/validate.py`, compiled: one walk that checks and counts, and keeps a list of what has to go."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from pipeline.wire.kernel.edits cimport (
    Edits, Frame, add_edit, close_frame, drop_frame, edited, open_frame, release, undo_frame
)
from pipeline.wire.kernel.tables cimport KIND_message, MESSAGES, OtlpField, Span, Span_span_id, Span_trace_id
from pipeline.wire.kernel.walk cimport (
    DELIMITED, NO_MEMORY, Cursor, Fault, Visit, any_bit, expected, malformed, next_field, packable, packed_is_whole, root, sound,
)

cdef enum:
    REQUIRED = 1 << Span_trace_id | 1 << Span_span_id  # ids without which there is no span

cdef struct Validation:
    int64_t items
    int64_t rejected
    Edits edits
    Fault fault


def validate(bytes payload not None, str signal not None):
    cdef Validation validation
    cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(payload)
    cdef uint32_t message = root(signal)
    cdef bint fine
    memset(&validation, 0, sizeof(Validation))
    try:
        with nogil:
            fine = checked(&validation, start, start + size, message, 0)
        if not fine:
            raise malformed(&validation.fault, start)
        return edited(payload, &validation.edits), validation.items, validation.rejected
    finally:
        release(&validation.edits)


cdef bint checked(Validation* found, Cursor start, Cursor stop, uint32_t message, uint32_t cleared) noexcept nogil:
    """Check a message, count what it holds, and take out its ids that `cleared` has the numbers of as bits."""
    cdef Cursor at = start
    cdef Visit visit
    cdef const OtlpField* field
    cdef uint32_t valid = 0, bad = 0, winner = 0, bit
    cdef int64_t before, won = 0
    cdef Frame beginning = Frame(found.edits.count, found.edits.growth)
    while at < stop:
        at = next_field(at, stop, &visit, &found.fault)
        if at is NULL:
            return False
        field = expected(message, &visit, &found.fault)
        if field is NULL:
            return False
        if field.kind == KIND_message:
            if MESSAGES[field.message].value:
                if not sound(visit.value, visit.stop, field.message, 0, &found.fault):
                    return False
                continue
            before = found.items
            if not checked_inside(found, &visit, field.message):
                return False
            if field.rival:  # a metric's points: those of the last type given are its points
                if winner != visit.number:
                    found.items -= won
                    before -= won
                    winner, won = visit.number, 0
                won += found.items - before
        elif visit.wire == DELIMITED:
            if field.id_bytes:
                bit = <uint32_t>1 << visit.number
                bad &= ~bit
                valid &= ~bit
                if visit.stop - visit.value == field.id_bytes and any_bit(visit.value, field.id_bytes):
                    valid |= bit
                elif visit.stop != visit.value:
                    bad |= bit
                if cleared & bit and not add_edit(&found.edits, visit.at, visit.stop, NULL, 0):
                    return no_memory(found)
            elif packable(field) and not packed_is_whole(field.wires, visit.value, visit.stop, &found.fault):
                return False
    if message == Span and valid & REQUIRED != REQUIRED:
        found.rejected += 1
        return True
    if bad and not cleared:  # the last of equal ids counts, so only now it is known which go: once more
        undo_frame(&found.edits, &beginning)
        return checked(found, start, stop, message, bad)
    found.items += MESSAGES[message].item
    return True


cdef bint checked_inside(Validation* found, const Visit* visit, uint32_t message) noexcept nogil:
    """Check a message that can change; one in which every item is rejected goes."""
    cdef Frame frame
    cdef int64_t items = found.items, rejected = found.rejected
    if not open_frame(&found.edits, visit, &frame):
        return no_memory(found)
    if not checked(found, visit.value, visit.stop, message, 0):
        return False
    if found.rejected > rejected and found.items == items:
        drop_frame(&found.edits, visit, &frame)
    else:
        close_frame(&found.edits, visit, &frame)
    return True


cdef bint no_memory(Validation* found) noexcept nogil:
    found.fault.reason = NO_MEMORY
    return False
