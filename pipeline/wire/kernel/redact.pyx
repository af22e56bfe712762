"""`reference/redact.py`, compiled: one walk over the payload, an edit for each text that changes, lengths set right at the end.

All is looked at without the GIL; what is rare and left to the reference takes it for that one text. The walk stands in
`redact_messages`, `redact_attributes`, `redact_values` and `redact_leaf`, what is done to one text in `redact_text`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport PyObject
from libc.stdint cimport uint32_t
from libc.stdlib cimport free

from pipeline.wire.kernel.arena cimport release_arena
from pipeline.wire.kernel.edits cimport Edit, edited, release
from pipeline.wire.kernel.redact_books cimport OTHER, Walk, counted
from pipeline.wire.kernel.redact_desk cimport CHANGED, UNCHANGED, Desk, clear_desk, size_of_desk, tidy_desk
from pipeline.wire.kernel.redact_keys cimport KnownKeys, with_new
from pipeline.wire.kernel.redact_messages cimport redact_message
from pipeline.wire.kernel.redact_patterns cimport search_texts
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.redact_scopes cimport Scoping
from pipeline.wire.kernel.redact_text cimport redact_text
from pipeline.wire.kernel.walk cimport Cursor, root

from pipeline.wire.kernel.redact_rules import supported
from pipeline.wire.reference.redact import Redactor as ReferenceRedactor
from pipeline.wire.reference.redact_actions import Place
from pipeline.wire.reference.redact_summary import summarised
from pipeline.wire.rules import Hits


cdef enum:
    MOST_KEPT = 8 << 20  # bytes of memory, from one payload to the next


cdef class Workplace:
    """Where one payload at a time is redacted."""

    cdef Walk walk  # all zero at first

    def __dealloc__(self):
        release(&self.walk.edits)
        clear_desk(&self.walk.desk)
        free(self.walk.log.list)

    cdef bint tidied(self) noexcept:
        """Leave nothing to the next payload but memory; False when that is too much to keep."""
        cdef size_t kept
        release_arena(&self.walk.edits.arena)
        tidy_desk(&self.walk.desk)
        self.walk.edits.count = self.walk.log.count = 0
        self.walk.edits.growth = self.walk.unknown_fields = self.walk.type_changed = self.walk.opaque_bytes = 0
        kept = self.walk.edits.room * sizeof(Edit) + self.walk.log.room * sizeof(uint32_t) + size_of_desk(&self.walk.desk)
        return kept <= MOST_KEPT


cdef class Redactor:
    """Takes personal data and secrets out of payloads. Immutable for whoever uses it: safe to share by threads."""

    cdef Rulebook _book
    cdef Scoping _scoping
    cdef KnownKeys _known  # replaced as a whole: a walk keeps the one that it began with
    cdef bint _drops_unknown
    cdef str _summary
    cdef Workplace _spare  # of the last call, for the next
    cdef object _reference

    def __init__(self, rules):
        self._reference = None if supported(rules) else ReferenceRedactor(rules)
        if self._reference is None:
            self._scoping = Scoping(rules)
            self._book = self._scoping.books[0]
            self._summary = rules.summary
            self._known = KnownKeys()
            self._drops_unknown = rules.unknown_fields == "drop"

    def redact(self, bytes payload not None, str signal not None):
        """Return the payload without what the rules find in it (the same object when that is nothing), and what was done."""
        if self._reference is not None:
            return self._reference.redact(payload, signal)
        cdef Rulebook book = self._book
        cdef KnownKeys known = self._known
        cdef Workplace place = self._taken_place()
        cdef Walk* walk = &place.walk
        cdef uint32_t message = root(signal)
        walk.start = <Cursor>PyBytes_AS_STRING(payload)
        walk.limit = walk.start + PyBytes_GET_SIZE(payload)
        walk.drops_unknown = self._drops_unknown
        walk.takes_mismatches = book.program.takes_mismatches
        walk.judged_name = NULL
        walk.scopes = &self._scoping.scopes
        summaries = []
        walk.names_keys = self._summary == "debug"
        walk.summaries = NULL if self._summary == "off" else <PyObject*>summaries
        walk.records = 0
        walk.desk.known_keys = &known.keys
        walk.desk.texts.start, walk.desk.texts.limit = walk.start, walk.limit
        if book.joined is not None:
            self._search_all(walk, message)
        with nogil:
            redact_message(walk, book, walk.start, walk.limit, message, OTHER, 0)
        if walk.desk.new_keys.count:
            self._known = with_new(known, &walk.desk.new_keys, len(payload))
        done = counted(&walk.log, self._scoping.books)
        redacted = edited(payload, &walk.edits)
        if summaries:
            redacted = summarised(redacted, signal, summaries, with_keys=self._summary == "debug")
        result = redacted, Hits(done, walk.unknown_fields, walk.type_changed, walk.opaque_bytes)
        if place.tidied():
            self._spare = place
        return result

    cdef Workplace _taken_place(self):
        """Return the spare place, which is nobody else's then, or a new one."""
        place, self._spare = self._spare, None
        return Workplace() if place is None else place

    cdef int _search_all(self, Walk* walk, uint32_t message) except -1:
        """Have users' patterns search all texts at once: a walk collects them, and all else that it does is forgotten."""
        cdef Rulebook book = self._book
        walk.desk.texts.collecting = True
        with nogil:
            redact_message(walk, book, walk.start, walk.limit, message, OTHER, 0)
        walk.desk.texts.collecting = False
        walk.edits.count, walk.edits.growth, walk.log.count = 0, 0, 0
        walk.unknown_fields, walk.type_changed, walk.opaque_bytes = 0, 0, 0
        if walk.summaries is not NULL:
            walk.records = 0
            (<list>walk.summaries).clear()
        return search_texts(&walk.desk.texts, book.joined)

    def scrub(self, str text not None):
        """Return a text as it would be left in the body of a log record."""
        if self._reference is not None:
            return self._reference.scrub(text)
        cdef bytes raw = text.encode("utf-8", "surrogateescape")
        cdef Cursor start = <Cursor>PyBytes_AS_STRING(raw), stop = start + PyBytes_GET_SIZE(raw)
        cdef Rulebook book = self._book
        cdef KnownKeys known = self._known
        cdef Workplace place = self._taken_place()
        cdef Desk* desk = &place.walk.desk
        cdef int outcome
        desk.known_keys = &known.keys
        with nogil:
            outcome = redact_text(desk, book, start, stop, stop, 0)
        if outcome == CHANGED:
            raw = desk.result[: desk.result_size]
        elif outcome != UNCHANGED:
            raw = book.text.redact(raw, Place("body")).text
        if place.tidied():
            self._spare = place
        return raw.decode("utf-8", "surrogateescape")
