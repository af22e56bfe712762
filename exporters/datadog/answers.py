"""What an answer of a Datadog intake means for the data."""

from pipeline import Busy, Rejected, TooLarge, Unauthorized
from pipeline.net.http_client import HttpAnswer
from pipeline.net.retry_after import CAP_SECONDS, retry_after


def check(answer: HttpAnswer) -> None:
    """Return when the intake took the request. Raises `Unauthorized`, `TooLarge`, `Busy` or `Rejected` (datadog contract §3)."""
    status, code = answer.status, str(answer.status)
    if 200 <= status < 300:
        return
    message = f"the intake answered {status}"
    if status in (401, 403):
        raise Unauthorized(f"{message}: wrong or missing api_key, or wrong site", code=code)
    if status == 413:
        raise TooLarge(message, code=code)
    if status in (408, 429) or status >= 500:
        raise Busy(message, _wait(answer), code=code)
    raise Rejected("rejected_4xx", message, code=code)


def _wait(answer: HttpAnswer) -> float | None:
    wait = retry_after(answer.headers)
    if wait is None:
        reset = answer.headers.get("X-RateLimit-Reset", "").strip()
        if reset.isascii() and reset.isdecimal():
            return min(float(reset), CAP_SECONDS)
    return wait
