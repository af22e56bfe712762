"""Rules as C tables, from those that the reference reads (`pipeline/wire/rules.py`)."""

import re

import re2

from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING
from libc.stddef cimport size_t
from libc.stdint cimport SIZE_MAX, uint32_t
from libc.string cimport memset

from pipeline.wire.kernel import redact_literals
from pipeline.wire.kernel.redact_fingerprints import beginnings, buckets, fingerprint
from pipeline.wire.reference.redact_actions import Actions
from pipeline.wire.reference.redact_keys import as_read, words
from pipeline.wire.reference.redact_patterns import allowance, anchor, pattern_matcher
from pipeline.wire.reference.redact_summary import OWN
from pipeline.wire.reference.redact_text import MAX_NESTED_JSON, TextRedactor
from pipeline.wire.reference.walk import delimited
from pipeline.wire.rules import BYTES_RULE, KEY_RULE, Pattern

_KINDS = {
    "pem": PEM, "jwt": JWT, "url_cred": URL_CRED, "auth_header": AUTH_HEADER, "cookie": COOKIE, "session_kv": SESSION_KV,
    "url_param": URL_PARAM, "kv_secret": KV_SECRET, "cli_secret": CLI_SECRET, "dsn_kv": DSN_KV, "card": CARD, "iban": IBAN,
    "uk_nino": UK_NINO, "es_dni": ES_DNI, "es_nie": ES_NIE, "it_cf": IT_CF, "fi_hetu": FI_HETU, "ch_ahv": CH_AHV,
    "br_cpf": BR_CPF, "br_cnpj": BR_CNPJ, "cn_ric": CN_RIC, "ssn": SSN, "itin": ITIN, "email": EMAIL, "ipv6": IPV6,
    "ipv4": IPV4, "phone": PHONE,
}
_GROUPS = (
    "phone", "ssn", "imei", "geo", "dob", "aws_secret", "mailgun", "datadog", "vercel", "pagerduty", "entropy", "mac", "uk_nhs",
    "de_idnr", "fr_nir", "nl_bsn", "be_nn", "pl_pesel", "se_pnr", "no_fnr", "ch_ahv", "br_cpf", "br_cnpj", "ca_sin", "au_tfn",
    "in_aadhaar", "in_pan", "kr_rrn", "za_id", "mx_curp",
)
_JOINERS = ("", *(chr(code) for code in range(128) if not chr(code).isalnum()))
_ANCHORS = {
    # by group: what every text holds that holds a keyword of one that the scan does not point at; none has it looked for
    # everywhere. They begin with four letters that are rarely together.
    "dob": ["dob", "birth"], "aws_secret": ["secret"], "mailgun": ["ilgun"], "vercel": ["ercel"],
    "pagerduty": ["duty", "outing", "tegration"], "datadog": ["adog", *(f"dd{joiner}ap" for joiner in _JOINERS)],
    "entropy": [], "mac": [],
}  # fmt: skip
_LABELS = {"tag": TAG, "mask": MASK, "none": DRY_RUN, "drop": DROP, "keep_last": KEEP_LAST, "hmac": HMAC}
_ASSIGNS = b"\"'\\ \t=:"
_ALNUM = bytes(filter(lambda byte: bytes((byte,)).isalnum(), range(256)))
_LITERALS = {
    # by kind: literals without which it finds nothing, what may stand behind them, whether they come in any case
    PEM: ([b"-----BEGIN "], (), False),
    JWT: ([b"eyJ"], (_ALNUM + b"_-",), False),
    AUTH_HEADER: ([*(scheme + b" " for scheme in redact_literals.SCHEMES), b"authorization"], (), True),
    COOKIE: ([b"cookie"], (), True),
    SESSION_KV: ([*redact_literals.SESSIONS, b"__host-", b"__secure-"], (), True),
    URL_PARAM: ([mark + name for mark in (b"?", b"&") for name in redact_literals.PARAMETERS], (), True),
    KV_SECRET: (redact_literals.KEY_WORDS, (_ASSIGNS,), True),
    CLI_SECRET: ([b"--", *redact_literals.COMMANDS], (_ALNUM, _ALNUM + b"_-= \t"), True),
    DSN_KV: (redact_literals.DSN_WORDS, (b" \t=",), True),
    EMAIL: ([b"%40", b"\\u0040"], (_ALNUM + b"-" + bytes(range(128, 256)),), False),
}  # fmt: skip
_BYTES_VALUES = {"scan": SCAN_BYTES, "drop": DROP_BYTES, "pass": PASS_BYTES}


