"""Matchers for secrets that their surroundings give away (redaction contract §2.7): each yields what it would replace.

All are linear: quantifiers are bounded or possessive, and a value that was read is not read again. Where a value may already
have been replaced, `token` is an expression for what stands there then: a replacement counts as part of the value, so that
`password=[email]` is a value in full, and text that only starts like one is not.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from pipeline.wire.reference.redact_boundaries import Span, behind_escape, bounded_left

Matcher = Callable[[bytes], Iterator[Span]]
SecretWord = Callable[[bytes], str | None]
"""Returns the last word of a name that ends in a run of secret words, else None."""

_QUOTE: Final = rb"\\{0,3}[\"']"
_PLAIN: Final = rb"\\(?![nrt\"'])"  # a backslash that starts no escape

# ---- tokens ----

_BASE64URL: Final = rb"[A-Za-z0-9_-]"
_JWT: Final = re.compile(rb"eyJ%b{8,}+(?:\.eyJ%b*+\.%b*+(?:\.%b*+\.%b*+)?|\.%b*+\.%b++\.%b++\.%b++)" % ((_BASE64URL,) * 9))
_BEFORE_JWT: Final = re.compile(_BASE64URL)


def jwt(text: bytes) -> Iterator[Span]:
    """Yield signed, unsecured and encrypted JSON web tokens, of any length."""
    start = text.find(b"eyJ")
    while start >= 0:
        free = not _BEFORE_JWT.match(text, max(0, start - 1), start) or behind_escape(text, start - 1) == start
        found = _JWT.match(text, start) if free else None
        if found is not None:
            yield found.span()
        start = text.find(b"eyJ", start + 3 if found is None else found.end())


_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----")


def pem(text: bytes) -> Iterator[Span]:
    """Yield private keys from their BEGIN to the matching END, or to the end of the text."""
    found = _PEM.search(text)
    while found is not None:
        closing = b"-----END %b-----" % found.group(1)
        at = text.find(closing, found.end())
        end = len(text) if at < 0 else at + len(closing)
        yield found.start(), end
        found = _PEM.search(text, end)


# ---- headers ----

_SCHEME: Final = re.compile(rb"(?i)(bearer|basic|token|digest|negotiate|apikey|dpop|aws4-hmac-sha256) ++")
_TOKEN68: Final = re.compile(rb"[A-Za-z0-9._~+/=-]{8,}+")
_TELLING: Final = re.compile(rb"[0-9.=/+_-]")
_HEADER: Final = re.compile(rb"(?i)(?:proxy-)?authorization(?:%b)?+[ \t]{0,3}+:[ \t]{0,3}+(?:%b)?+" % (_QUOTE, _QUOTE))
_PARAMETER: Final = {b"digest": re.compile(rb"(?i)\bresponse=\\{0,3}\"?"), b"aws4-hmac-sha256": re.compile(rb"\bSignature=")}
_PARAMETERS_REACH: Final = 2048
_LONG_WORD: Final = 20


def auth_header(token: bytes) -> Matcher:
    """Return the matcher of credentials behind an authentication scheme, or behind `Authorization:` whatever they look like."""
    credentials = re.compile(rb"(?:%b)?+(?:[^\s\"',;\\]|%b)*+" % (token, _PLAIN))
    line = re.compile(rb"(?:[^\r\n\"'\\]|%b)*+" % _PLAIN)
    parameter_value = re.compile(rb"(?:%b)?+[0-9A-Za-z]*+" % token)

    def spans(text: bytes) -> Iterator[Span]:
        yield from headers(text)
        yield from schemes(text)

    def headers(text: bytes) -> Iterator[Span]:
        found = _HEADER.search(text)
        while found is not None:
            start = found.end()
            if bounded_left(text, found.start()):
                scheme = _SCHEME.match(text, start)
                if scheme is None:
                    start, end = _match_span(line, text, start)
                else:
                    start, end = parameter(text, scheme) or _match_span(credentials, text, scheme.end())
                if end > start:
                    yield start, end
                    start = end
            found = _HEADER.search(text, start)

    def schemes(text: bytes) -> Iterator[Span]:
        found = _SCHEME.search(text)
        while found is not None:
            resume = found.end()
            if bounded_left(text, found.start()):
                span = parameter(text, found) or _telling_credentials(text, found.end())
                if span is not None:
                    yield span
                    resume = max(resume, span[1])
            found = _SCHEME.search(text, resume)

    def parameter(text: bytes, scheme: "re.Match[bytes]") -> Span | None:
        pattern = _PARAMETER.get(scheme.group(1).lower())
        found = pattern and pattern.search(text, scheme.end(), scheme.end() + _PARAMETERS_REACH)
        return _match_span(parameter_value, text, found.end()) if found else None

    return spans


def _telling_credentials(text: bytes, start: int) -> Span | None:
    found = _TOKEN68.match(text, start)
    if found is None:
        return None
    word = found.group().rstrip(b".")  # the end of a sentence
    if len(word) < 8 or not (len(word) >= _LONG_WORD or _TELLING.search(word)):
        return None
    return start, start + len(word)


_COOKIES: Final = re.compile(rb"(?i)cookie(?:%b)?+[ \t]{0,3}+:[ \t]{0,3}+(?:%b)?+" % (_QUOTE, _QUOTE))
_COOKIE_NAME: Final = re.compile(rb"[ \t]*+([^\s=;,\"'\\]++)(=?)")
_COOKIE_ATTRIBUTES: Final = frozenset(b"path domain expires max-age samesite httponly secure priority partitioned".split())


def cookie(token: bytes) -> Matcher:
    """Return the matcher of every cookie's value behind `Cookie:` and `Set-Cookie:`; names and attributes stay."""
    value = re.compile(rb"\"(?:[^\"\\\r\n]|\\.)*+\"|(?:%b)?+(?:[^;\r\n\"'\\]|%b)*+" % (token, _PLAIN))

    def spans(text: bytes) -> Iterator[Span]:
        found = _COOKIES.search(text)
        while found is not None:
            at = found.end()
            while (name := _COOKIE_NAME.match(text, at)) is not None:
                at = name.end()
                if name.group(2):
                    start, at = _match_span(value, text, at)
                    if name.group(1).lower() not in _COOKIE_ATTRIBUTES and at > start:
                        yield start, at
                if text[at : at + 1] != b";":
                    break
                at += 1
            found = _COOKIES.search(text, at)

    return spans


