"""`reference/sample.py`, compiled: a walk that reads ids, tracestate and thresholds, and marks or drops where it stands."""

from collections import Counter

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.math cimport frexp, rint
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from pipeline.wire.kernel.arena cimport taken
from pipeline.wire.kernel.conditions cimport Conditions, Node, holds
from pipeline.wire.kernel.edits cimport add_edit, edited
from pipeline.wire.kernel.items cimport DROP, FAIL, KEEP, Item, Slice, Verdict, Walk, Wanted, begin, checked_and_walked, end
from pipeline.wire.kernel.tables cimport (
    AnyValue_string_value, KeyValue_key, KeyValue_value, LogRecord, LogRecord_attributes, LogRecord_trace_id, Span,
    Span_trace_id, Span_trace_state,
)
from pipeline.wire.kernel.trace_ids cimport TRACE_ID_BYTES
from pipeline.wire.kernel.trace_state cimport (
    SAYS_NOTHING, THRESHOLD_ROOM, TRACE_STATE_ROOM,
    put_threshold, put_trace_state, read_randomness, read_threshold, read_trace_state,
)
from pipeline.wire.kernel.values cimport TEXT, Text, Value, key_of, same_text
from pipeline.wire.kernel.walk cimport (
    DELIMITED, NO_MEMORY, Cursor, Visit, any_bit, malformed, next_field, put_varint, root, varint_bytes,
)

from pipeline.wire.kernel.conditions import Unsupported
from pipeline.wire.reference import sample as reference
from pipeline.wire.sampling import RANDOMNESS_KEY, THRESHOLD_KEY

cdef enum:
    RANDOM_BYTES = 7  # at the end of a trace id
    MOST_DIGITS = 14
    PRECISION = 4  # of a product of probabilities, in digits
    STATUS_CODE_ERROR = 2

cdef double ALL_VALUES = 2.0**56  # of randomness

cdef enum Decision:
    PROBABILITY
    ERROR
    UPSTREAM
    NO_TRACE
    ALL_LOGS
    TRACESTATE_FULL
    DROPPED
    DECISIONS

cdef tuple _DECISIONS = (
    ("keep", "probability"), ("keep", "error"), ("keep", "upstream"), ("keep", "no_trace"), ("keep", "all_logs"),
    ("keep", "tracestate_full"), ("drop", "probability"),
)
cdef bytes _THRESHOLD_KEY = THRESHOLD_KEY.encode()

cdef struct Rule:
    size_t where
    uint64_t threshold

cdef struct Sampling:
    const Node* nodes
    const Value* literals
    const Rule* rules
    size_t rule_count
    uint64_t threshold
    bint keeps_errors
    bint multiplies
    bint leaves_logs
    size_t threshold_index  # of the attributes of logs
    size_t randomness_index
    Text threshold_key
    size_t[DECISIONS] decisions
    size_t inconsistent


cdef class Sampler:
    """As `reference.sample.Sampler`."""

    cdef Wanted _wanted
    cdef Conditions _conditions
    cdef Rule* _rules
    cdef Sampling _sampling
    cdef object _fallback

    def __init__(
        self, object threshold, *, object keep_errors=False, object mode="equalize", object rules=(), object logs="follow"
    ):
        rules = tuple(rules)
        self._wanted = Wanted()
        self._conditions = Conditions(self._wanted)
        self._rules = <Rule*>calloc(len(rules) + 1, sizeof(Rule))
        if self._rules is NULL:
            raise MemoryError
        try:
            for index, (where, at_most) in enumerate(rules):
                self._rules[<size_t>index] = Rule(self._conditions.add(where), checked(at_most))
            self._sampling.threshold = checked(threshold)
        except Unsupported:
            self._fallback = reference.Sampler(threshold, keep_errors=keep_errors, mode=mode, rules=rules, logs=logs)
        self._sampling.rule_count = len(rules)
        self._sampling.keeps_errors = keep_errors
        self._sampling.multiplies = mode == "proportional"
        self._sampling.leaves_logs = logs == "all"
        self._sampling.threshold_index = self._wanted.attribute(_THRESHOLD_KEY)
        self._sampling.randomness_index = self._wanted.attribute(RANDOMNESS_KEY.encode())
        self._sampling.threshold_key = Text(<Cursor>PyBytes_AS_STRING(_THRESHOLD_KEY), PyBytes_GET_SIZE(_THRESHOLD_KEY))

    def __dealloc__(self):
        free(self._rules)

    def keep(self, bytes payload not None, str signal not None):
        sampled = self.sample(payload, signal)
        return sampled.payload, sampled.dropped

    def sample(self, bytes payload not None, str signal not None):
        if self._fallback is not None:
            return self._fallback.sample(payload, signal)
        cdef uint32_t message = root(signal)
        if signal == "metrics":
            return reference.Sampled(payload, 0, {}, 0)
        cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
        cdef Cursor stop = start + PyBytes_GET_SIZE(payload)
        cdef Walk walk
        cdef Sampling sampling = self._sampling
        sampling.nodes = self._conditions.nodes
        sampling.literals = self._conditions.literals
        sampling.rules = self._rules
        try:
            begin(&walk, self._wanted, judge, &sampling)
            if not checked_and_walked(&walk, start, stop, message, self._conditions.needs_python):
                raise malformed(&walk.fault, start)
            decisions = Counter()
            for index, decision in enumerate(_DECISIONS):
                if sampling.decisions[<size_t>index]:
                    decisions[decision] = sampling.decisions[<size_t>index]
            return reference.Sampled(edited(payload, &walk.edits), walk.dropped, decisions, sampling.inconsistent)
        finally:
            end(&walk)


