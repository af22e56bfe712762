"""Personal data and secrets, all invented, that the tests here send and that nobody may see again."""

from typing import Final

from tests.default_pipeline import Default

EMAIL: Final = "jo.doe" + "@example.com"
CARD: Final = "4000 0000" + " 0000 0010"
PASSWORD: Final = "corr3ct-" + "h0rse"
KEY_ID: Final = "AK" + "IA" + "ABCDEFGH234567QR"
ALL: Final = (EMAIL, CARD, PASSWORD, KEY_ID)


def assert_hidden(default: Default, *secrets: str) -> None:
    """Stop the pipeline; neither what is planted nor `secrets` may be seen, in any spelling, in what it showed and wrote."""
    shown = default.pages()
    assert default.daemon.stop() == 0
    shown |= default.files()
    for secret in (*ALL, *secrets):
        spellings = [spelling.encode() for spelling in (secret, secret.replace(" ", ""), secret.replace("@", "%40"))]
        assert [place for place, content in shown.items() if any(spelling in content for spelling in spellings)] == []
