"""What AddressSanitizer must be told, where it runs: that nothing may be read behind an input, not even its closing zero."""

import ctypes
from collections.abc import Callable
from typing import Final

_HEADER: Final = bytes.__basicsize__ - 1
"""Bytes of a `bytes` object before its content; the closing zero is the one that is not header."""

_PROCESS: Final = ctypes.CDLL(None)
RUNS: Final = hasattr(_PROCESS, "__asan_poison_memory_region")


def exact(data: bytes) -> tuple[bytes, Callable[[], None]]:
    """Return a copy that ends where its memory does, and a function to call when nobody reads it as a bytes object any more."""
    if not RUNS or len(data) < 2:  # shorter ones are shared by the whole process
        return data, lambda: None
    copy = bytes(bytearray(data))
    behind = ctypes.c_void_p(id(copy) + _HEADER + len(copy)), ctypes.c_size_t(1)
    _PROCESS.__asan_poison_memory_region(*behind)
    return copy, lambda: _PROCESS.__asan_unpoison_memory_region(*behind)
