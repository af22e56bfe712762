"""What the `ot` member of a W3C tracestate says about sampling, and saying it: `pipeline/wire/sampling.py` in C."""

from libc.stdint cimport uint8_t, uint64_t

from pipeline.wire.kernel.values cimport Text

cdef extern from *:
    """
    #define SAYS_NOTHING UINT64_MAX
    """
    const uint64_t SAYS_NOTHING  # a threshold or randomness that is absent or malformed

cdef enum:
    THRESHOLD_ROOM = 14  # digits
    TRACE_STATE_ROOM = 32  # how much longer it can get: `ot=th:`, digits, and what separates them from the rest

cdef uint64_t read_threshold(Text text) noexcept nogil
cdef uint64_t read_randomness(Text text) noexcept nogil
cdef void read_trace_state(Text trace_state, uint64_t* threshold, uint64_t* randomness) noexcept nogil
cdef uint8_t* put_threshold(uint8_t* to, uint64_t threshold) noexcept nogil
cdef uint8_t* put_trace_state(uint8_t* to, Text trace_state, uint64_t threshold) noexcept nogil
