"""Writing JSON: texts, whatever is in them, and decimal numbers."""

from libc.string cimport memcpy, strlen

cdef extern from "Python.h":
    char* PyOS_double_to_string(double value, char format, int precision, int flags, int* type) except NULL
    void PyMem_Free(void* memory)
    int Py_DTSF_ADD_DOT_0


cdef int put_json_text(Buffer* to, Cursor at, Cursor end) except -1:
    """Write text as a string; each bad sequence of UTF-8 becomes U+FFFD, as Python replaces it."""
    put_bytes(to, b'"', 1)
    put_json_characters(to, at, end)
    return put_bytes(to, b'"', 1)


cdef int put_json_characters(Buffer* to, Cursor at, Cursor end) except -1:
    """Write text as what stands between the quotes of a string."""
    cdef Cursor plain
    cdef int size
    reserved(to, end - at)
    while at < end:
        plain = at
        at = plain_until(at, end)
        if at > plain:
            put_bytes(to, plain, at - plain)
        elif at[0] < 0x80:
            put_escaped(to, at[0])
            at += 1
        else:
            size = sequence(at, end)
            if size > 0:
                put_bytes(to, at, size)
                at += size
            else:
                put_bytes(to, b"\xef\xbf\xbd", 3)
                at -= size
    return 0


cdef int put_json_double(Buffer* to, double value) except -1:
    """Write a number that is neither infinite nor NaN: the shortest digits that read as the same one."""
    cdef char* text = PyOS_double_to_string(value, b"r", 0, Py_DTSF_ADD_DOT_0, NULL)
    try:
        return put_bytes(to, text, strlen(text))
    finally:
        PyMem_Free(text)


cdef inline int put_escaped(Buffer* to, uint8_t letter) except -1:
    """Write a character that can't stand for itself in a string."""
    cdef uint8_t escape[6]
    cdef uint8_t short = shorthand(letter)
    escape[0] = b"\\"
    if short:
        escape[1] = short
        return put_bytes(to, escape, 2)
    memcpy(escape + 1, b"u00", 3)
    escape[4] = hex_digit(letter >> 4)
    escape[5] = hex_digit(letter & 15)
    return put_bytes(to, escape, 6)


cdef inline uint8_t shorthand(uint8_t letter) noexcept:
    if letter == b'"' or letter == b"\\":
        return letter
    if letter == 10:
        return b"n"
    if letter == 9:
        return b"t"
    if letter == 13:
        return b"r"
    if letter == 8:
        return b"b"
    return b"f" if letter == 12 else 0


cdef int sequence(Cursor at, Cursor end) noexcept nogil:
    """Return the length of the UTF-8 sequence at `at`; negated, that of what Python replaces when there is none."""
    cdef uint8_t lead = at[0], least = 0x80, most = 0xBF
    cdef int size, index
    if 0xC2 <= lead <= 0xDF:
        size = 2
    elif 0xE0 <= lead <= 0xEF:
        size = 3
        least = 0xA0 if lead == 0xE0 else 0x80  # no overlong form
        most = 0x9F if lead == 0xED else 0xBF  # no surrogate
    elif 0xF0 <= lead <= 0xF4:
        size = 4
        least = 0x90 if lead == 0xF0 else 0x80
        most = 0x8F if lead == 0xF4 else 0xBF  # nothing above U+10FFFF
    else:
        return -1
    for index in range(1, size):
        if end - at <= index or not least <= at[index] <= most:
            return -index
        least, most = 0x80, 0xBF
    return size
