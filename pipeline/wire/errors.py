"""The one exception of the wire API."""


class Malformed(Exception):
    """The bytes are not what they should be. `what` never holds any of them."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"{what} at byte {offset}")
        self.offset = offset
        self.what = what
