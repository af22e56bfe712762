"""`reference/redact_shapes.py`, compiled: prefixes with a body of known characters and length."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t
from libc.stdlib cimport realloc
from libc.string cimport memset

from pipeline.wire.kernel.redact_rules cimport Beginning, Piece, Program, Shape, place_of
from pipeline.wire.kernel.redact_search cimport (
    bounded_left, bounded_right, first_four, found, next_point, same, same_folded, stands
)
from pipeline.wire.kernel.walk cimport Cursor


cdef struct Read:
    # What was read of a text already, so that nothing is read again from each literal on.
    Cursor* resume  # of each shape: the end of its last match
    Cursor* starts  # of each kind of run: the last one,
    Cursor* ends  # all of it


cdef bint find_shapes(Search* search) noexcept nogil:
    cdef const Program* program = search.program
    cdef const Beginning* each
    cdef const Beginning* end
    cdef Cursor at = search.start, start = NULL, stop
    cdef size_t count = program.shape_count + 2 * program.run_count
    cdef uint32_t bytes_
    cdef Cursor* more
    cdef Read read
    if search.read_room < count:  # the rules of another scope may have fewer shapes
        more = <Cursor*>realloc(search.read, count * sizeof(Cursor))
        if more is NULL:
            return False
        search.read, search.read_room = more, count
    memset(search.read, 0, count * sizeof(Cursor))
    read.resume = search.read
    read.starts = read.resume + program.shape_count
    read.ends = read.starts + program.run_count
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        bytes_ = first_four(at, search.stop)
        each = &program.shapes_by_first.list[program.shapes_by_first.first[place_of(bytes_)]]
        end = &program.shapes_by_first.list[program.shapes_by_first.first[place_of(bytes_) + 1]]
        while each < end:
            if bytes_ & each.mask == each.bytes and read.resume[each.index] <= at:
                stop = shape_at(search, &program.shapes[each.index], &read, at, &start)
                if stop is not NULL:
                    read.resume[each.index] = stop
                    search.rule = program.shapes[each.index].rule
                    if not found(search, start, stop):
                        return False
            each += 1


cdef Cursor shape_at(const Search* search, const Shape* shape, Read* read, Cursor anchor, Cursor* start) noexcept nogil:
    """Return the end of the match whose anchor, its first literal, stands here, and its `start`; NULL without one."""
    cdef Cursor at = anchor, stop = search.stop, lead
    cdef int index
    if not stands(&shape.first, at, stop):
        return NULL
    lead = lead_start(search, shape, anchor)
    if lead is NULL or (shape.left and not bounded_left(search, lead)):
        return NULL
    start[0] = lead
    for index in range(shape.anchor, shape.count):
        if shape.pieces[index].literal.size:
            at = literal_end(&shape.pieces[index], at, stop, shape.fold)
        else:
            at = known_run_end(&shape.pieces[index], read, at, stop)
        if at is NULL:
            return NULL
        if shape.kept and index == shape.anchor + shape.kept - 1:
            start[0] = at
    return at if not shape.right or bounded_right(search, at) else NULL


cdef inline Cursor literal_end(const Piece* piece, Cursor at, Cursor stop, bint fold) noexcept nogil:
    """Return the end of a literal; NULL where it does not stand."""
    if not (same_folded if fold else same)(at, stop, <const char*>piece.literal.text, piece.literal.size):
        return NULL
    return at + piece.literal.size


cdef inline Cursor known_run_end(const Piece* piece, Read* read, Cursor at, Cursor stop) noexcept nogil:
    """Return the end of a run that takes all it can, which is read to its very end once; NULL where it is too short."""
    cdef Cursor end = read.ends[piece.run]
    if at < read.starts[piece.run] or at >= end:
        end = at
        while end < stop and piece.characters[end[0]]:
            end += 1
        read.starts[piece.run] = at
        read.ends[piece.run] = end
    if <size_t>(end - at) > piece.most:
        end = at + piece.most
    return end if <size_t>(end - at) >= piece.least else NULL


cdef inline Cursor run_end(const Piece* piece, Cursor at, Cursor stop) noexcept nogil:
    """Return the end of a run that takes all it can; NULL where it is too short."""
    cdef Cursor start = at
    if <size_t>(stop - at) > piece.most:
        stop = at + piece.most
    while at < stop and piece.characters[at[0]]:
        at += 1
    return at if <size_t>(at - start) >= piece.least else NULL


cdef Cursor lead_start(const Search* search, const Shape* shape, Cursor anchor) noexcept nogil:
    """Return where the runs before the anchor start, leftmost first; NULL where they do not stand."""
    cdef Cursor start = anchor, at
    cdef int index
    if shape.anchor == 0:
        return anchor
    start = anchor - min(shape.reach, <size_t>(anchor - search.start))
    while start <= anchor:
        at = start
        for index in range(shape.anchor):
            at = run_end(&shape.pieces[index], at, anchor)
            if at is NULL:
                break
        if at == anchor:
            return start
        start += 1
    return NULL
