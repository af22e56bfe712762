"""Users' patterns, which RE2 matches, and the matches that users allow to stay."""

from libc.stdint cimport int32_t

from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.redact_texts cimport Texts
from pipeline.wire.kernel.walk cimport Cursor

cdef int collect_text(Texts* texts, Cursor start, Cursor stop) except -1 nogil
cdef int search_texts(Texts* texts, object expression) except -1
cdef bint may_match(const Texts* texts, Cursor start, Cursor stop) noexcept nogil
cdef int find_patterns(Search* search, Rulebook book) except -1 nogil
cdef int leave_excused_out(Search* search, Rulebook book) except -1 nogil
cdef int is_excused(Rulebook book, int32_t rule, Cursor start, Cursor stop) except -1 nogil
