"""The rules of a redactor as C tables: made once by a `Rulebook`, never changed, read by all threads."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t

from pipeline.wire.kernel.redact_scan cimport ScanLiterals
from pipeline.wire.kernel.walk cimport Cursor

cdef enum Kind:
    # Built-in matchers. All shapes count as one.
    SHAPES
    PEM
    JWT
    URL_CRED
    AUTH_HEADER
    COOKIE
    SESSION_KV
    URL_PARAM
    KV_SECRET
    CLI_SECRET
    DSN_KV
    CARD
    IBAN
    UK_NINO
    ES_DNI
    ES_NIE
    IT_CF
    FI_HETU
    CH_AHV
    BR_CPF
    BR_CNPJ
    CN_RIC
    SSN
    ITIN
    EMAIL
    IPV6
    IPV4
    PHONE
    KEYED  # what needs a keyword near it, and what is off unless it is named: all of it counts as one
    PATTERN  # users' patterns, which only the reference can match
    KINDS

ctypedef uint64_t Kinds
"""Kinds as bits."""

cdef enum Group:
    # What `KEYED` looks for, in the order of `_GROUPS`.
    KEYED_PHONE
    KEYED_SSN
    KEYED_IMEI
    KEYED_GEO
    KEYED_DOB
    KEYED_AWS_SECRET
    KEYED_MAILGUN
    KEYED_DATADOG
    KEYED_VERCEL
    KEYED_PAGERDUTY
    KEYED_ENTROPY
    KEYED_MAC
    KEYED_UK_NHS
    KEYED_DE_IDNR
    KEYED_FR_NIR
    KEYED_NL_BSN
    KEYED_BE_NN
    KEYED_PL_PESEL
    KEYED_SE_PNR
    KEYED_NO_FNR
    KEYED_CH_AHV
    KEYED_BR_CPF
    KEYED_BR_CNPJ
    KEYED_CA_SIN
    KEYED_AU_TFN
    KEYED_IN_AADHAAR
    KEYED_IN_PAN
    KEYED_KR_RRN
    KEYED_ZA_ID
    KEYED_MX_CURP
    GROUPS

ctypedef uint64_t Groups
"""Groups as bits."""

cdef enum ActionLabel:
    TAG
    MASK
    DRY_RUN
    DROP
    KEEP_LAST
    HMAC

cdef enum BytesValues:
    # What becomes of byte values.
    SCAN_BYTES
    DROP_BYTES
    PASS_BYTES

cdef enum Word:
    # What the last word of a name tells of values behind it.
    NO_SECRET
    SECRET
    PIN
    CVV

cdef struct Literal:
    Cursor text
    size_t size

cdef struct Rule:
    int32_t kind
    int32_t priority
    int32_t action
    bint in_keys  # it also looks at the names of attributes
    bint known  # `replacement` is what it writes whatever was matched, or it only counts
    Literal replacement

cdef struct Piece:
    Literal literal  # of size 0: a run
    const uint8_t* characters  # of a run: 256 flags
    int32_t run  # number of these characters: runs of the same have the same
    size_t least
    size_t most  # SIZE_MAX: as long as they go on

cdef struct Anchor:
    # A literal that is compared often, its first eight bytes as one number.
    Literal literal
    uint64_t first
    uint64_t fold  # bits that do not matter: upper and lower case are alike
    uint64_t keep  # bits of the bytes that it has
    bint folded

cdef struct Shape:
    int32_t rule
    int32_t anchor  # index of its first literal
    int32_t count
    int32_t kept
    bint left
    bint right
    bint fold  # its literals match in upper and lower case
    size_t reach  # how far before its anchor it can start
    Anchor first
    Piece* pieces

cdef struct Trigger:
    # A literal without which there is no match of its kinds.
    Anchor anchor
    Kinds kinds

cdef struct Beginning:
    # Of what has an index: its first four bytes, compared as far as `mask` has bits.
    uint32_t bytes
    uint32_t mask
    uint32_t index

cdef enum:
    PLACES = 1024

cdef struct Buckets:
    # Lists of beginnings by `place_of` them.
    uint16_t first[PLACES + 1]
    Beginning* list

cdef struct Tail:
    # The last eight bytes of a name, compared as far as `keep` has bits.
    uint64_t bytes
    uint64_t keep

cdef struct Names:
    # Names as words joined by dots, in lower case, by a byte: their first or their last.
    Literal* list
    Tail* tails  # of each
    int32_t count
    int32_t longest  # words of the longest
    uint16_t first[257]

cdef struct Keyword:
    Literal words  # in lower case, joined by dots
    Groups groups  # that it makes mean something

cdef struct Program:
    uint32_t number  # of the rulebook
    Kinds kinds  # that there are rules of
    Kinds key_kinds  # those that also look at the names of attributes
    int32_t rule_of[KINDS]
    int32_t rule_count
    int32_t rupay_rule  # -1: there is none
    bint special_addresses
    Groups groups  # that there are rules of
    Groups free_groups  # those that need no keyword
    bint keyed_everywhere  # what is wanted has nothing that the scan could point at
    int32_t rule_of_group[GROUPS]
    int32_t keyword_count
    Keyword* keywords
    uint32_t keyword_beginnings[32]  # bit n: a keyword begins with a word whose hash is n
    Rule* rules
    Rule key_rule
    Literal key_value  # its replacement as an AnyValue
    Literal masks[2]
    Anchor* ids
    Buckets ids_by_first
    uint8_t token_bytes[3]  # with which a replacement can begin
    uint8_t begins_token[256]  # by byte: whether a replacement can begin with it
    int32_t shape_count
    int32_t run_count
    Shape* shapes
    Buckets shapes_by_first
    Trigger* triggers
    Buckets triggers_by_first
    ScanLiterals scan
    uint32_t fours[1024]  # bit n: a literal begins with four bytes whose hash is n
    uint32_t threes[1024]  # bit n: a short literal begins with three bytes whose hash is n
    bint every_text  # there are patterns without a literal
    bint excuses  # some matches are allowed to stay
    int json_levels  # of JSON inside a text that are taken apart
    bint decodes  # forms and URLs
    bint finds_card_numbers  # in whole numbers
    bint reads_numbers  # that a name says what they are
    BytesValues bytes_values
    bint takes_mismatches  # a known field with a wrong wire type is an unknown one
    Names sensitive
    Names exceptions
    Names sensitive_globs  # in lower case
    Names exempt
    Names safe
    bint lists  # an attribute that is not listed goes
    Names listed
    Names secret_words  # by their last byte, as the options' words
    Names option_words


cdef inline Kinds bit(int kind) noexcept nogil:
    return <Kinds>1 << kind


cdef inline uint32_t hash_of_word(const uint8_t* word, size_t size) noexcept nogil:
    """Return a number of 10 bits that tells words apart: by their first and last letters and their length."""
    return (word[0] * 31 + word[size - 1] * 7 + size * 131) & 1023


cdef inline uint32_t place_of(uint32_t beginning) noexcept nogil:
    """Return a number that tells beginnings apart by two bytes, in any case."""
    return beginning & 31 | beginning >> 3 & 0x3E0


cdef inline uint32_t hash_of_bytes(uint32_t bytes_) noexcept nogil:
    """Return a number of 15 bits that tells beginnings apart."""
    return bytes_ * <uint32_t>0x9E3779B1 >> 17  # 2^32 by the golden ratio: Knuth's multiplicative hash


cdef Anchor anchor_of(bytes text, bint folded)


cdef class Rulebook:
    cdef Program program
    cdef list _memory
    cdef readonly object text
    cdef readonly tuple labels
    cdef readonly object joined
    cdef object _matchers
    cdef object _excused

    cdef void* _array(self, Py_ssize_t count, size_t size) except NULL
    cdef Literal _literal(self, bytes text)
    cdef Anchor _anchor(self, bytes text, bint folded)
    cdef int _fill_rules(self, rules) except -1
    cdef int _act(self, Rule* rule, id, action, bytes mask) except -1
    cdef int _fill_keyed(self, rules) except -1
    cdef int _fill_shapes(self, rules) except -1
    cdef int _fill_triggers(self, rules) except -1
    cdef Names _names(self, names, int edge)
    cdef int _bucket(self, Buckets* buckets, list literals) except -1
    cdef list pattern_matches(self, bytes text)
    cdef bint excused(self, int32_t rule, bytes match)
