"""Where the journal is that a verb is about, and whether a daemon runs on it."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import click
import msgspec
from msgspec import Struct

from cli.shown import plain
from pipeline.journal import JournalError
from pipeline.journal.directory import InUse, journal_directory, take_lock
from pipeline.net import address, admin
from pipeline.settings import AdminSettings

TIMEOUT_SECONDS: Final = 120.0
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Place(Struct, frozen=True):
    """A journal's directory, None in memory, and where its daemon can be asked, empty where it can't be."""

    directory: Path | None
    endpoint: str
    token: str = ""

    def daemon(self) -> "Daemon":
        """Return the running daemon, to be asked."""
        if not self.endpoint:
            raise click.ClickException("a journal in memory needs service.admin.endpoint to be asked")
        return Daemon(self.endpoint, self.token)

    @contextmanager
    def at_rest(self) -> Iterator[Path | None]:
        """Yield the directory, locked, while no daemon runs on it; None when one does."""
        if self.directory is None:
            yield None
            return
        try:
            lock = take_lock(self.directory)
        except InUse:
            yield None
            return
        except FileNotFoundError:
            raise click.ClickException(f"there is no journal in {self.directory}: see --dir and --config") from None
        except OSError as error:
            raise click.ClickException(f"the journal in {self.directory} can't be opened: {error.strerror}") from None
        try:
            yield self.directory
        finally:
            os.close(lock)


class Daemon:
    """A running daemon, asked through its admin address. Raises `click.ClickException` with what it says."""

    def __init__(self, endpoint: str, token: str) -> None:
        self._endpoint = endpoint
        self._token = token

    def ask(self, path: str, kind: type[T], parameters: Mapping[str, Any] | None = None, *, method: str = "GET") -> T:
        """Return its answer, read as JSON."""
        return msgspec.json.decode(self.fetch(path, parameters, method=method)[0], type=kind)

    def fetch(
        self, path: str, parameters: Mapping[str, Any] | None = None, *, method: str = "GET"
    ) -> tuple[bytes, Mapping[str, str]]:
        """Return the body and the headers of its answer."""
        connection = self._connection()
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise click.ClickException(
                f"no answer from {self._endpoint}: {why}. If its configuration names another service.admin.endpoint, "
                "give --config"
            ) from None
        finally:
            connection.close()
        if answer.status != 200:
            raise click.ClickException(f"the daemon refuses: {_reason(body, answer.status)}")
        return body, dict(answer.headers)

    def _connection(self) -> HTTPConnection:
        place = address.parse(self._endpoint)
        if isinstance(place, address.Unix):
            return _UnixConnection(place.path)
        return HTTPConnection(place.host, place.port, timeout=TIMEOUT_SECONDS)


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("sluice", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(self._path)


def place_options(command: F) -> F:
    """Give a verb `place`: from its configuration, or from the directory alone."""

    @click.option(
        "-c",
        "--config",
        "sources",
        multiple=True,
        metavar="SOURCE",
        help="The daemon's configuration, as `sluice run` takes it; needed where it sets service.admin, or is the only one to "
        "name the journal's directory. Default: the file that SLUICE_CONFIG names, if it does.",
    )
    @click.option(
        "--dir",
        "directory",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The journal's directory. Default: SLUICE_JOURNAL_DIR, else where `sluice run` puts it.",
    )
    @wraps(command)
    def with_place(sources: Sequence[str], directory: Path | None, *arguments: Any, **options: Any) -> Any:
        return command(*arguments, place=_place(sources, directory), **options)

    return with_place  # type: ignore[return-value]


def _place(sources: Sequence[str], directory: Path | None) -> Place:
    named = os.environ.get("SLUICE_CONFIG")
    if directory is None and (sources or named):
        return _configured(sources or (named or "",))
    try:
        found = directory or journal_directory(os.environ.get("SLUICE_JOURNAL_DIR"))
    except (OSError, JournalError) as error:
        raise click.ClickException(str(error)) from None
    return Place(found, admin.endpoint_of(AdminSettings(), found))


def _configured(sources: Sequence[str]) -> Place:
    from config.load import load
    from config.render import render_text

    loaded = load(sources, overrides=(), environ=os.environ)
    if loaded.spec is None:
        raise click.ClickException(f"the configuration has faults\n\n{render_text(loaded.messages)}")
    service = loaded.spec.service
    directory = None if service.journal.type == "memory" else journal_directory(service.journal.dir)
    token = service.admin.token.reveal() if service.admin.token else ""
    return Place(directory, admin.endpoint_of(service.admin, directory), token)


def _reason(body: bytes, status: int) -> str:
    try:
        return plain(msgspec.json.decode(body, type=dict[str, str])["error"])
    except (msgspec.MsgspecError, KeyError):
        return f"status {status}"
