"""`reference/redact.py`, compiled: one walk over the payload, an edit for each text that changes, lengths set right at the end.

All is looked at without the GIL; what is rare and left to the reference takes it for that one text. The walk stands in
`redact_messages`, `redact_attributes`, `redact_values` and `redact_leaf`, what is done to one text in `redact_text`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint32_t
from libc.stdlib cimport free
from libc.string cimport memset

from pipeline.wire.kernel.edits cimport edited, release
from pipeline.wire.kernel.redact_books cimport OTHER, Walk, counted
from pipeline.wire.kernel.redact_desk cimport CHANGED, UNCHANGED, Desk, clear_desk
from pipeline.wire.kernel.redact_keys cimport KnownKeys, with_new
from pipeline.wire.kernel.redact_messages cimport redact_message
from pipeline.wire.kernel.redact_patterns cimport search_texts
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.redact_text cimport redact_text
from pipeline.wire.kernel.walk cimport Cursor, root

from pipeline.wire.kernel.redact_rules import supported
from pipeline.wire.reference.redact import Redactor as ReferenceRedactor
from pipeline.wire.reference.redact_actions import Place
from pipeline.wire.rules import Hits


cdef class Redactor:
    """Takes personal data and secrets out of payloads. Immutable for whoever uses it: safe to share by threads."""

    cdef Rulebook _book
    cdef KnownKeys _known  # replaced as a whole: a walk keeps the one that it began with
    cdef bint _drops_unknown
    cdef object _reference

    def __init__(self, rules):
        self._reference = None if supported(rules) else ReferenceRedactor(rules)
        if self._reference is None:
            self._book = Rulebook(rules)
            self._known = KnownKeys()
            self._drops_unknown = rules.unknown_fields == "drop"

    def redact(self, bytes payload not None, str signal not None):
        """Return the payload without what the rules find in it (the same object when that is nothing), and what was done."""
        if self._reference is not None:
            return self._reference.redact(payload, signal)
        cdef Walk walk
        cdef Rulebook book = self._book
        cdef KnownKeys known = self._known
        cdef uint32_t message = root(signal)
        memset(&walk, 0, sizeof(walk))
        walk.start = <Cursor>PyBytes_AS_STRING(payload)
        walk.limit = walk.start + PyBytes_GET_SIZE(payload)
        walk.drops_unknown = self._drops_unknown
        walk.takes_mismatches = book.program.takes_mismatches
        walk.desk.known_keys = &known.keys
        walk.desk.texts.start, walk.desk.texts.limit = walk.start, walk.limit
        try:
            if book.joined is not None:
                self._search_all(&walk, message)
            with nogil:
                redact_message(&walk, book, walk.start, walk.limit, message, OTHER, 0)
            if walk.desk.new_keys.count:
                self._known = with_new(self._known, &walk.desk.new_keys, len(payload))
            done = counted(&walk.log, book)
            return edited(payload, &walk.edits), Hits(done, walk.unknown_fields, walk.type_changed, walk.opaque_bytes)
        finally:
            release(&walk.edits)
            clear_desk(&walk.desk)
            free(walk.log.list)

    cdef int _search_all(self, Walk* walk, uint32_t message) except -1:
        """Have users' patterns search all texts at once: a walk collects them, and all else that it does is forgotten."""
        cdef Rulebook book = self._book
        walk.desk.texts.collecting = True
        with nogil:
            redact_message(walk, book, walk.start, walk.limit, message, OTHER, 0)
        walk.desk.texts.collecting = False
        walk.edits.count, walk.edits.growth, walk.log.count = 0, 0, 0
        walk.unknown_fields, walk.type_changed, walk.opaque_bytes = 0, 0, 0
        return search_texts(&walk.desk.texts, book.joined)

    def scrub(self, str text not None):
        """Return a text as it would be left in the body of a log record."""
        if self._reference is not None:
            return self._reference.scrub(text)
        cdef bytes raw = text.encode("utf-8", "surrogateescape")
        cdef Cursor start = <Cursor>PyBytes_AS_STRING(raw), stop = start + PyBytes_GET_SIZE(raw)
        cdef Rulebook book = self._book
        cdef KnownKeys known = self._known
        cdef Desk desk
        cdef int outcome
        memset(&desk, 0, sizeof(desk))
        desk.known_keys = &known.keys
        try:
            with nogil:
                outcome = redact_text(&desk, book, start, stop, stop, 0)
            if outcome == UNCHANGED:
                return text
            if outcome == CHANGED:
                raw = desk.result[: desk.result_size]
            else:
                raw = book.text.redact(raw, Place("body")).text
            return raw.decode("utf-8", "surrogateescape")
        finally:
            clear_desk(&desk)