# ---- addresses ----

_SCHEME_OF_URL: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{0,31}\Z")
_USER_INFO: Final = re.compile(rb"[^\s/?#\"'<>`\\]{1,257}+")
_LOGIN_SCHEMES: Final = frozenset(
    b"redis rediss amqp amqps mongodb mongodb+srv postgres postgresql mysql sftp smtp smtps".split()
)
_LONG_USER: Final = 20


def url_cred(text: bytes) -> Iterator[Span]:
    """Yield the user info of URLs: with a password, or alone where it is a credential by scheme or length."""
    at = text.find(b"://")
    while at >= 0:
        start = at + 3
        scheme = _SCHEME_OF_URL.search(text, max(0, at - 32), at)
        info = _USER_INFO.match(text, start)
        end = -1 if info is None else text.rfind(b"@", start, info.end())
        if scheme is not None and end > start:
            user = text[start:end]
            if b":" in user or len(user) >= _LONG_USER or scheme.group().lower() in _LOGIN_SCHEMES:
                yield start, end
        at = text.find(b"://", start)


_PARAM: Final = re.compile(
    rb"(?i)[?&](?:token|access_token|id_token|refresh_token|api_key|apikey|(key|code)|sig|signature|secret|password|session"
    rb"|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature)="
)


def url_param(token: bytes) -> Matcher:
    """Return the matcher of values of telling query parameters."""
    value = re.compile(rb"(?:%b)?+[^&#\s\"'<>\\]*+" % token)

    def spans(text: bytes) -> Iterator[Span]:
        for found, start, end in _assigned(_PARAM, value, text):
            if end - start >= (12 if found.group(1) else 4):
                yield start, end

    return spans


# ---- key and value ----

_SESSION: Final = re.compile(
    rb"(?i)(?:session_?id|sessid|phpsessid|jsessionid|connect\.sid|csrftoken|xsrf-token|asp\.net_sessionid"
    rb"|__(?:host|secure)-[a-z0-9_.-]{1,64}+)="
)


def session_kv(token: bytes) -> Matcher:
    """Return the matcher of session ids behind the names that frameworks give them."""
    value = re.compile(rb"(?:%b)?+[^\s;,&\"'\\]*+" % token)

    def spans(text: bytes) -> Iterator[Span]:
        for found, start, end in _assigned(_SESSION, value, text):
            if end - start >= 8 and bounded_left(text, found.start()):
                yield start, end

    return spans


_KEY_VALUE: Final = re.compile(
    rb"(?i)(password|passwd|passphrase|pwd|secret|key|token|credentials?|string|otp|pin|cvv|cvc)"
    rb"(?:%b)?+[ \t]{0,3}+(?:=>|:=|==?|:)[ \t]{0,3}+(%b)?+" % (_QUOTE, _QUOTE)
)
_NAME_BYTES: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/:")
_MAX_NAME: Final = 64
_TEMPLATE: Final = re.compile(rb"\$\{[^}\n]{0,256}+\}|\{\{[^}\n]{0,256}+\}\}")  # a bound, or each opening brace reads all
_NOTHING: Final = frozenset((b"null", b"true", b"false", b"none", b"undefined"))


def kv_secret(token: bytes, secret_word: SecretWord) -> Matcher:
    """Return the matcher of values behind names such as `db_password=` or `"accessToken":`."""
    unquoted = re.compile(rb"(?:%b|%b)?+(?:[^\s\"',;&})\]<\\]|%b)*+" % (token, _TEMPLATE.pattern, _PLAIN))

    def spans(text: bytes) -> Iterator[Span]:
        found = _KEY_VALUE.search(text)
        while found is not None:
            resume = found.end()
            word = secret_word(_name_before(text, found.end(1)))
            if word is not None:
                start = found.end()
                end = _end_of_quoted(text, start, found.group(2)) if found.group(2) else unquoted.match(text, start).end()  # type: ignore[union-attr]  # matches the empty text
                if is_secret_value(word, text[start:end]):
                    yield start, end
                resume = max(resume, end)
            found = _KEY_VALUE.search(text, resume)

    return spans


