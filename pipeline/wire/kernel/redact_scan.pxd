"""The first look at a text; what is promised stands in `redact_scan.h`."""

from libc.stdint cimport uint8_t, uint64_t

cdef extern from "redact_scan.h" nogil:
    enum:
        SCAN_WINDOW
        SCAN_STEP
        SCAN_READ

    ctypedef struct ScanLiterals:
        uint8_t low[2][4][16]
        uint8_t high[2][4][16]

    ctypedef struct ScanBefore:
        uint64_t word
        uint64_t any_percent

    ctypedef struct ScanTriggers:
        uint64_t literal
        uint64_t number
        uint64_t pair
        uint64_t code
        uint64_t colon
        uint64_t at
        uint64_t plus
        uint64_t paren
        uint64_t others

    ctypedef uint64_t (*ScanWindow)(const ScanLiterals*, const uint8_t*, uint64_t, ScanBefore*, ScanTriggers*) noexcept nogil

    ScanWindow scan_best()
    uint64_t scan_portable(const ScanLiterals*, const uint8_t*, uint64_t, ScanBefore*, ScanTriggers*) noexcept
