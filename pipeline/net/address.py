"""Addresses to listen on, as the `endpoint` settings write them (config contract §4)."""

from dataclasses import dataclass
from ipaddress import ip_address


@dataclass(frozen=True, slots=True)
class Tcp:
    """A host and a port; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Unix:
    """The path of a Unix domain socket."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


def parse(endpoint: str) -> Tcp | Unix:
    """Return the address that a checked endpoint names: `host:port`, `[v6]:port` or `unix:/path`."""
    if endpoint.startswith("unix:"):
        return Unix(endpoint.removeprefix("unix:"))
    host, _, port = endpoint.rpartition(":")
    return Tcp(host.removeprefix("[").removesuffix("]"), int(port))


def is_local(endpoint: str) -> bool:
    """Return whether only this machine can reach a checked endpoint: loopback, `localhost` or a Unix socket."""
    place = parse(endpoint)
    if isinstance(place, Unix) or place.host == "localhost":
        return True
    try:
        return ip_address(place.host).is_loopback
    except ValueError:
        return False
