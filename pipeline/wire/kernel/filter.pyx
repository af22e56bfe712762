"""`reference/filter.py`, compiled: conditions are asked of the wire, and those that only it understands of the reference."""

from collections import Counter

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t
from libc.stdlib cimport calloc, free

from pipeline.wire.kernel.conditions cimport Conditions, Node, holds
from pipeline.wire.kernel.edits cimport edited
from pipeline.wire.kernel.items cimport DROP, KEEP, Verdict, Walk, Wanted, begin, checked_and_walked, end
from pipeline.wire.kernel.values cimport Value
from pipeline.wire.kernel.walk cimport Cursor, malformed, root

from pipeline.wire.kernel.conditions import Unsupported
from pipeline.wire.reference import filter as reference

cdef struct Asked:
    const Node* nodes
    const Value* literals
    const size_t* drop
    const size_t* keep
    size_t drop_count
    size_t keep_count
    size_t* dropped  # by each condition of `drop`, and behind them by none of `keep`


cdef class Filter:
    """As `reference.filter.Filter`."""

    cdef Wanted _wanted
    cdef Conditions _conditions
    cdef list _rules
    cdef size_t* _roots
    cdef size_t _drop_count
    cdef size_t _keep_count
    cdef object _fallback

    def __init__(self, object drop=(), object keep=()):
        conditions = [*drop, *keep]
        self._drop_count = len(drop)
        self._keep_count = len(keep)
        self._rules = [*(condition.text for condition in drop), "keep"]
        self._wanted = Wanted()
        self._conditions = Conditions(self._wanted)
        self._roots = <size_t*>calloc(len(conditions) + 1, sizeof(size_t))
        if self._roots is NULL:
            raise MemoryError
        try:
            for index, condition in enumerate(conditions):
                self._roots[<size_t>index] = self._conditions.add(condition)
        except Unsupported:
            self._fallback = reference.Filter(drop, keep)

    def __dealloc__(self):
        free(self._roots)

    def keep(self, bytes payload not None, str signal not None):
        if self._fallback is not None:
            return self._fallback.keep(payload, signal)
        cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
        cdef Cursor stop = start + PyBytes_GET_SIZE(payload)
        cdef uint32_t message = root(signal)
        cdef Walk walk
        cdef Asked asked = Asked(
            self._conditions.nodes, self._conditions.literals, self._roots, self._roots + self._drop_count,
            self._drop_count, self._keep_count, <size_t*>calloc(self._drop_count + 1, sizeof(size_t)),
        )
        try:
            begin(&walk, self._wanted, judge, &asked)
            if asked.dropped is NULL:
                raise MemoryError
            if not checked_and_walked(&walk, start, stop, message, self._conditions.needs_python):
                raise malformed(&walk.fault, start)
            rules = Counter()
            for index, rule in enumerate(self._rules):
                if asked.dropped[<size_t>index]:
                    rules[rule] += asked.dropped[<size_t>index]
            return edited(payload, &walk.edits), rules
        finally:
            free(asked.dropped)
            end(&walk)


cdef Verdict judge(Walk* walk) noexcept nogil:
    cdef Asked* asked = <Asked*>walk.state
    cdef size_t index
    for index in range(asked.drop_count):
        if holds(asked.nodes, asked.literals, asked.drop[index], &walk.item):
            asked.dropped[index] += 1
            return DROP
    for index in range(asked.keep_count):
        if holds(asked.nodes, asked.literals, asked.keep[index], &walk.item):
            return KEEP
    if asked.keep_count == 0:
        return KEEP
    asked.dropped[asked.drop_count] += 1
    return DROP
