"""`reference/redact_shapes.py`, compiled: prefixes with a body of known characters and length."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free

from pipeline.wire.kernel.redact_rules cimport Beginning, Piece, Program, Shape
from pipeline.wire.kernel.redact_search cimport bounded_left, bounded_right, first_four, found, next_point, same, same_folded
from pipeline.wire.kernel.walk cimport Cursor


cdef bint find_shapes(Search* search) noexcept nogil:
    cdef const Program* program = search.program
    cdef const Beginning* each
    cdef const Beginning* end
    cdef Cursor at = search.start, start = NULL, stop
    cdef Cursor* resume = NULL  # of each shape: what was found is not read again
    cdef uint32_t bytes_
    cdef bint fine = True
    while fine:
        at = next_point(search, at)
        if at is NULL:
            break
        bytes_ = first_four(at, search.stop)
        each = &program.shapes_by_first.list[program.shapes_by_first.first[at[0]]]
        end = &program.shapes_by_first.list[program.shapes_by_first.first[at[0] + 1]]
        while each < end and fine:
            if bytes_ & each.mask == each.bytes and (resume is NULL or resume[each.index] <= at):
                stop = shape_at(search, &program.shapes[each.index], at, &start)
                if stop is not NULL:
                    if resume is NULL:
                        resume = <Cursor*>calloc(program.shape_count, sizeof(Cursor))
                    fine = resume is not NULL
                    if fine:
                        resume[each.index] = stop
                        search.rule = program.shapes[each.index].rule
                        fine = found(search, start, stop)
            each += 1
    free(resume)
    return fine


cdef Cursor shape_at(const Search* search, const Shape* shape, Cursor anchor, Cursor* start) noexcept nogil:
    """Return the end of the match whose anchor, its first literal, stands here, and its `start`; NULL without one."""
    cdef Cursor at = anchor, stop = search.stop, lead
    cdef int index
    for index in range(shape.anchor, shape.count):
        at = piece_end(&shape.pieces[index], at, stop, shape.fold)
        if at is NULL:
            return NULL
        if index == shape.anchor:  # the literal first: it is what fails most
            lead = lead_start(search, shape, anchor)
            if lead is NULL or (shape.left and not bounded_left(search, lead)):
                return NULL
            start[0] = lead
        if shape.kept and index == shape.anchor + shape.kept - 1:
            start[0] = at
    return at if not shape.right or bounded_right(search, at) else NULL


cdef inline Cursor piece_end(const Piece* piece, Cursor at, Cursor stop, bint fold) noexcept nogil:
    """Return the end of a piece that takes all it can; NULL where it does not stand."""
    cdef Cursor start = at
    if piece.literal.size:
        if not (same_folded if fold else same)(at, stop, <const char*>piece.literal.text, piece.literal.size):
            return NULL
        return at + piece.literal.size
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
            at = piece_end(&shape.pieces[index], at, anchor, False)
            if at is NULL:
                break
        if at == anchor:
            return start
        start += 1
    return NULL
