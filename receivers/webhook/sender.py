"""What a sender of webhooks is: how its deliveries are verified, and what they tell."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from pipeline.types import Value
from receivers.webhook.delivery import Delivery
from receivers.webhook.event import Event


class Verified(NamedTuple):
    """A signature that is right."""

    secret: int
    """Index of the secret that it was made with."""
    signed_at: int | None = None
    """The time that was signed, in seconds since the epoch; None when the scheme has none."""


class Told(NamedTuple):
    """What a delivery tells."""

    id: str
    """Tells the delivery from every other, and is the same when it is repeated; empty when nothing does."""
    names: Sequence[str]
    """By which the setting `events` may list it."""
    events: Sequence[Event]


class Sender:
    """A sender and the secrets that it shares with one endpoint."""

    type: ClassVar[str]
    """As it stands in the settings, in `webhook.type` and in derived trace ids."""
    secret_headers: tuple[str, ...] = ()
    """Headers that carry a signature or a credential."""
    tolerance = 300.0
    """Seconds that the signed time may be away from now, either way, unless the settings say otherwise."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self.secrets = secrets

    def verify(self, delivery: Delivery) -> Verified:
        """Check the signature. Raises `Refused`."""
        raise NotImplementedError

    def parse(self, body: bytes, content_type: str) -> Value:
        """Return the payload of a verified delivery. Raises `Refused`."""
        raise NotImplementedError

    def tell(self, delivery: Delivery, payload: Value) -> Told:
        """Return what the delivery tells. Raises `Refused` when the payload lacks what it has to have."""
        raise NotImplementedError