cdef uint64_t checked(object threshold) except? 0:
    if not 0 <= threshold <= 1 << 56:
        raise Unsupported
    return threshold


cdef Verdict judge(Walk* walk) noexcept nogil:
    cdef Sampling* sampling = <Sampling*>walk.state
    cdef uint64_t said, randomness, bits, threshold
    cdef bint is_false
    cdef Decision decision
    read(walk, &said, &randomness)
    bits = random_bits(&walk.item, randomness)
    is_false = bits != SAYS_NOTHING and said != SAYS_NOTHING and bits < said
    sampling.inconsistent += is_false
    threshold = SAYS_NOTHING if is_false else said
    decision = decided(walk, sampling, bits, &threshold)
    if decision != DROPPED and threshold != said and not marked(walk, sampling, threshold, &decision):
        walk.fault.reason = NO_MEMORY
        return FAIL
    sampling.decisions[<size_t>decision] += 1
    return DROP if decision == DROPPED else KEEP


cdef void read(const Walk* walk, uint64_t* threshold, uint64_t* randomness) noexcept nogil:
    """Read what an item says: a span in its tracestate, a log record in its attributes."""
    cdef const Sampling* sampling = <const Sampling*>walk.state
    cdef const Value* attribute
    threshold[0] = SAYS_NOTHING
    randomness[0] = SAYS_NOTHING
    if walk.item.message == Span:
        if walk.item.last[Span_trace_state].at is not NULL:
            read_trace_state(trace_state_of(&walk.item), threshold, randomness)
        return
    attribute = &walk.item.attributes[sampling.threshold_index]
    if attribute.type == TEXT:
        threshold[0] = read_threshold(attribute.text)
    attribute = &walk.item.attributes[sampling.randomness_index]
    if attribute.type == TEXT:
        randomness[0] = read_randomness(attribute.text)


cdef inline Text trace_state_of(const Item* item) noexcept nogil:
    cdef Slice value = item.last[Span_trace_state]
    return Text(item.visit.stop, 0) if value.at is NULL else Text(value.at, value.stop - value.at)


cdef uint64_t random_bits(const Item* item, uint64_t said) noexcept nogil:
    """Return the 56 bits that decide about an item; SAYS_NOTHING when it belongs to no trace."""
    cdef Slice trace_id = item.last[Span_trace_id] if item.message == Span else item.last[LogRecord_trace_id]
    cdef uint64_t bits = 0
    cdef int byte
    if trace_id.at is NULL or trace_id.stop - trace_id.at != TRACE_ID_BYTES or not any_bit(trace_id.at, TRACE_ID_BYTES):
        return SAYS_NOTHING
    if said != SAYS_NOTHING:
        return said
    for byte in range(TRACE_ID_BYTES - RANDOM_BYTES, TRACE_ID_BYTES):
        bits = bits << 8 | trace_id.at[byte]
    return bits


cdef Decision decided(const Walk* walk, const Sampling* sampling, uint64_t bits, uint64_t* threshold) noexcept nogil:
    """Decide about an item that says `threshold`; leave there what it says from now on."""
    cdef uint64_t target = sampling.threshold
    cdef size_t index
    if sampling.leaves_logs and walk.item.message == LogRecord:
        return ALL_LOGS
    if bits == SAYS_NOTHING:
        return NO_TRACE
    for index in range(sampling.rule_count):
        if holds(sampling.nodes, sampling.literals, sampling.rules[index].where, &walk.item):
            target = sampling.rules[index].threshold
            break
    if sampling.multiplies:
        target = product(target, 0 if threshold[0] == SAYS_NOTHING else threshold[0])
    elif threshold[0] != SAYS_NOTHING and threshold[0] > target:
        return UPSTREAM
    if sampling.keeps_errors and walk.item.message == Span and walk.item.status_code == STATUS_CODE_ERROR:
        return ERROR  # every error is kept, so each stands for as many as it did when it came
    if bits < target:
        return DROPPED
    threshold[0] = target
    return PROBABILITY


