"""Receive signed webhooks as logs.

    receivers:
      webhook/pay:
        sender: stripe
        secrets: ["${env:STRIPE_WH_SECRET}"]

The sender posts to `http://127.0.0.1:8089/webhooks/pay`. A delivery is read only once its signature is right, over the bytes as
they were sent; it is answered once it is safe, and one that comes again is answered and not recorded twice. Senders: `github`,
`stripe`, and `generic_hmac`, `bearer`, `basic` and `header_token` for any other that posts JSON.
"""

import asyncio
import hashlib
import sqlite3
import time
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import NamedTuple

import orjson

from pipeline import Batch, Consume, Context, Receiver, wire
from pipeline.net.http_server import HttpRequest, HttpResponse, Refusal, Route
from pipeline.offload import offload
from pipeline.telemetry import catalogue
from receivers.webhook.delivery import Delivery, Reason, Refused
from receivers.webhook.rate import RateLimit
from receivers.webhook.record import Style, records
from receivers.webhook.replay import ReplayStore
from receivers.webhook.settings import Config, check, dedup_of, sender_of

__all__ = ["Config", "Webhook"]


class Prepared(NamedTuple):
    """A verified delivery, ready for the pipeline."""

    payload: bytes
    items: int
    dedup_id: str
    """What it is known by; empty when nothing does, or nobody asks."""
    listed: bool
    """Whether the settings list its event."""


