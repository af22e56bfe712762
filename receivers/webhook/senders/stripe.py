"""Stripe: HMAC-SHA256 of `<time>.<body>` in `Stripe-Signature: t=<time>,v1=<hex>[,v1=<hex>]`."""

from collections.abc import Sequence
from typing import Final

from pipeline.types import Value
from receivers.webhook.delivery import Delivery, Refused
from receivers.webhook.event import ERROR, INFO, WARN, Event, Level, first_time, without_empty
from receivers.webhook.payloads import at, parse_object, text_at
from receivers.webhook.sender import Sender, Told, Verified
from receivers.webhook.signatures import decoded, mac, matching_secret, seconds

_SIGNATURE: Final = "Stripe-Signature"


class Stripe(Sender):
    """Stripe's webhooks. The key is the whole secret, `whsec_` included."""

    type = "stripe"
    secret_headers = (_SIGNATURE,)

    def verify(self, delivery: Delivery) -> Verified:
        """Check the signatures of scheme `v1`; others count for nothing."""
        parts = _parts(delivery)
        time, versions = _time(parts), [name for name, _ in parts if name.startswith("v")]
        if not versions:
            raise Refused(400, "bad_header", f"{_SIGNATURE} holds no signature")
        given = [decoded(value, "hex", _SIGNATURE) for name, value in parts if name == "v1"]
        secret = matching_secret(self.secrets, mac("sha256", f"{time}.".encode(), delivery.body), given)
        return Verified(secret, int(time))

    def parse(self, body: bytes, content_type: str) -> Value:
        """Return the JSON object."""
        return parse_object(body, content_type)

    def tell(self, delivery: Delivery, payload: Value) -> Told:
        """Return the one event of the delivery."""
        kind, subject = text_at(payload, "type"), text_at(payload, "data", "object", "id")
        attributes: dict[str, Value] = {
            "stripe.object_id": subject,
            "stripe.livemode": at(payload, "livemode"),
            "stripe.api_version": text_at(payload, "api_version"),
            "stripe.request_id": text_at(payload, "request", "id"),
        }
        event = Event(
            name=f"stripe.{kind}" if kind else "stripe",
            payload=payload,
            body=" ".join(part for part in (kind, subject) if part),
            time=first_time(delivery.received_at, at(payload, "created")),
            level=_level(kind),
            attributes=without_empty(attributes),
            correlation=text_at(payload, "request", "idempotency_key") or subject,
        )
        return Told(text_at(payload, "id"), [kind], [event])


def _level(kind: str) -> Level:
    if kind.endswith("failed") or kind.startswith("charge.dispute."):
        return ERROR
    if kind.endswith(("past_due", "requires_action")) or kind.startswith("radar.early_fraud_warning."):
        return WARN
    return INFO


def _parts(delivery: Delivery) -> list[tuple[str, str]]:
    items = delivery.list_header(_SIGNATURE).split(",")
    return [(name.strip(), value.strip()) for name, _, value in (item.partition("=") for item in items)]


def _time(parts: Sequence[tuple[str, str]]) -> str:
    """Return the signed time as it is written."""
    times = [value for name, value in parts if name == "t"]
    if len(times) != 1:
        raise Refused(400, "bad_header", f"{_SIGNATURE} has to hold one time")
    seconds(times[0], _SIGNATURE)
    return times[0]