def supported(rules):
    """Tell whether the kernel can go by these rules: ids that mean themselves in an expression, each once, and a mask."""
    ids = [KEY_RULE, *(rule.id for rule in rules.of_values())]
    return (
        bool(rules.mask)
        and len(set(ids)) == len(ids) < 1000
        and all(re.fullmatch("[a-z0-9_]+", id) for id in ids)
        and all(piece != b"" for detector in rules.detectors for shape in detector.shapes for piece in shape.pieces)
        and "" not in (*rules.keys.exceptions, *rules.keys.safe, *rules.keys.sensitive_globs, *(rules.keys.listed or ()))
        and all(scope.rules.scopes == () and supported(scope.rules) for scope in rules.scopes)
        and len(rules.scopes) < 1000
    )


cdef Anchor anchor_of(bytes text, bint folded):
    """Return a literal, given in lower case when its case does not matter, as it is compared; its bytes have to live as long."""
    cdef Anchor anchor
    fold = bytes(0x20 if folded and bytes((byte,)).isalpha() else 0 for byte in text[:8])
    anchor.literal = Literal(<Cursor>PyBytes_AS_STRING(text), len(text))
    anchor.first = int.from_bytes(text[:8], "little")
    anchor.fold = int.from_bytes(fold, "little")
    anchor.keep = int.from_bytes(b"\xff" * len(fold), "little")
    anchor.folded = folded
    return anchor