class Webhook(Receiver):
    """The receiver: one sender at one path."""

    signals = frozenset({"logs"})

    def __init__(self, config: Config) -> None:
        check(config)
        self._config = config
        self._sender = sender_of(config)
        self._secret_labels = [str(index) for index, secret in enumerate(config.secrets) if secret.reveal()]
        self._dedup = dedup_of(config)
        self._limit = None if config.rate_limit is None else RateLimit(config.rate_limit)
        self._under_way: dict[object, asyncio.Task[str]] = {}
        """By the id that they are known by; those without one are each their own key."""

    async def run(self, consume: Consume) -> None:
        """Serve until cancelled. Raises `OSError` when deliveries can't be remembered where the settings say."""
        self._name = self.host.id.partition("/")[2] or self.host.id
        self._style = self._style_of(self._name)
        if self._config.verify == "none":
            self.host.log.warning("deliveries of this webhook are not verified", component=self.host.id)
        self._store = ReplayStore(self._store_path(), self._name, self._dedup.ttl, self._dedup.max)
        set_aside = await self._store.open()
        if set_aside is not None:
            self.host.metrics.add(catalogue.JOURNAL_ERRORS, op="webhooks_damaged")
            self.host.log.error("what was seen before is forgotten: its file was damaged", set_aside=str(set_aside))
        route = Route(
            self._config.path.replace("{name}", self._name),
            partial(self._receive, consume),
            refuse=self._refuse,
            max_body=self._config.max_body or self._config.max_request_body_size,
            auth=self._config.auth,
            decode=False,
            cors=self._config.cors,
        )
        try:
            async with self.host.listeners.http(self._config, [route], component=self.host.id):
                self.host.started()
                await asyncio.get_running_loop().create_future()
        finally:
            await self._finish()
            await self._store.aclose()

    # ---- one request ----

    async def _receive(self, consume: Consume, request: HttpRequest) -> HttpResponse:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._config.timeout):
                status = await self._accept(consume, request)
        except Refused as refused:
            self._count_rejected(refused.reason)
            code = self._config.reject_status if refused.status == 401 else refused.status
            headers = {"WWW-Authenticate": refused.challenge} if refused.challenge and code == 401 else {}
            raise Refusal(code, str(refused), headers=headers) from None
        except TimeoutError:
            raise Refusal(503, "the delivery is not safe yet", retry_after=1) from None
        finally:
            self.host.metrics.observe(catalogue.WEBHOOK_SECONDS, loop.time() - started, endpoint=self._name)
        self.host.metrics.add(catalogue.WEBHOOK_REQUESTS, endpoint=self._name, code="200")
        return HttpResponse(200, orjson.dumps({"status": status}))

    def _refuse(self, _: str, refusal: Refusal) -> HttpResponse:
        self.host.metrics.add(catalogue.WEBHOOK_REQUESTS, endpoint=self._name, code=str(refusal.status))
        if refusal.status == 413:
            self._count_rejected("too_large")
        return HttpResponse(refusal.status, orjson.dumps({"error": refusal.message}))

    async def _accept(self, consume: Consume, request: HttpRequest) -> str:
        """Return `accepted` or `duplicate`. Raises `Refused`, `Refusal` and what `consume` raises."""
        delivery = Delivery(
            request.method, request.path, request.headers, request.content_type, request.raw, received_at=time.time_ns()
        )
        if self._config.verify == "sender":
            await self._verify(delivery, request)
        if self._limit is not None and (wait := self._limit.wait(asyncio.get_running_loop().time())):
            raise Refusal(429, "more deliveries than the rate limit allows", retry_after=wait)
        body = await request.decoded()
        prepared = await offload(partial(self._prepare, delivery, body), len(body))
        if not prepared.listed and self._config.on_unlisted != "keep":
            if self._config.on_unlisted == "reject":
                raise Refused(403, "unlisted", "this event is not wanted here")
            self._count_rejected("unlisted")
            return "accepted"
        batch = Batch(prepared.payload, "logs", prepared.items, Context(self.host.id, "http", delivery.received_at))
        return await self._take_once(consume, batch, prepared.dedup_id, request)

    async def _verify(self, delivery: Delivery, request: HttpRequest) -> None:
        """Check signature and time. Raises `Refused`."""
        try:
            verified = self._sender.verify(delivery)
        except Refused as refused:
            if refused.status != 401 or not self._config.verify_decoded:
                raise
            verified = self._sender.verify(replace(delivery, body=await request.decoded()))
        self.host.metrics.add(catalogue.WEBHOOK_VERIFIED, endpoint=self._name, secret=self._secret_labels[verified.secret])
        if verified.signed_at is None:
            return
        tolerance = self._sender.tolerance if self._config.tolerance is None else self._config.tolerance
        age = delivery.received_at // 10**9 - verified.signed_at
        if abs(age) > tolerance:
            raise Refused(403, "too_old" if age > 0 else "too_new", "the signed time is too far from now")

    def _prepare(self, delivery: Delivery, body: bytes) -> Prepared:
        """Parse and encode a verified delivery. Raises `Refused`."""
        payload = self._sender.parse(body, delivery.content_type)
        told = self._sender.tell(delivery, payload)
        known_by = {"id": told.id, "body_hash": hashlib.sha256(delivery.body).hexdigest(), "off": ""}[self._dedup.by]
        globs = self._config.events
        found = records(told.events, delivery, body, told.id, known_by or told.id, self._style)
        return Prepared(
            wire.encode(found, "logs"),
            len(found),
            known_by,
            not globs or any(fnmatchcase(name, glob) for name in told.names for glob in globs),
        )

    # ---- once ----

    async def _take_once(self, consume: Consume, batch: Batch, dedup_id: str, request: HttpRequest) -> str:
        """Hand a delivery on unless it was before. One that is on its way when it comes again is waited for.

        A client that gives up, or is told to come back, does not stop it: it is known when it comes again.
        """
        key = dedup_id or object()
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._take(consume, batch, dedup_id))
            task.add_done_callback(partial(self._taken, key))
            request.hold(task)
            return await asyncio.shield(task)
        await asyncio.shield(task)
        self.host.metrics.add(catalogue.WEBHOOK_DUPLICATES, endpoint=self._name)
        return "duplicate"

    async def _take(self, consume: Consume, batch: Batch, dedup_id: str) -> str:
        if not dedup_id:
            await consume(batch)
            return "accepted"
        if await self._store.seen(dedup_id, time.time()):
            self.host.metrics.add(catalogue.WEBHOOK_DUPLICATES, endpoint=self._name)
            return "duplicate"
        await consume(batch)
        try:
            evicted = await self._store.add(dedup_id, time.time())
        except sqlite3.Error as error:  # it is safe, and may be recorded twice
            self.host.log.error("a delivery could not be remembered", component=self.host.id, error=type(error).__name__)
        else:
            self._count_rejected("replay_store_full", evicted)
        return "accepted"

    def _taken(self, key: object, task: asyncio.Task[str]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # whoever awaits it has it

    async def _finish(self) -> None:
        """Give the deliveries under way their time, then cancel what waits for them."""
        tasks = set(self._under_way.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._config.timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # ---- small things ----

    def _count_rejected(self, reason: Reason, number: int = 1) -> None:
        self.host.metrics.add(catalogue.WEBHOOK_REJECTED, number, endpoint=self._name, reason=reason)

    def _store_path(self) -> Path | None:
        if self._dedup.path is not None:
            return Path(self._dedup.path)
        return None if self.host.state_dir is None or self._dedup.by == "off" else self.host.state_dir / "webhooks.db"

    def _style_of(self, name: str) -> Style:
        config = self._config
        return Style(
            type=self._sender.type,
            endpoint=name,
            payload=config.payload,
            trace=config.trace,
            trust_traceparent=config.trust_traceparent,
            headers=config.headers,
        )
