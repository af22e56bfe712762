"""Which form a scraper asks for (prometheus contract §1)."""

from typing import Final, NamedTuple

ESCAPINGS: Final = frozenset({"allow-utf-8", "underscores", "dots", "values"})
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class Choice(NamedTuple):
    """The form of the answer."""

    openmetrics: bool
    content_type: str


_PLAIN: Final = Choice(openmetrics=False, content_type=TEXT)


def choose(accept: str) -> Choice:
    """Return the known entry of an `Accept` header with the highest `q`, the first of equals; text 0.0.4 when none is known."""
    best, highest = _PLAIN, 0.0
    for entry in accept.split(","):
        kind, *rest = (part.strip().lower() for part in entry.split(";"))
        parameters = {name.strip(): value.strip(' "') for name, _, value in (part.partition("=") for part in rest)}
        choice = _known(kind, parameters)
        quality = _quality(parameters.get("q", "1"))
        if choice is not None and quality > highest:
            best, highest = choice, quality
    return best


def _known(kind: str, parameters: dict[str, str]) -> Choice | None:
    version, escaping = parameters.get("version"), parameters.get("escaping")
    if kind == "application/openmetrics-text" and version in ("1.0.0", None):
        named = f"; escaping={escaping}" if escaping in ESCAPINGS else ""
        return Choice(openmetrics=True, content_type=f"application/openmetrics-text; version=1.0.0; charset=utf-8{named}")
    if kind == "text/plain" and version == "1.0.0":
        spelt = escaping if escaping in ESCAPINGS else "underscores"
        return Choice(openmetrics=False, content_type=f"text/plain; version=1.0.0; charset=utf-8; escaping={spelt}")
    plain = kind in ("*/*", "text/*") or (kind == "text/plain" and version in ("0.0.4", None))
    return _PLAIN if plain else None


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
