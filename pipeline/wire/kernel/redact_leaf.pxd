"""One text of a payload: redacted, and put in the place of what it was."""

from pipeline.wire.kernel.redact_books cimport Place, Walk
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Cursor, Visit

cdef int redact_leaf(Walk* walk, Rulebook book, Cursor start, Cursor stop, Place place) except -1 nogil
cdef int replace_text(Walk* walk, const Visit* visit) except -1 nogil
cdef int put_answer(Walk* walk, Rulebook book, object text, object answer, int location) except -1
cdef int keep_text(Walk* walk, bytes text) except -1
