"""Users' patterns. Those that no literal begins are searched for in all texts of a payload at once, joined by line feeds.

What that finds is only where to look closer: a text that no match touches has none, for a line feed is the boundary that the
end of a text is, and `^` and `$` stand at both. In the others the patterns are matched one text at a time.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdlib cimport qsort
from libc.string cimport memcpy

from pipeline.wire.kernel.arena cimport grown, no_memory
from pipeline.wire.kernel.redact_search cimport found
from pipeline.wire.kernel.redact_texts cimport Text


cdef int collect_text(Texts* texts, Cursor start, Cursor stop) except -1 nogil:
    """Note a text to be searched later."""
    cdef Text* list
    if start < texts.start or start >= texts.limit:
        return 0
    if texts.count == texts.room:
        list = <Text*>grown(texts.list, &texts.room, sizeof(Text))
        if list is NULL:
            return no_memory()
        texts.list = list
    texts.list[texts.count] = Text(start, stop - start, 0, False)
    texts.count += 1
    return 0


cdef int search_texts(Texts* texts, object expression) except -1:
    """Note in which texts the expression, all patterns in one, finds something."""
    cdef size_t size = 0, index, first = 0
    cdef Text* text
    if texts.count == 0:
        return 0
    for index in range(texts.count):
        texts.list[index].offset = size
        size += texts.list[index].size + 1
    cdef bytes joined = PyBytes_FromStringAndSize(NULL, size)
    cdef char* to = PyBytes_AS_STRING(joined)
    for index in range(texts.count):
        text = &texts.list[index]
        memcpy(to + text.offset, text.start, text.size)
        to[text.offset + text.size] = c"\n"
    cdef size_t start, stop
    for match in expression.finditer(joined):
        start, stop = match.span()
        while first < texts.count and texts.list[first].offset + texts.list[first].size < start:
            first += 1
        index = first
        while index < texts.count and texts.list[index].offset <= stop:
            texts.list[index].wanted = True
            index += 1
    qsort(texts.list, texts.count, sizeof(Text), by_start)
    return 0


cdef int by_start(const void* one, const void* other) noexcept nogil:
    cdef Cursor left = (<const Text*>one).start, right = (<const Text*>other).start
    return -1 if left < right else <int>(left > right)


cdef bint may_match(const Texts* texts, Cursor start, Cursor stop) noexcept nogil:
    """Tell whether patterns may match in a text: it was wanted, or it was not searched."""
    cdef size_t low = 0, high = texts.count, middle
    while low < high:
        middle = (low + high) // 2
        if texts.list[middle].start < start:
            low = middle + 1
        else:
            high = middle
    while low < texts.count and texts.list[low].start == start:
        if texts.list[low].size == <size_t>(stop - start):
            return texts.list[low].wanted
        low += 1
    return True


cdef int find_patterns(Search* search, Rulebook book) except -1 nogil:
    """List what the patterns find in a text."""
    with gil:
        for order, start, stop in book.pattern_matches(search.start[: search.stop - search.start]):
            search.rule = order
            if not found(search, search.start + <size_t>start, search.start + <size_t>stop):
                raise MemoryError
    return 0


cdef int leave_excused_out(Search* search, Rulebook book) except -1 nogil:
    """Leave out the matches that users allow to stay."""
    cdef size_t index, kept = 0
    with gil:
        for index in range(search.count):
            if not book.excused(search.list[index].rule, search.list[index].start[: search.list[index].stop - search.list[index].start]):
                search.list[kept] = search.list[index]
                kept += 1
    search.count = kept
    return 0


cdef int is_excused(Rulebook book, int32_t rule, Cursor start, Cursor stop) except -1 nogil:
    """Tell whether a rule's match is allowed to stay."""
    with gil:
        return book.excused(rule, start[: stop - start])
