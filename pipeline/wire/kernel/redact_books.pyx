"""What a walk that redacts a payload keeps."""

from pipeline.wire.kernel.arena cimport grown
from pipeline.wire.kernel.edits cimport add_edit, open_frame
from pipeline.wire.kernel.walk cimport malformed

from pipeline.wire.reference.redact_actions import Place as TextPlace

cdef tuple LOCATIONS = (
    "other", "resource", "scope", "event", "link", "status", "exemplar", "name", "attribute", "body", "key"
)
cdef tuple ACTIONS = ("tag", "mask", "dry_run", "drop", "keep_last", "hmac")
"""By number, which is also how the log has them."""


cdef object named(const Walk* walk, Place place):
    """Return a place as the reference has it."""
    name = walk.name[: walk.name_stop - walk.name] if walk.name is not NULL else b""
    return TextPlace(LOCATIONS[place.location], place.identifies, place.droppable, name)


cdef dict counted(const Log* log, Rulebook book):
    """Return how many edits there were, by rule, location and action."""
    cdef size_t index
    cdef uint32_t entry
    cdef dict numbers = {}
    for index in range(log.count):
        entry = log.list[index]
        numbers[entry] = numbers.get(entry, 0) + 1
    return {(book.labels[code >> 7], LOCATIONS[code >> 3 & 15], ACTIONS[code & 7]): count for code, count in numbers.items()}


cdef int put_edit_of(Walk* walk, Rulebook book, object edit, int location) except -1:
    """Note an edit of the reference."""
    rule, action = edit
    return put_entry(walk, book.labels.index(rule), location, ACTIONS.index(action))


cdef int put_entry(Walk* walk, uint32_t rule, int location, uint32_t action) except -1 nogil:
    cdef uint32_t* list
    if walk.log.count == walk.log.room:
        list = <uint32_t*>grown(walk.log.list, &walk.log.room, sizeof(uint32_t))
        if list is NULL:
            return no_memory()
        walk.log.list = list
    walk.log.list[walk.log.count] = rule << 7 | location << 3 | action
    walk.log.count += 1
    return 0


cdef void keep_last_entry(Walk* walk, size_t mark) noexcept nogil:
    """Forget what was done since `mark` inside something that goes as a whole, but for its drop."""
    walk.log.list[mark] = walk.log.list[walk.log.count - 1]
    walk.log.count = mark + 1


cdef int unknown(Walk* walk, const Visit* visit) except -1 nogil:
    walk.unknown_fields += 1
    if walk.drops_unknown and not add_edit(&walk.edits, visit.at, visit.stop, NULL, 0):
        return no_memory()
    return 0


cdef int begin(Walk* walk, const Visit* visit, Frame* frame) except -1 nogil:
    return 0 if open_frame(&walk.edits, visit, frame) else no_memory()


cdef int no_memory() except -1 nogil:
    with gil:
        raise MemoryError


cdef int refuse(const Walk* walk) except -1 nogil:
    """Raise what the walk found malformed."""
    with gil:
        raise malformed(&walk.fault, walk.start)
