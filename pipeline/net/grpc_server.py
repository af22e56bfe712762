"""The gRPC server: unary calls whose messages stay bytes (OTLP contract §5).

Import it only where a gRPC endpoint is configured: the library costs memory. Credentials are looked at before a message is read.
Of who has them the library reads and decompresses a message before we see the call, so what unread messages may hold is bounded
by `max_concurrent_streams` times the largest message.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # the library writes lines to stderr, where our own logs are JSON

import grpc
import msgspec
from structlog.typing import FilteringBoundLogger

from pipeline.admission import Admission, declared_cost
from pipeline.errors import Busy, ConfigError, Rejected, TooLarge
from pipeline.net import address, rpc_status
from pipeline.net.auth import Authenticator
from pipeline.net.retry_after import hint
from pipeline.net.rpc_status import Status
from pipeline.settings import GrpcListener, ListenerAuth, ServerTls
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

Method: TypeAlias = Callable[[bytes], Awaitable[bytes]]
"""Takes a request message and returns the reply. May raise `Busy`, `Rejected` and `TooLarge`."""

_MAX_REPLY_BYTES: Final = 4 << 20
_MIN_PING_SECONDS: Final = 10
"""Clients may ping this often; the library's own bound of 5 minutes hangs up on real ones."""
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(slots=True, eq=False)
class Tenant:
    """A component whose methods are served, and what it asks of a client."""

    component: str
    methods: Mapping[str, Method]
    authenticator: Authenticator | None
    leaving: bool = False


