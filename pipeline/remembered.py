"""A cache for functions of what clients send: bounded in entries, and in the length of the texts that it remembers."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONGEST: Final = 256
"""Characters of a text that is remembered; a longer one is worked on each time."""


def remembered(entries: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator that remembers the last results of a pure function, as `lru_cache` does, but none of long texts."""

    def decorate(call: Callable[P, T]) -> Callable[P, T]:
        cached = lru_cache(maxsize=entries)(call)

        @wraps(call)
        def answer(*args: P.args, **named: P.kwargs) -> T:
            short = all(len(argument) <= LONGEST for argument in args if isinstance(argument, str))
            return cached(*args, **named) if short else call(*args, **named)  # type: ignore[arg-type]  # typeshed wants Hashable

        return answer

    return decorate
