"""TLS contexts of servers and clients."""

import ssl
from collections.abc import Callable
from typing import Literal

from pipeline.errors import ConfigError
from pipeline.settings import ClientTls, ServerTls

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def server_context(settings: ServerTls) -> ssl.SSLContext:
    """Return the context of a listener. Raises `ConfigError` for files that can't be read or don't fit together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _minimum(settings.min_version)
    _loaded("cert_file", lambda: context.load_cert_chain(settings.cert_file, settings.key_file, _no_password))
    if settings.client_ca_file is not None:
        _loaded("client_ca_file", lambda: context.load_verify_locations(settings.client_ca_file))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(settings: ClientTls) -> ssl.SSLContext:
    """Return the context of a client. Raises `ConfigError` for files that can't be read or don't fit together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = _minimum(settings.min_version)
    if settings.ca_file is not None:
        _loaded("ca_file", lambda: context.load_verify_locations(settings.ca_file))
    else:
        context.load_default_certs()
    if settings.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    cert_file = settings.cert_file
    if cert_file is not None:
        _loaded("cert_file", lambda: context.load_cert_chain(cert_file, settings.key_file, _no_password))
    return context


def _no_password() -> str:
    """Keep an encrypted key from asking the terminal."""
    return ""


def _minimum(version: Literal["1.2", "1.3"]) -> ssl.TLSVersion:
    return _VERSIONS[version]


def _loaded(field: str, load: Callable[[], None]) -> None:
    try:
        load()
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError("E402", f"cannot use the file: {error.strerror}", path=("tls", field)) from None