cdef class Rulebook:
    """Rules of a redactor. Immutable: safe to share by threads."""

    def __init__(self, rules, number):
        self.program.number = number
        self.text = TextRedactor(rules)
        self._memory = []
        self._fill_rules(rules)
        self._fill_keyed(rules)
        self._fill_shapes(rules)
        self._fill_triggers(rules)
        cdef Program* program = &self.program
        program.sensitive = self._names(_split(rules.keys.sensitive), 0)
        program.exceptions = self._names(_whole(rules.keys.exceptions), 0)
        program.safe = self._names(_whole(rules.keys.safe), 0)
        program.option_words = self._names(_split(rules.option_words), -1)
        program.secret_words = self._names(_split(rules.secret_words), -1)
        program.sensitive_globs = self._names(_whole(name.encode().lower().decode() for name in rules.keys.sensitive_globs), 0)
        program.exempt = self._names(_whole(rules.keys.exempt), 0)
        program.lists = rules.keys.listed is not None
        listed = rules.keys.listed or ()
        program.listed = self._names(_whole(listed if rules.summary == "off" else (*listed, *map(bytes.decode, OWN))), 0)
        program.json_levels = MAX_NESTED_JSON if rules.json_strings else 0
        program.decodes = rules.url_decode
        program.finds_card_numbers = rules.numbers == "auto"
        program.reads_numbers = rules.numbers != "off"
        program.bytes_values = _BYTES_VALUES[rules.bytes_values]
        program.takes_mismatches = rules.on_wire_mismatch == "unknown"
        program.excuses = len(rules.allowed) > 0
        self._excused = allowance(rules.allowed)
        tokens = Actions(rules).tokens
        self._matchers = [
            (order, pattern_matcher(pattern, tokens)) for order, pattern in enumerate(rules.patterns, len(rules.detectors))
        ]
        loose = [pattern for pattern in rules.patterns if not anchor(pattern)]
        program.every_text = len(loose) > 0
        self.joined = _joined(rules, loose) if loose else None

    cdef void* _array(self, Py_ssize_t count, size_t size) except NULL:
        """Return zeroed memory that lives as long as the rules."""
        memory = bytearray(max(count, 1) * size)
        self._memory.append(memory)
        return PyByteArray_AS_STRING(memory)

    cdef Literal _literal(self, bytes text):
        self._memory.append(text)
        return Literal(<Cursor>PyBytes_AS_STRING(text), len(text))

    cdef Anchor _anchor(self, bytes text, bint folded):
        self._memory.append(text)
        return anchor_of(text, folded)

    cdef int _fill_rules(self, rules) except -1:
        cdef Program* program = &self.program
        cdef Rule* rule
        cdef int order
        cdef bytes mask = rules.mask.encode()
        listed = rules.of_values()
        ids = [*(each.id for each in listed), KEY_RULE, *([BYTES_RULE] if rules.bytes_values == "drop" else [])]
        self.labels = tuple(ids)
        program.rule_count = len(listed)
        program.rules = <Rule*>self._array(len(listed), sizeof(Rule))
        for order in range(KINDS):
            program.rule_of[order] = -1
        program.rupay_rule = -1
        program.special_addresses = rules.special_addresses
        for order, each in enumerate(listed):
            rule = &program.rules[order]
            if isinstance(each, Pattern):
                rule.kind = PATTERN
            else:
                rule.kind = SHAPES if each.shapes else CARD if each.id == "rupay" else _KINDS.get(each.id, KEYED)
                rule.in_keys = each.in_keys
                if each.in_keys:
                    program.key_kinds |= bit(rule.kind)
            rule.priority = each.priority
            self._act(rule, each.id, each.action, mask)
            program.kinds |= bit(rule.kind)
            if each.id == "rupay":
                program.rupay_rule = order
            else:
                program.rule_of[rule.kind] = order
        self._act(&program.key_rule, KEY_RULE, rules.keys.action, mask)
        if program.key_rule.replacement.size:
            written = program.key_rule.replacement.text[: program.key_rule.replacement.size]
            program.key_value = self._literal(delimited(1, written))
        program.masks[0] = self._literal(mask)
        program.masks[1] = self._literal(b"***REDACTED***")
        program.ids = <Anchor*>self._array(len(ids), sizeof(Anchor))
        for order, id in enumerate(ids):
            program.ids[order] = self._anchor(id.encode(), False)
        self._bucket(&program.ids_by_first, [(id.encode(), False) for id in ids])
        for order, byte in enumerate(list(b"[*" + mask[:1])):
            program.token_bytes[order] = byte
            program.begins_token[<int>byte] = True
        return 0

    cdef int _act(self, Rule* rule, id, action, bytes mask) except -1:
        rule.action = _LABELS[action.type]
        rule.known = rule.action in (TAG, MASK, DRY_RUN)
        if rule.action == TAG:
            rule.replacement = self._literal(b"[%b]" % id.encode())
        elif rule.action == MASK:
            rule.replacement = self._literal(mask)
        return 0

    cdef int _fill_keyed(self, rules) except -1:
        cdef Program* program = &self.program
        cdef int index
        cdef uint32_t hash
        cdef bytes first
        keywords = {}
        for order, detector in enumerate(rules.detectors):
            if detector.id not in _GROUPS:
                continue
            index = _GROUPS.index(detector.id)
            program.groups |= <Groups>1 << index
            program.free_groups |= <Groups>detector.free << index
            program.rule_of_group[index] = order
            program.kinds |= bit(KEYED)
            if detector.in_keys:
                program.key_kinds |= bit(KEYED)
            if detector.id in _ANCHORS and (detector.free or not _ANCHORS[detector.id]):
                program.keyed_everywhere = True
            for keyword in detector.words:
                joined = ".".join(words(keyword)).encode("latin-1")
                keywords[joined] = keywords.get(joined, 0) | 1 << index
        program.keyword_count = len(keywords)
        program.keywords = <Keyword*>self._array(len(keywords), sizeof(Keyword))
        for index, (joined, groups) in enumerate(keywords.items()):
            program.keywords[index] = Keyword(self._literal(joined), groups)
            first = joined.partition(b".")[0]
            hash = hash_of_word(<Cursor>PyBytes_AS_STRING(first), len(first))
            program.keyword_beginnings[hash >> 5] |= <uint32_t>1 << (hash & 31)
        return 0

    cdef int _fill_shapes(self, rules) except -1:
        cdef Program* program = &self.program
        cdef Shape* shape
        cdef int index, part
        listed = [(order, each) for order, rule in enumerate(rules.detectors) for each in rule.shapes]
        runs = {}
        program.shape_count = len(listed)
        program.shapes = <Shape*>self._array(len(listed), sizeof(Shape))
        for index, (order, each) in enumerate(listed):
            shape = &program.shapes[index]
            shape.rule = order
            shape.count = len(each.pieces)
            shape.anchor = next(at for at, piece in enumerate(each.pieces) if isinstance(piece, bytes))
            shape.kept = each.kept
            shape.left, shape.right, shape.fold = each.left, each.right, each.ignore_case
            shape.reach = sum(piece.most or piece.least for piece in each.pieces[: shape.anchor])
            shape.pieces = <Piece*>self._array(shape.count, sizeof(Piece))
            for part, piece in enumerate(each.pieces):
                if isinstance(piece, bytes):
                    shape.pieces[part].literal = self._literal(piece.lower() if each.ignore_case else piece)
                else:
                    characters = bytes(byte in piece.characters for byte in range(256))
                    shape.pieces[part].run = runs.setdefault(characters, len(runs))
                    shape.pieces[part].characters = self._literal(characters).text
                    shape.pieces[part].least = piece.least
                    shape.pieces[part].most = SIZE_MAX if piece.most is None else piece.most
        program.run_count = len(runs)
        literals = [
            (next(piece for piece in each.pieces if isinstance(piece, bytes)), each.ignore_case) for _, each in listed
        ]
        for index, (literal, folded) in enumerate(literals):
            program.shapes[index].first = self._anchor(literal.lower() if folded else literal, folded)
        return self._bucket(&program.shapes_by_first, literals)

    cdef int _fill_triggers(self, rules) except -1:
        cdef Program* program = &self.program
        cdef Trigger* trigger
        cdef int index
        listed = [
            (literal, behind, kind, fold)
            for kind, (literals, behind, fold) in _LITERALS.items()
            if program.kinds & bit(kind)
            for literal in literals
        ]
        listed += [
            (anchor(pattern), (), PATTERN, pattern.ignore_case) for pattern in rules.patterns if anchor(pattern)
        ]
        listed += [
            (each.encode(), (), KEYED, True)
            for detector in rules.detectors if detector.words
            for each in _ANCHORS.get(detector.id, ())
        ]
        kinds = {}
        for literal, _, kind, fold in listed:
            kinds.setdefault((literal, fold), []).append(kind)
        program.triggers = <Trigger*>self._array(len(kinds), sizeof(Trigger))
        for index, ((literal, fold), each) in enumerate(kinds.items()):
            trigger = &program.triggers[index]
            trigger.anchor = self._anchor(literal, fold)
            for kind in each:
                trigger.kinds |= bit(kind)
        self._bucket(&program.triggers_by_first, list(kinds))
        prints = [fingerprint(literal, *behind, fold=fold) for literal, behind, _, fold in listed]
        prints += [_shape_print(shape) for detector in rules.detectors for shape in detector.shapes]
        _set_bits(program.fours, beginnings(prints, 4))
        _set_bits(program.threes, beginnings(prints, 3))
        for index, (high, low) in enumerate(buckets(prints)):
            for place in range(4):
                for value in range(16):
                    program.scan.high[index][place][value] = high[place][value]
                    program.scan.low[index][place][value] = low[place][value]
        return 0

    cdef int _bucket(self, Buckets* found, list literals) except -1:
        """List literals, each with whether it comes in any case, by what they can begin with."""
        cdef int place, at = 0
        begin = [(*_beginning(literal, fold), index) for index, (literal, fold) in enumerate(literals)]
        listed = [[each for each in begin if place & place_of(each[1]) == place_of(each[0])] for place in range(PLACES)]
        found.list = <Beginning*>self._array(sum(map(len, listed)), sizeof(Beginning))
        for place in range(PLACES):
            for first, mask, index in listed[place]:
                found.list[at] = Beginning(first, mask, index)
                at += 1
            found.first[place + 1] = at
        return 0

    cdef Names _names(self, names, int edge):
        """Return names, given as words, by their first byte (an edge of 0) or last (-1)."""
        cdef Names made
        cdef int index
        listed = [list(each) for each in names if each]
        joined = sorted((".".join(each).encode("latin-1") for each in listed), key=lambda name: name[edge])
        made.longest = max(map(len, listed), default=0)
        made.count = len(joined)
        made.list = <Literal*>self._array(len(joined), sizeof(Literal))
        made.tails = <Tail*>self._array(len(joined), sizeof(Tail))
        for index, name in enumerate(joined):
            made.list[index] = self._literal(name)
            tail = name[max(0, len(name) - 8) :]
            made.tails[index].bytes = int.from_bytes(tail.rjust(8, b"\0"), "little")
            made.tails[index].keep = int.from_bytes((b"\xff" * len(tail)).rjust(8, b"\0"), "little")
        for index in range(257):
            made.first[index] = sum(name[edge] < index for name in joined)
        return made

    cdef list pattern_matches(self, bytes text):
        """Return what users' patterns find in a text: the order of the rule, start, end."""
        return [(order, *span) for order, spans in self._matchers for span in spans(text)]

    cdef bint excused(self, int32_t rule, bytes match):
        """Tell whether a rule's match is allowed to stay."""
        return self._excused(self.labels[rule], match)


