"""Events and logs that are too large for Sentry, made smaller in a fixed order (sentry contract §4)."""

from typing import Any, Final

from pipeline.text import json_bytes, shortened

MAX_ITEM: Final = 1024 * 1024
"""Bytes of an item."""
MARK: Final = "sluice.trimmed"


def event_bytes(event: dict[str, Any], limit: int = MAX_ITEM) -> tuple[bytes, bool]:
    """Return the JSON of an event, and whether it lost something to get below the limit.

    First goes `extra`, then source lines, then frames from the middle of each stack, then what is in the context `otel`.
    """
    body = json_bytes(event)
    if len(body) <= limit:
        return body, False
    event = {key: value for key, value in event.items() if key != "extra"}
    event["tags"] = {**event.get("tags", {}), MARK: "true"}
    stacks = [value["stacktrace"]["frames"] for value in event.get("exception", {}).get("values", ()) if "stacktrace" in value]
    keep = max(map(len, stacks), default=0)
    while len(body := json_bytes(event)) > limit and keep > 1:
        _replace_stacks(event, [_without_middle(frames, keep) for frames in stacks])
        keep //= 2
    if len(body) > limit:
        event["contexts"] = {key: value for key, value in event.get("contexts", {}).items() if key != "otel"}
        body = json_bytes(event)
    return body, True


def log_bytes(log: dict[str, Any], limit: int) -> tuple[bytes, bool]:
    """Return the JSON of a log, at most `limit` bytes, and whether it lost something for that: attributes by size, then body."""
    body = json_bytes(log)
    if len(body) <= limit:
        return body, False
    attributes = dict(log["attributes"])
    sizes = {key: len(json_bytes({key: value})) for key, value in attributes.items()}
    mark = {MARK: {"value": True, "type": "boolean"}}
    excess = len(json_bytes({**log, "attributes": {**attributes, **mark}})) - limit
    for key in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if excess <= 0 or sizes[key] < len(json_bytes(log["body"])):
            break
        excess -= sizes[key] - 1
        del attributes[key]
    log = {**log, "attributes": {**attributes, **mark}}
    excess = len(json_bytes(log)) - limit
    if excess > 0:
        log["body"] = shortened(log["body"], max(len(json_bytes(log["body"])) - excess, 2))
    if len(body := json_bytes(log)) > limit:
        body = json_bytes({**log, "attributes": mark})
    return body, True


def _replace_stacks(event: dict[str, Any], stacks: list[list[dict[str, Any]]]) -> None:
    """Give an event other frames; the exceptions that it was made from keep theirs."""
    left = iter(stacks)
    event["exception"] = {
        "values": [
            {**value, "stacktrace": {"frames": next(left)}} if "stacktrace" in value else value
            for value in event["exception"]["values"]
        ]
    }


def _without_middle(frames: list[dict[str, Any]], keep: int) -> list[dict[str, Any]]:
    """Return at most `keep` frames, without their source lines."""
    half = keep // 2
    kept = frames if len(frames) <= keep else frames[:half] + frames[-half:]
    return [{key: value for key, value in frame.items() if key != "context_line"} for frame in kept]
