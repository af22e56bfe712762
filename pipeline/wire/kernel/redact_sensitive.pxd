"""Values that are replaced unseen, because of their name."""

from pipeline.wire.kernel.redact_books cimport Place, Walk
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Visit

cdef int redact_sensitive(Walk* walk, Rulebook book, const Visit* visit, Place place) except -1 nogil
