"""How the C library keeps freed memory: large blocks go back to the system at once."""

import ctypes
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
"""From <malloc.h> of glibc."""
LARGE_BYTES: Final = 1024 * 1024
_TOP_BYTES: Final = 4 * 1024 * 1024
"""Free at the end of the heap before it shrinks: as much as one group of the journal."""


def give_back_large_blocks() -> None:
    """Have blocks from 1 MiB on mapped by themselves, always.

    By itself glibc takes the largest block that was ever freed for the size to expect, and from then on carves requests of many
    megabytes out of one heap, where small things that live long keep it from shrinking. Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _TOP_BYTES)