def _split(names):
    """Return names as words."""
    return [words(as_read(name)) for name in names]


def _whole(names):
    """Return names as one word each."""
    return [[as_read(name)] for name in names]


def _joined(rules, patterns):
    """Return one expression for all these patterns, which finds what touches each match in texts that are joined by line feeds.

    It also finds replacements: behind one a pattern may find more than in the whole text. None when a pattern tells the end of a
    text from the end of a line, or may do so.
    """
    if any(re.search(r"\\[AzQ]|\(\?[a-zA-Z]*-", pattern.regex) for pattern in patterns):
        return None
    options = re2.Options()
    options.log_errors = False
    masks = [re2.escape(mask) for mask in (rules.mask.encode(), b"***REDACTED***")]
    tags = b"\\[(?:%b)[#\\]]" % b"|".join(rule.id.encode() for rule in (*rules.patterns, *rules.detectors))
    shapes = [b"(?%b:%b)" % (b"im" if each.ignore_case else b"m", each.regex.encode()) for each in patterns]
    return re2.compile(b"|".join((*shapes, *masks, tags, b"\\[key[#\\]]|\\[bytes[#\\]]")), options)


def _beginning(literal, fold):
    """Return the first four bytes of a literal as a little-endian number, and a mask of what of them has to be so."""
    start = literal[:4]
    mask = bytes(0xDF if fold and bytes((byte,)).isalpha() else 0xFF for byte in start)
    return int.from_bytes(start, "little") & int.from_bytes(mask, "little"), int.from_bytes(mask, "little")


cdef int _set_bits(uint32_t* bits, beginnings) except -1:
    """Set the bits of these beginnings, all bits for None."""
    cdef uint32_t hash
    if beginnings is None:
        memset(bits, 0xFF, 1024 * sizeof(uint32_t))
        return 0
    for beginning in beginnings:
        hash = hash_of_bytes(beginning)
        bits[hash >> 5] |= <uint32_t>1 << (hash & 31)
    return 0


def _shape_print(shape):
    """Return the fingerprint of a shape: its first literal and the least of what follows."""
    at = next(index for index, piece in enumerate(shape.pieces) if isinstance(piece, bytes))
    behind = []
    for piece in shape.pieces[at + 1 :]:
        if isinstance(piece, bytes):
            behind += [bytes((byte,)) for byte in piece]
        else:
            behind += [piece.characters] * min(piece.least, 4)
            if piece.most != piece.least:
                break
    return fingerprint(shape.pieces[at], *behind, fold=shape.ignore_case)