def is_secret_value(word: str, value: bytes) -> bool:
    """Tell whether a value behind a name that ends in `word` can be a secret: long enough, no literal, no template."""
    if word == "pin":
        return 4 <= len(value) <= 8 and value.isdigit()
    if len(value) < (3 if word in ("cvv", "cvc") else 4) or value.lower() in _NOTHING:
        return False
    return _TEMPLATE.fullmatch(value) is None


def _name_before(text: bytes, end: int) -> bytes:
    start = end
    while start and end - start < _MAX_NAME and text[start - 1] in _NAME_BYTES:
        start -= 1
    return text[behind_escape(text, start) : end]


_QUOTED: Final = {
    **{quote: re.compile(rb"(?:[^%b\\\r\n]|\\[^\r\n])*+" % quote) for quote in (b'"', b"'")},
    **{
        slashes + quote: re.compile(rb"(?:(?!%b)[^\r\n])*+" % re.escape(slashes + quote))
        for slashes in (b"\\", b"\\\\", b"\\\\\\")
        for quote in (b'"', b"'")
    },
}
"""What stands between quotes of each kind: plain ones may hold escapes, escaped ones end where they come again."""


def _end_of_quoted(text: bytes, start: int, quote: bytes) -> int:
    """Return where the quoted value ends that starts here: before its closing quote, or at the end of the line without one."""
    return _match_span(_QUOTED[quote], text, start)[1]


_OPTION: Final = re.compile(rb"--([A-Za-z0-9][A-Za-z0-9_-]{0,60}+)(?:(=)|[ \t]{1,3}+)([\"']?+)")
_COMMAND: Final = re.compile(
    rb"(?i)(?:mysql|mysqldump|mysqladmin|mariadb|psql|sshpass|mongo|mongosh) (?:[^\n|;]{0,200}?[ \t])?-p[ \t]?([\"']?+)"
)


def cli_secret(token: bytes, secret_word: SecretWord) -> Matcher:
    """Return the matcher of secrets on command lines: `--password X`, `--token=X`, and `-p X` of database clients."""
    unquoted = re.compile(rb"(?:%b)?+[^\s\"'\\]*+" % token)

    def spans(text: bytes) -> Iterator[Span]:
        found = _OPTION.search(text)
        while found is not None:
            start = end = found.end()
            if secret_word(found.group(1)) is not None:
                end = value_end(text, start, found.group(3))
                if end - start >= 4 and (found.group(2) or text[start : start + 1] != b"-"):
                    yield start, end
            found = _OPTION.search(text, end)
        found = _COMMAND.search(text)
        while found is not None:
            start = end = found.end()
            if bounded_left(text, found.start()):
                end = value_end(text, start, found.group(1))
                if end - start >= 4 and not text[start:end].isdigit():
                    yield start, end
            found = _COMMAND.search(text, end)

    def value_end(text: bytes, start: int, quote: bytes) -> int:
        return _end_of_quoted(text, start, quote) if quote else _match_span(unquoted, text, start)[1]

    return spans


_DSN: Final = re.compile(rb"(?i)(?:password|pwd)[ \t]{0,3}+=[ \t]{0,3}+")
_BEFORE_DSN: Final = re.compile(rb";[ \t]{0,3}\Z")
_BEHIND_DSN: Final = re.compile(rb";[ \t]*+[A-Za-z ]{2,30}+=")


def dsn_kv(token: bytes) -> Matcher:
    """Return the matcher of passwords in connection strings, which may hold spaces and commas: they end at `;`."""
    value = re.compile(rb"(?:%b)?+(?:[^;\"'\r\n\\]|%b){0,256}+(?=[;\"'\r\n\\]|\Z)" % (token, _PLAIN))

    def spans(text: bytes) -> Iterator[Span]:
        for found in _DSN.finditer(text):
            match = value.match(text, found.end())
            if match is None or match.end() - match.start() < 4 or not bounded_left(text, found.start()):
                continue
            before = _BEFORE_DSN.search(text, max(0, found.start() - 4), found.start())
            if before is not None or _BEHIND_DSN.match(text, match.end()):
                yield match.span()

    return spans


def _assigned(
    names: "re.Pattern[bytes]", value: "re.Pattern[bytes]", text: bytes
) -> Iterator[tuple["re.Match[bytes]", int, int]]:
    """Yield each name found, with start and end of the value that follows it."""
    found = names.search(text)
    while found is not None:
        start, end = _match_span(value, text, found.end())
        yield found, start, end
        found = names.search(text, end)


def _match_span(pattern: "re.Pattern[bytes]", text: bytes, start: int) -> Span:
    found = pattern.match(text, start)
    return (start, start) if found is None else found.span()
