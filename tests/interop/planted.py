"""Personal data and secrets, all invented, that the tests here send and that nobody may see again."""

from collections.abc import Mapping
from typing import Final

EMAIL: Final = "jo.doe" + "@example.com"
CARD: Final = "4000 0000" + " 0000 0010"
PASSWORD: Final = "corr3ct-" + "h0rse"
KEY_ID: Final = "AK" + "IA" + "ABCDEFGH234567QR"
ALL: Final = (EMAIL, CARD, PASSWORD, KEY_ID)


def places(shown: Mapping[str, bytes], secrets: tuple[str, ...] = ALL) -> list[str]:
    """Return where a planted value can be seen, in any spelling."""
    spellings = {
        spelling.encode() for secret in secrets for spelling in (secret, secret.replace(" ", ""), secret.replace("@", "%40"))
    }
    return [place for place, content in shown.items() if any(spelling in content for spelling in spellings)]
