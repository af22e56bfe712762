"""Where a walk begins, and raising what it found without the GIL."""

from pipeline.wire.kernel.tables cimport LogsData, MESSAGES, MetricsData, TracesData

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
