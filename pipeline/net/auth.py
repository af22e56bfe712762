"""What a client has to show a listener, compared in constant time."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from pipeline.errors import ConfigError
from pipeline.settings import ListenerAuth


class Authenticator:
    """Checks credentials against one `ListenerAuth`. Raises `ConfigError` unless exactly one kind is given."""

    def __init__(self, settings: ListenerAuth) -> None:
        given = [kind for kind in (settings.bearer, settings.basic, settings.header) if kind is not None]
        if len(given) != 1:
            raise ConfigError("E106", "give exactly one of `bearer`, `basic` and `header`", path=("auth",))
        self._header = "Authorization"
        self._scheme = ""
        if settings.bearer is not None:
            self._scheme, expected = "bearer", settings.bearer.token.reveal()
            self.challenge = 'Bearer realm="sluice"'
        elif settings.basic is not None:
            self._scheme, expected = "basic", f"{settings.basic.username}:{settings.basic.password.reveal()}"
            self.challenge = 'Basic realm="sluice", charset="UTF-8"'
        elif settings.header is not None:
            self._header, expected = settings.header.name, settings.header.token.reveal()
            self.challenge = 'ApiKey realm="sluice"'
        self._expected = _digest(expected.encode())

    challenge: str
    """`WWW-Authenticate` of a 401."""

    @property
    def header(self) -> str:
        """Name of the header, or of the gRPC metadata key in lower case, that carries the credential."""
        return self._header

    def accepts(self, shown: str) -> bool:
        """Return whether the header's value is the expected credential; the time taken does not tell how close it was."""
        credential = shown.encode("utf-8", "surrogateescape")
        if self._scheme:
            scheme, _, credential = credential.partition(b" ")
            if scheme.lower() != self._scheme.encode():
                return False
            credential = credential.strip()
        if self._scheme == "basic":
            try:
                credential = base64.b64decode(credential, validate=True)
            except binascii.Error:
                return False
        return hmac.compare_digest(_digest(credential), self._expected)


def shown(headers: Mapping[str, str], authenticator: Authenticator) -> str:
    """Return the value of the header that the authenticator looks at; empty when absent."""
    return headers.get(authenticator.header, "")


def _digest(credential: bytes) -> bytes:
    return hashlib.sha256(credential).digest()