class GrpcServer:
    """Serves the methods of one component at one address; while one leaves, of its successor."""

    def __init__(self, listener: GrpcListener, admission: Admission, metrics: Metrics, log: FilteringBoundLogger) -> None:
        self.address = ""
        """The bound address."""
        self._listener = listener
        self._tenants: list[Tenant] = []
        """The newest first: it answers."""
        self._admission = admission
        self._metrics = metrics
        self._log = log
        self._server = grpc.aio.server(options=_options(listener))
        self._server.add_generic_rpc_handlers((_Handlers(self._handler),))
        self._calls: set[asyncio.Task[bytes]] = set()

    def may_be_taken_over(self, listener: GrpcListener) -> bool:
        """Return whether all components here leave and `listener` asks for the same address and the same options."""
        mine = msgspec.structs.asdict(self._listener)
        asked = msgspec.structs.asdict(listener)
        same = all(asked.get(name) == value for name, value in mine.items() if name != "auth")
        return same and all(tenant.leaving for tenant in self._tenants)

    def add(self, methods: Mapping[str, Method], auth: ListenerAuth | None, component: str) -> Tenant:
        """Serve the methods of a component from now on, in the place of those that leave."""
        tenant = Tenant(component, methods, Authenticator(auth) if auth is not None else None)
        self._tenants.insert(0, tenant)
        return tenant

    def remove(self, tenant: Tenant) -> bool:
        """Serve a component no more; return whether it was the last one."""
        self._tenants.remove(tenant)
        return not self._tenants

    def leave(self, components: Collection[str], *, leaving: bool) -> None:
        """Let others take the place of components, or no longer."""
        for tenant in self._tenants:
            if tenant.component in components:
                tenant.leaving = leaving

    async def start(self) -> None:
        """Listen at `address`. Raises `OSError` when it can't be bound, `ConfigError` for TLS files."""
        place = address.parse(self._listener.endpoint)
        try:
            if self._listener.tls is None:
                port = self._server.add_insecure_port(str(place))
            else:
                port = self._server.add_secure_port(str(place), _credentials(self._listener.tls))
        except RuntimeError:
            await self._server.stop(None)
            raise OSError(f"cannot listen on {place}: the address is in use or not ours") from None
        await self._server.start()
        self.address = str(address.Tcp(place.host, port) if isinstance(place, address.Tcp) else place)

    async def aclose(self, grace: float) -> None:
        """Take no new call, give those under way `grace` seconds, cut what is left."""
        await self._server.stop(grace)

    def _handler(self, path: str, metadata: Sequence[tuple[str, str | bytes]]) -> Any:
        tenant = self._tenants[0] if self._tenants else None
        method = tenant.methods.get(path) if tenant else None
        if tenant is None or method is None:
            self._count(tenant, "UNIMPLEMENTED")
            return None
        authenticator = tenant.authenticator
        if authenticator is not None and not authenticator.accepts(_shown(metadata, authenticator.header)):
            denied = partial(self._denied, tenant)
            return grpc.stream_unary_rpc_method_handler(denied)  # as a stream its message stays unread

        async def call(message: bytes, context: Any) -> bytes:
            return await self._answered(tenant, method, message, context)

        return grpc.unary_unary_rpc_method_handler(call)

    async def _answered(self, tenant: Tenant, method: Method, message: bytes, context: Any) -> bytes:
        """Return the reply, or end the call with a status. A client's deadline or cancellation does not stop the method."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        component = tenant.component
        self._metrics.add(catalogue.RECEIVER_BYTES, len(message), receiver=component, form="decoded")
        task = loop.create_task(self._admitted(method, message, _address(context.peer())))
        self._calls.add(task)
        task.add_done_callback(self._finished)
        try:
            reply = await asyncio.shield(task)
        except TooLarge as error:
            await self._abort(context, tenant, Status(rpc_status.RESOURCE_EXHAUSTED, str(error)))
        except Rejected as error:
            status = Status(rpc_status.INVALID_ARGUMENT, str(error), violations=(str(error),))
            await self._abort(context, tenant, status)
        except Busy as error:
            await self._abort(context, tenant, Status(rpc_status.UNAVAILABLE, str(error), hint(error.retry_after)))
        except Exception as error:
            self._log.error("a call handler failed", component=component, error=type(error).__name__)
            await self._abort(context, tenant, Status(rpc_status.INTERNAL, "internal error"))
        self._metrics.observe(catalogue.RECEIVER_SECONDS, loop.time() - started, receiver=component)
        self._count(tenant, "OK")
        return reply

    async def _denied(self, tenant: Tenant, _: Any, context: Any) -> None:
        await self._abort(context, tenant, Status(rpc_status.UNAUTHENTICATED, "credentials are missing or wrong"))

    async def _admitted(self, method: Method, message: bytes, client: str) -> bytes:
        async with self._admission.lease(declared_cost(len(message), compressed=False), client):
            return await method(message)

    def _finished(self, task: "asyncio.Task[bytes]") -> None:
        """Forget a call, and take note of its error in case nobody waits for it any more."""
        self._calls.discard(task)
        if not task.cancelled():
            task.exception()

    async def _abort(self, context: Any, tenant: Tenant, status: Status) -> None:
        code = _CODES[status.code]
        self._count(tenant, code.name)
        details = (("grpc-status-details-bin", status.encode()),)
        await context.abort(code, status.message, trailing_metadata=details)

    def _count(self, tenant: Tenant | None, code: str) -> None:
        self._metrics.add(catalogue.RECEIVER_REQUESTS, receiver=tenant.component if tenant else "", code=code)


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # the library has no types
    def __init__(self, find: Callable[[str, Any], Any]) -> None:
        self._find = find

    def service(self, handler_call_details: Any) -> Any:
        return self._find(handler_call_details.method, handler_call_details.invocation_metadata or ())


def _options(listener: GrpcListener) -> Sequence[tuple[str, int]]:
    options = [
        ("grpc.max_receive_message_length", listener.max_request_body_size),
        ("grpc.max_send_message_length", _MAX_REPLY_BYTES),
        ("grpc.max_concurrent_streams", listener.max_concurrent_streams),
        ("grpc.http2.min_ping_interval_without_data_ms", _MIN_PING_SECONDS * 1000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.so_reuseport", 0),  # a second listener on the address is an error, not a rival
    ]
    if listener.max_connection_age is not None:
        options += [
            ("grpc.max_connection_age_ms", int(listener.max_connection_age * 1000)),
            ("grpc.max_connection_age_grace_ms", int(listener.max_connection_age_grace * 1000)),
        ]
    return options


def _credentials(tls: ServerTls) -> Any:
    if tls.min_version != "1.2":
        raise ConfigError("E104", "the gRPC library can't refuse TLS 1.2", path=("tls", "min_version"))
    files = {}
    for field, name in (("key_file", tls.key_file), ("cert_file", tls.cert_file), ("client_ca_file", tls.client_ca_file)):
        try:
            files[field] = Path(name).read_bytes() if name is not None else None
        except OSError as error:
            raise ConfigError("E402", f"cannot read the file: {error.strerror}", path=("tls", field)) from None
    return grpc.ssl_server_credentials(
        [(files["key_file"], files["cert_file"])],
        root_certificates=files["client_ca_file"],
        require_client_auth=tls.client_ca_file is not None,
    )


def _address(peer: str) -> str:
    """Return the address of what the library calls a peer, `ipv6:%5B::1%5D:4711` for one; nothing for a Unix socket."""
    family, _, place = peer.partition(":")
    return unquote(place).rpartition(":")[0].strip("[]") if family in {"ipv4", "ipv6"} else ""


def _shown(metadata: Sequence[tuple[str, str | bytes]], name: str) -> str:
    shown = dict(metadata).get(name.lower(), "")
    return shown if isinstance(shown, str) else ""
