"""Where a walk begins, and raising what it found without the GIL."""

from pipeline.wire.kernel.tables cimport KIND_message, MESSAGES, LogsData, MetricsData, TracesData

from pipeline.wire.errors import Malformed

cdef int root(str signal) except -1:
    """Return the message type of a payload."""
    if signal == "logs":
        return LogsData
    if signal == "traces":
        return TracesData
    if signal == "metrics":
        return MetricsData
    raise KeyError(signal)


cdef bint sound(Cursor at, Cursor stop, uint32_t message, int depth, Fault* fault) noexcept nogil:
    """Check a message and all that is nested in it, in the order of the bytes, below `depth` arrays and maps."""
    cdef Visit visit
    cdef const OtlpField* field
    if MESSAGES[message].nests:
        if depth == MAX_DEPTH:
            refused(fault, TOO_DEEP, at)
            return False
        depth += 1
    while at < stop:
        at = next_field(at, stop, &visit, fault)
        if at is NULL:
            return False
        field = expected(message, &visit, fault)
        if field is NULL:
            return False
        if visit.wire != DELIMITED:
            continue
        if field.kind == KIND_message:
            if not sound(visit.value, visit.stop, field.message, depth, fault):
                return False
        elif packable(field) and not packed_is_whole(field.wires, visit.value, visit.stop, fault):
            return False
    return True


cdef object malformed(const Fault* fault, Cursor start):
    """Return the exception of a fault, with the words of the reference."""
    if fault.reason == NO_MEMORY:
        return MemoryError()
    if fault.reason == BAD_WIRE_TYPE:
        what = f"wire type {fault.wire}"
    elif fault.reason == WRONG_WIRE_TYPE:
        message, field = MESSAGES[fault.message].name, MESSAGES[fault.message].names[fault.number]
        what = f"wire type {fault.wire} for {message.decode()}.{field.decode()}"
    else:
        what = {
            BAD_NUMBER: "field number out of range",
            LONG_VARINT: "varint longer than 10 bytes",
            CUT_VARINT: "varint runs past the end",
            CUT_FIELD: "field longer than its message",
            TOO_DEEP: f"value nested deeper than {MAX_DEPTH} levels",
            BAD_PACKED: "packed values of the wrong length",
        }[fault.reason]
    return Malformed(fault.at - start, what)
