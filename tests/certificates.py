"""Certificates made for a test by the `openssl` command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.parts.found import program

SIGNED = ("basicConstraints=critical,CA:FALSE", "authorityKeyIdentifier=keyid:always")
"""What Python 3.13 and newer want to see of a certificate besides."""


@dataclass(frozen=True)
class Certificate:
    cert: str
    key: str

    def pem(self) -> bytes:
        return Path(self.cert).read_bytes()

    def key_pem(self) -> bytes:
        return Path(self.key).read_bytes()


@dataclass(frozen=True)
class Certificates:
    """A CA, a server certificate for 127.0.0.1 and localhost, and a client certificate."""

    ca: Certificate
    server: Certificate
    client: Certificate


def make(directory: Path) -> Certificates:
    ca = _signed(directory, "ca", ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"], None)
    server = _signed(directory, "server", [*SIGNED, "subjectAltName=IP:127.0.0.1,DNS:localhost"], ca)
    return Certificates(ca, server, _signed(directory, "client", [*SIGNED, "extendedKeyUsage=clientAuth"], ca))


def _signed(directory: Path, name: str, extensions: list[str], ca: Certificate | None) -> Certificate:
    made = Certificate(str(directory / f"{name}.pem"), str(directory / f"{name}.key"))
    command = [program("openssl"), "req", "-x509", "-nodes", "-days", "2"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", f"/CN={name}", "-keyout", made.key, "-out", made.cert]
    command += [argument for extension in extensions for argument in ("-addext", extension)]
    if ca is not None:
        command += ["-CA", ca.cert, "-CAkey", ca.key]
    subprocess.run(command, check=True, capture_output=True)
    return made
