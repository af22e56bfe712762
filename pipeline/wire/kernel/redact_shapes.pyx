"""`reference/redact_shapes.py`, compiled: prefixes with a body of known characters and length."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free

from pipeline.wire.kernel.redact_rules cimport Piece
from pipeline.wire.kernel.redact_search cimport bounded_left, bounded_right, found, same, same_folded


cdef bint find_shapes(Search* search) noexcept nogil:
    cdef const uint16_t* first = search.program.shapes_by_first.first
    cdef const Shape* shape
    cdef Cursor at = search.start, start = NULL, end
    cdef Cursor* resume = <Cursor*>calloc(search.program.shape_count, sizeof(Cursor))  # of each shape: not read again
    cdef uint16_t entry
    cdef uint32_t index
    cdef bint fine = resume is not NULL
    while fine and at < search.stop:
        for entry in range(first[at[0]], first[at[0] + 1]):
            index = search.program.shapes_by_first.list[entry].index
            shape = &search.program.shapes[index]
            if resume[index] > at:
                continue
            end = shape_at(search, shape, at, &start)
            if end is not NULL:
                search.rule = shape.rule
                resume[index] = end
                fine = found(search, start, end)
                if not fine:
                    break
        at += 1
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
