"""What a walk that redacts a payload keeps."""

from libc.string cimport memset

from pipeline.wire.kernel.arena cimport grown, no_memory
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


cdef enum:
    TALLIES = 64


cdef struct Tally:
    uint32_t code
    uint32_t count


cdef dict counted(const Log* log, tuple books):
    """Return how many edits there were, by rule, location and action."""
    cdef Tally tallies[TALLIES]  # what is counted without an object, until another code needs the place
    cdef Tally* tally
    cdef size_t index
    cdef dict numbers = {}, done = {}
    memset(tallies, 0, sizeof(tallies))
    for index in range(log.count):
        tally = &tallies[(log.list[index] * <uint32_t>0x9E3779B1) >> 26]  # as `redact_rules.hash_of_bytes`
        if tally.code != log.list[index]:
            add_tally(numbers, tally)
            tally[0] = Tally(log.list[index], 0)
        tally.count += 1
    for index in range(TALLIES):
        add_tally(numbers, &tallies[index])
    for code, count in numbers.items():
        rule = (<Rulebook>books[code >> 17]).labels[code >> 7 & 1023]
        label = rule, LOCATIONS[code >> 3 & 15], ACTIONS[code & 7]
        done[label] = done.get(label, 0) + count  # several rulebooks may have it
    return done


cdef int add_tally(dict numbers, const Tally* tally) except -1:
    if tally.count:
        numbers[tally.code] = numbers.get(tally.code, 0) + tally.count
    return 0


cdef int put_edit_of(Walk* walk, Rulebook book, object edit, int location) except -1:
    """Note an edit of the reference."""
    rule, action = edit
    return put_entry(walk, book, book.labels.index(rule), location, ACTIONS.index(action))


cdef int put_entry(Walk* walk, Rulebook book, uint32_t rule, int location, uint32_t action) except -1 nogil:
    cdef uint32_t* list
    if walk.log.count == walk.log.room:
        list = <uint32_t*>grown(walk.log.list, &walk.log.room, sizeof(uint32_t))
        if list is NULL:
            return no_memory()
        walk.log.list = list
    walk.log.list[walk.log.count] = book.program.number << 17 | rule << 7 | location << 3 | action
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


cdef int refuse(const Walk* walk) except -1 nogil:
    """Raise what the walk found malformed."""
    with gil:
        raise malformed(&walk.fault, walk.start)
