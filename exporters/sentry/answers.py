"""What an answer of Sentry means for the data."""

from pipeline import Busy, Rejected, TooLarge, Unauthorized
from pipeline.net.http_client import HttpAnswer
from pipeline.net.retry_after import retry_after


def check(answer: HttpAnswer) -> None:
    """Return when Sentry took the envelope. Raises what the answer means for the data (sentry contract §9)."""
    status, code = answer.status, str(answer.status)
    if 200 <= status < 300:
        return
    message = f"Sentry answered {status}"
    if status in (401, 403):
        raise Unauthorized(f"{message}: wrong or disabled key", code=code)
    if status == 413:
        raise TooLarge(message, code=code)
    if status == 429:
        raise Rejected("ratelimit_backoff", message, code=code)
    if status == 408 or status >= 500:
        raise Busy(message, retry_after(answer.headers), code=code)
    raise Rejected("rejected_4xx", message, code=code)
