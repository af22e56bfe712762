"""`reference/split.py`, compiled: a walk that lists items and the shells around them, then parts written from their ends."""

import sys

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from pipeline.wire.kernel.arena cimport grown, release_arena, taken
from pipeline.wire.kernel.tables cimport KIND_message, MESSAGES, OtlpField
from pipeline.wire.kernel.walk cimport (
    DELIMITED, NO_MEMORY, Cursor, Visit, expected, known, malformed, next_field, put_varint, root, varint_bytes,
)

def split(bytes payload not None, str signal not None, *, object max_items, object max_bytes):
    cdef Py_ssize_t most_items = min(max_items, sys.maxsize), most_bytes = min(max_bytes, sys.maxsize)
    cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(payload)
    cdef uint32_t message = root(signal)
    cdef Listing listing
    cdef bint fine
    memset(&listing, 0, sizeof(Listing))
    listing.base = start
    try:
        with nogil:
            fine = listed(&listing, start, start + size, message, 0, 0)
        if not fine:
            raise malformed(&listing.fault, listing.base)
        if <Py_ssize_t>listing.item_count <= most_items and size <= most_bytes:
            return [payload]
        return parts_of(&listing, most_items, most_bytes)
    finally:
        release_listing(&listing)


cdef void release_listing(Listing* listing) noexcept nogil:
    """Give all memory back."""
    free(listing.items)
    free(listing.shells)
    free(listing.runs)
    release_arena(&listing.arena)


cdef bint listed(Listing* listing, Cursor start, Cursor stop, uint32_t message, uint32_t number, size_t parent) noexcept nogil:
    """List the items in a message, which is field `number` of the shell `parent`. All of its own fields are read first."""
    cdef size_t shell = listing.shell_count, pieces = 0, bytes_in_pieces = 0
    cdef Cursor at = start, live = start
    cdef Visit visit
    cdef const OtlpField* field
    cdef uint32_t winner = 0
    cdef bint repeated = True
    if not new_shell(listing, number, parent):
        return no_memory(listing)
    while at < stop:
        at = next_field(at, stop, &visit, &listing.fault)
        if at is NULL:
            return False
        field = expected(message, &visit, &listing.fault)
        if field is NULL:
            return False
        if not leads_to_items(field):
            if not in_run(listing, visit.at, visit.stop):
                return no_memory(listing)
            continue
        if field.rival and winner != visit.number:  # of a metric's data, the type given last counts
            live, winner, pieces, bytes_in_pieces = visit.at, visit.number, 0, 0
        repeated = field.repeated
        pieces += 1
        bytes_in_pieces += visit.stop - visit.value
    if pieces > 1 and not repeated:
        return listed_merged(listing, live, stop, message, shell, bytes_in_pieces)
    return listed_inside(listing, live, stop, message, shell)


cdef bint listed_inside(Listing* listing, Cursor at, Cursor stop, uint32_t message, size_t shell) noexcept nogil:
    """List the items in the messages inside of a shell, which were read before."""
    cdef Visit visit
    cdef const OtlpField* field
    while at < stop:
        at = next_field(at, stop, &visit, &listing.fault)
        if at is NULL:
            return False
        field = known(message, &visit)
        if not leads_to_items(field):
            continue
        if MESSAGES[field.message].item:
            if not new_item(listing, visit.at, visit.stop, shell):
                return no_memory(listing)
        elif not listed(listing, visit.value, visit.stop, field.message, visit.number, shell):
            return False
    return True


cdef bint listed_merged(
    Listing* listing, Cursor at, Cursor stop, uint32_t message, size_t shell, size_t size
) noexcept nogil:
    """List the items in a singular message that came in several pieces: it is one, of `size` bytes."""
    cdef uint8_t* merged = taken(&listing.arena, size)
    cdef uint8_t* to = merged
    cdef Visit visit
    cdef const OtlpField* field
    cdef uint32_t number = 0, child = 0
    if merged is NULL:
        return no_memory(listing)
    while at < stop:
        at = next_field(at, stop, &visit, &listing.fault)
        if at is NULL:
            return False
        field = known(message, &visit)
        if leads_to_items(field):
            number, child = visit.number, field.message
            memcpy(to, visit.value, visit.stop - visit.value)
            to += visit.stop - visit.value
    if listed(listing, merged, to, child, number, shell):
        return True
    listing.base = merged
    return False


cdef inline bint leads_to_items(const OtlpField* field) noexcept nogil:
    return field.kind == KIND_message and (MESSAGES[field.message].item or MESSAGES[field.message].shell)


cdef bint new_shell(Listing* listing, uint32_t number, size_t parent) noexcept nogil:
    cdef Shell* shells
    cdef uint32_t depth = listing.shells[parent].depth + 1 if listing.shell_count else 0
    if listing.shell_count == listing.shell_room:
        shells = <Shell*>grown(listing.shells, &listing.shell_room, sizeof(Shell))
        if shells is NULL:
            return False
        listing.shells = shells
    listing.shells[listing.shell_count] = Shell(parent, number, depth, listing.run_count, 0, 0)
    listing.shell_count += 1
    return True


cdef bint in_run(Listing* listing, Cursor at, Cursor stop) noexcept nogil:
    """Add a field to the newest shell."""
    cdef Run* runs
    cdef Shell* shell = &listing.shells[listing.shell_count - 1]
    shell.size += stop - at
    if shell.runs and listing.runs[listing.run_count - 1].stop == at:
        listing.runs[listing.run_count - 1].stop = stop
        return True
    if listing.run_count == listing.run_room:
        runs = <Run*>grown(listing.runs, &listing.run_room, sizeof(Run))
        if runs is NULL:
            return False
        listing.runs = runs
    listing.runs[listing.run_count] = Run(at, stop)
    listing.run_count += 1
    shell.runs += 1
    return True


