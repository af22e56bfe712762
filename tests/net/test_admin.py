"""The operator's door: who may use it, and what it says."""

import json
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from pipeline.component import Host
from pipeline.errors import ConfigError
from pipeline.net import admin
from pipeline.net.http_route import HttpRequest, HttpResponse, Refusal
from pipeline.settings import AdminSettings
from pipeline.types import Secret
from tests.daemon import free_ports

TOKEN = "a-token-" + "of-operators"


async def hello(_: HttpRequest) -> HttpResponse:
    return admin.answer({"hello": "operator"})


async def refuse(_: HttpRequest) -> HttpResponse:
    raise Refusal(409, "not now")


ROUTES = [admin.route("/hello", hello), admin.route("/refuse", refuse, methods=("POST",))]


@asynccontextmanager
async def asking(host: Host, settings: AdminSettings, journal: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve, and yield a client of it."""
    endpoint = admin.endpoint_of(settings, journal)
    async with admin.serve(endpoint, settings, host.listeners, ROUTES):
        if endpoint.startswith("unix:"):
            connector: aiohttp.BaseConnector = aiohttp.UnixConnector(endpoint.removeprefix("unix:"))
            base = "http://sluice"
        else:
            connector, base = aiohttp.TCPConnector(), f"http://{endpoint}"
        async with aiohttp.ClientSession(base, connector=connector) as session:
            yield session


async def test_the_socket_of_a_journal_is_its_owners_alone(host: Host, tmp_path: Path) -> None:
    async with asking(host, AdminSettings(), tmp_path) as session, session.get("/hello") as answer:
        assert (answer.status, await answer.json()) == (200, {"hello": "operator"})
        assert stat.S_IMODE((tmp_path / "admin.sock").stat().st_mode) == 0o600
    assert not (tmp_path / "admin.sock").exists()


async def test_a_socket_that_a_crash_left_behind_is_replaced(host: Host, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "admin.sock"))
    async with asking(host, AdminSettings(), tmp_path) as session, session.get("/hello") as answer:
        assert answer.status == 200


async def test_errors_are_json_too(host: Host, tmp_path: Path) -> None:
    async with asking(host, AdminSettings(), tmp_path) as session:
        async with session.post("/refuse") as answer:
            assert (answer.status, await answer.json()) == (409, {"error": "not now"})
        async with session.get("/refuse") as answer:
            assert answer.status == 405


async def test_a_tcp_address_asks_for_the_token(host: Host, tmp_path: Path) -> None:
    [port] = free_ports(1)
    settings = AdminSettings(endpoint=f"127.0.0.1:{port}", token=Secret(TOKEN))
    async with asking(host, settings, tmp_path) as session:
        for shown, status in (("", 401), ("Bearer wrong", 401), (f"Bearer {TOKEN}", 200)):
            async with session.get("/hello", headers={"authorization": shown}) as answer:
                assert answer.status == status
                assert json.loads(await answer.read())


def test_a_tcp_address_without_a_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="token_file"):
        AdminSettings(endpoint="127.0.0.1:13134")


async def test_a_path_that_is_too_long_for_a_socket_is_said_to_be(host: Host, tmp_path: Path) -> None:
    endpoint = f"unix:{tmp_path / ('x' * 100)}"
    with pytest.raises(OSError, match="at most 107 bytes"):
        async with admin.serve(endpoint, AdminSettings(), host.listeners, ROUTES):
            pass


def test_there_is_none_where_there_is_no_directory() -> None:
    assert admin.endpoint_of(AdminSettings(), None) == ""
