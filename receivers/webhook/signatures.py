"""Checking signatures and tokens: in constant time, every secret against every signature (webhooks contract, W2, W3)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from receivers.webhook.delivery import Refused

Algorithm: TypeAlias = Literal["sha256", "sha1", "sha512"]
Encoding: TypeAlias = Literal["hex", "base64", "base64url"]

_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


def matching_secret(secrets: Sequence[bytes], sign: Callable[[bytes], bytes], given: Sequence[bytes]) -> int:
    """Return the index of the first secret whose signature was given; all are tried. Raises `Refused` when none was."""
    found = None
    for index, secret in enumerate(secrets):
        expected = sign(secret)
        for signature in given:
            if hmac.compare_digest(expected, signature) and found is None:
                found = index
    if found is None:
        raise Refused(401, "mismatch", "signature mismatch")
    return found


def mac(algorithm: Algorithm, *parts: bytes) -> Callable[[bytes], bytes]:
    """Return what signs the parts, one after the other, with a secret."""

    def sign(secret: bytes) -> bytes:
        state = hmac.new(secret, digestmod=algorithm)
        for part in parts:
            state.update(part)
        return state.digest()

    return sign


def decoded(text: str, encoding: Encoding, header: str) -> bytes:
    """Return the signature that a header writes. Raises `Refused` when it writes none."""
    try:
        if encoding == "hex":
            signature = binascii.unhexlify(text)
        elif encoding == "base64":
            signature = base64.b64decode(text, validate=True)
        else:
            signature = base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        raise Refused(400, "bad_header", f"{header} is not {encoding}") from None
    if not signature:
        raise Refused(400, "bad_header", f"{header} holds no signature")
    return signature


def seconds(text: str, header: str) -> int:
    """Return a time in seconds since the epoch. Raises `Refused` (rule W6)."""
    if not _SECONDS.fullmatch(text):
        raise Refused(400, "bad_header", f"{header} is no time in seconds")
    return int(text)


def matching_token(secrets: Sequence[bytes], given: bytes, challenge: str = "") -> int:
    """Return the index of the secret that was given as it is. Raises `Refused`."""
    digest = hashlib.sha256(given).digest()
    try:
        return matching_secret(secrets, lambda secret: hashlib.sha256(secret).digest(), [digest])
    except Refused:
        raise Refused(401, "mismatch", "credentials are missing or wrong", challenge) from None
