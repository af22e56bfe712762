"""Matchers for tokens and for secrets that a name gives away, and what others need of them."""

from pipeline.wire.kernel.redact_rules cimport Word
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef bint find_jwt(Search* search) noexcept nogil
cdef bint find_pem(Search* search) noexcept nogil
cdef bint find_session_kv(Search* search) noexcept nogil
cdef bint find_kv_secret(Search* search) noexcept nogil
cdef bint find_dsn_kv(Search* search) noexcept nogil

cdef bint is_secret_value(Word word, Cursor start, Cursor stop) noexcept nogil
cdef bint starts_free(const Search* search, Cursor at) noexcept nogil
cdef Cursor assignment_end(Cursor at, Cursor stop) noexcept nogil
cdef Cursor quoted_end(const Search* search, Cursor quote, Cursor start) noexcept nogil