cdef bint new_item(Listing* listing, Cursor at, Cursor stop, size_t shell) noexcept nogil:
    cdef Item* items
    if listing.item_count == listing.item_room:
        items = <Item*>grown(listing.items, &listing.item_room, sizeof(Item))
        if items is NULL:
            return False
        listing.items = items
    listing.items[listing.item_count] = Item(at, stop, shell)
    listing.item_count += 1
    return True


cdef bint no_memory(Listing* listing) noexcept nogil:
    listing.fault.reason = NO_MEMORY
    return False


cdef list parts_of(const Listing* listing, Py_ssize_t most_items, Py_ssize_t most_bytes):
    """Return the parts, each as full as the limits allow."""
    cdef list parts = []
    cdef size_t index = 0, first
    cdef int64_t size, larger
    cdef Part part, wider
    while index < listing.item_count:
        with nogil:
            first = index
            part.items = 0
            part.depth = 0
            add_item(&part, listing, index)
            size = size_of(&part, listing)
            index += 1
            while index < listing.item_count and <Py_ssize_t>part.items != most_items:
                wider = part
                add_item(&wider, listing, index)
                larger = size_of(&wider, listing)
                if larger > most_bytes:
                    break
                part, size = wider, larger
                index += 1
        parts.append(body_of(listing, first, index, size))
    return parts


cdef void add_item(Part* part, const Listing* listing, size_t index) noexcept nogil:
    cdef const Item* item = &listing.items[index]
    cdef size_t shell = item.shell
    cdef uint32_t depth = listing.shells[shell].depth + 1, shared = min(part.depth, depth), level
    cdef size_t[DEEPEST] path
    for level in range(depth, 0, -1):
        path[level - 1] = shell
        shell = listing.shells[shell].parent
    for level in range(shared):
        if path[level] != part.shells[level]:
            shared = level
            break
    close_shells(part, listing, shared)
    for level in range(shared, depth):
        part.shells[level] = path[level]
        part.sizes[level] = listing.shells[path[level]].size
    part.depth = depth
    part.sizes[depth - 1] += item.stop - item.at
    part.items += 1


cdef void close_shells(Part* part, const Listing* listing, uint32_t depth) noexcept nogil:
    """Close all shells from a depth on: with tag and length they count for the one around them."""
    cdef int64_t closed = 0
    cdef uint32_t level
    for level in range(part.depth, depth, -1):
        closed = framed(&listing.shells[part.shells[level - 1]], part.sizes[level - 1] + closed)
    if depth:
        part.sizes[depth - 1] += closed
    part.depth = depth


cdef int64_t size_of(const Part* part, const Listing* listing) noexcept nogil:
    """Return what a part takes with all of its shells closed."""
    cdef Part closed = part[0]
    close_shells(&closed, listing, 1)
    return closed.sizes[0]


cdef inline int64_t framed(const Shell* shell, int64_t size) noexcept nogil:
    return varint_bytes(shell.number << 3 | DELIMITED) + varint_bytes(size) + size


cdef bytes body_of(const Listing* listing, size_t first, size_t end, int64_t size):
    """Return the part that holds the items from `first` to before `end`, known to take `size` bytes."""
    cdef bytes result = PyBytes_FromStringAndSize(NULL, size)
    cdef uint8_t* to = <uint8_t*>PyBytes_AS_STRING(result)
    with nogil:
        write_backwards(listing, first, end, to + size)
    return result


cdef void write_backwards(const Listing* listing, size_t first, size_t end, uint8_t* to) noexcept nogil:
    """Write items and shells from the last to the first, to before `to`: a shell's size is known where its length stands."""
    cdef uint8_t* ends[DEEPEST]
    cdef size_t index, shell = 0, path
    cdef int depth = -1, level
    cdef const Item* item
    for index in range(end, first, -1):
        item = &listing.items[index - 1]
        while depth >= 0 and not around(listing, shell, item.shell):
            to = write_shell(&listing.shells[shell], listing.runs, to, ends[depth])
            shell = listing.shells[shell].parent
            depth -= 1
        for level in range(depth + 1, <int>listing.shells[item.shell].depth + 1):
            ends[level] = to
        depth = listing.shells[item.shell].depth
        shell = item.shell
        to -= item.stop - item.at
        memcpy(to, item.at, item.stop - item.at)
    while depth >= 0:
        to = write_shell(&listing.shells[shell], listing.runs, to, ends[depth])
        shell = listing.shells[shell].parent
        depth -= 1


cdef inline bint around(const Listing* listing, size_t shell, size_t inner) noexcept nogil:
    """Tell whether a shell is another or stands around it."""
    while listing.shells[inner].depth > listing.shells[shell].depth:
        inner = listing.shells[inner].parent
    return inner == shell


cdef uint8_t* write_shell(const Shell* shell, const Run* runs, uint8_t* to, const uint8_t* end) noexcept nogil:
    """Write the fields of a shell, its length and its tag before what is written of it; return where it begins."""
    cdef size_t index
    cdef uint8_t* tag
    for index in range(shell.first_run + shell.runs, shell.first_run, -1):
        to -= runs[index - 1].stop - runs[index - 1].at
        memcpy(to, runs[index - 1].at, runs[index - 1].stop - runs[index - 1].at)
    if shell.number == 0:
        return to
    tag = to - varint_bytes(shell.number << 3 | DELIMITED) - varint_bytes(end - to)
    put_varint(put_varint(tag, shell.number << 3 | DELIMITED), end - to)
    return tag
