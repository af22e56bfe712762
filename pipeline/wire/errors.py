"""The one exception of the wire API."""


class Malformed(Exception):
    """The bytes are not what they should be. `what` names fields and types of the schema, never anything that was sent."""

    def __init__(self, offset: int | None, what: str) -> None:
        super().__init__(what if offset is None else f"{what} at byte {offset}")
        self.offset = offset
        """Where in the input; None for JSON that is well-formed and means nothing."""
        self.what = what