cdef uint64_t product(uint64_t configured, uint64_t incoming) noexcept nogil:
    """Return the threshold of both probabilities together, never below the incoming one."""
    cdef uint64_t most = <uint64_t>1 << 56, rounded
    cdef double share = (<double>(most - configured) / ALL_VALUES) * (<double>(most - incoming) / ALL_VALUES)
    if share * ALL_VALUES < 1:
        return most
    rounded = rounded_threshold(share)
    return rounded if rounded > incoming else incoming


cdef uint64_t rounded_threshold(double probability) noexcept nogil:
    """As `sampling.threshold` for a probability above 0: digits `f` and `0` at the front do not count as precision."""
    cdef uint64_t unit
    cdef int small, large, digits
    if probability == 1:
        return 0
    frexp(probability, &small)
    frexp(1 - probability, &large)
    digits = MOST_DIGITS - PRECISION - max(-small // 4, -large // 4)
    unit = <uint64_t>1 << 4 * max(0, digits)
    return ((<uint64_t>1 << 56) - <uint64_t>rint(probability * ALL_VALUES) + unit // 2) // unit * unit


cdef bint marked(Walk* walk, const Sampling* sampling, uint64_t threshold, Decision* decision) noexcept nogil:
    """Make an item say a threshold, or none; False without memory. A tracestate without room stays, and so says `decision`."""
    if walk.item.message == Span:
        return span_marked(walk, threshold, decision)
    return log_marked(walk, sampling, threshold)


cdef bint span_marked(Walk* walk, uint64_t threshold, Decision* decision) noexcept nogil:
    cdef Text trace_state = trace_state_of(&walk.item)
    cdef Cursor at = walk.item.visit.value
    cdef Visit visit
    cdef size_t head = 1 + varint_bytes(trace_state.size + TRACE_STATE_ROOM), size
    cdef uint8_t* field = taken(&walk.edits.arena, head + trace_state.size + TRACE_STATE_ROOM)
    cdef uint8_t* text = field + head
    cdef uint8_t* stop
    if field is NULL:
        return False
    stop = put_trace_state(text, trace_state, threshold)
    if stop is NULL:
        decision[0] = TRACESTATE_FULL
        return True
    size = stop - text
    field = text - 1 - varint_bytes(size)
    put_varint(put_varint(field, Span_trace_state << 3 | DELIMITED), size)
    while walk.item.last[Span_trace_state].at is not NULL and at < walk.item.visit.stop:
        at = next_field(at, walk.item.visit.stop, &visit, &walk.fault)
        if at is NULL:
            return False
        if visit.number == Span_trace_state and not add_edit(&walk.edits, visit.at, visit.stop, NULL, 0):
            return False
    return size == 0 or add_edit(&walk.edits, walk.item.visit.stop, walk.item.visit.stop, field, stop - field)


cdef bint log_marked(Walk* walk, const Sampling* sampling, uint64_t threshold) noexcept nogil:
    cdef Cursor at = walk.item.visit.value
    cdef Visit visit
    while walk.item.attributes[sampling.threshold_index].present and at < walk.item.visit.stop:
        at = next_field(at, walk.item.visit.stop, &visit, &walk.fault)
        if at is NULL:
            return False
        if visit.number == LogRecord_attributes and same_text(key_of(visit.value, visit.stop), sampling.threshold_key):
            if not add_edit(&walk.edits, visit.at, visit.stop, NULL, 0):
                return False
    return threshold == SAYS_NOTHING or threshold_added(walk, sampling, threshold)


cdef bint threshold_added(Walk* walk, const Sampling* sampling, uint64_t threshold) noexcept nogil:
    """Add the attribute. All that is in it is shorter than 128 bytes: each length is one byte."""
    cdef size_t key_bytes = sampling.threshold_key.size
    cdef uint8_t* field = taken(&walk.edits.arena, 8 + key_bytes + THRESHOLD_ROOM)
    cdef uint8_t* value
    cdef uint8_t* stop
    if field is NULL:
        return False
    field[0] = LogRecord_attributes << 3 | DELIMITED
    field[2] = KeyValue_key << 3 | DELIMITED
    field[3] = <uint8_t>key_bytes
    memcpy(field + 4, sampling.threshold_key.at, key_bytes)
    value = field + 4 + key_bytes
    stop = put_threshold(value + 4, threshold)
    value[0] = KeyValue_value << 3 | DELIMITED
    value[1] = <uint8_t>(stop - value - 2)
    value[2] = AnyValue_string_value << 3 | DELIMITED
    value[3] = <uint8_t>(stop - value - 4)
    field[1] = <uint8_t>(stop - field - 2)
    return add_edit(&walk.edits, walk.item.visit.stop, walk.item.visit.stop, field, stop - field)
