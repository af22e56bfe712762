"""GitHub: HMAC-SHA256 of the body in `X-Hub-Signature-256`; JSON, or a form with the JSON in `payload`."""

from collections.abc import Sequence
from typing import Any, Final

from pipeline.types import Value
from receivers.webhook.delivery import Delivery, Refused
from receivers.webhook.event import ERROR, INFO, WARN, Event, Level, first_time, without_empty
from receivers.webhook.payloads import at, parse_object, text_at
from receivers.webhook.sender import Sender, Told, Verified
from receivers.webhook.signatures import decoded, mac, matching_secret

_SIGNATURE: Final = "X-Hub-Signature-256"
_PREFIX: Final = "sha256="
_OBJECTS: Final = {
    "issues": "issue",
    "issue_comment": "comment",
    "commit_comment": "comment",
    "discussion_comment": "comment",
    "pull_request_review": "review",
    "pull_request_review_comment": "comment",
}
"""Events that are about an object of another name."""
_RUNS: Final = ("workflow_run", "check_run", "check_suite")
_FAILED: Final = ("failure", "timed_out")


class GitHub(Sender):
    """GitHub's webhooks."""

    type = "github"
    secret_headers = (_SIGNATURE, "X-Hub-Signature")

    def verify(self, delivery: Delivery) -> Verified:
        """Check the signature; the older one with SHA-1 counts for nothing."""
        if _SIGNATURE not in delivery.headers and "X-Hub-Signature" in delivery.headers:
            raise Refused(401, "mismatch", "signature mismatch")
        header = delivery.header(_SIGNATURE)
        if not header.startswith(_PREFIX):
            raise Refused(400, "bad_header", f"{_SIGNATURE} does not start with {_PREFIX}")
        given = decoded(header.removeprefix(_PREFIX), "hex", _SIGNATURE)
        return Verified(matching_secret(self.secrets, mac("sha256", delivery.body), [given]))

    def parse(self, body: bytes, content_type: str) -> Value:
        """Return the JSON object."""
        return parse_object(body, content_type, form=True)

    def tell(self, delivery: Delivery, payload: Value) -> Told:
        """Return the one event of the delivery; redeliveries share its id."""
        event, action = delivery.text("X-GitHub-Event"), text_at(payload, "action")
        names = [event, f"{event}.{action}"] if action else [event]
        return Told(delivery.text("X-GitHub-Delivery"), names, [self._event(delivery, event, action, payload)])

    def _event(self, delivery: Delivery, event: str, action: str, payload: Value) -> Event:
        subject = at(payload, _OBJECTS.get(event, "alert" if event.endswith("_alert") else event))
        attributes: dict[str, Value] = {
            "vcs.repository.name": text_at(payload, "repository", "full_name"),
            "vcs.ref.head.name": _branch(payload, subject),
            "vcs.ref.head.revision": _revision(payload, subject),
            "github.action": action,
            "github.sender": text_at(payload, "sender", "login"),
        }
        time = first_time(delivery.received_at, at(payload, "head_commit", "timestamp"), at(subject, "updated_at"))
        return Event(
            name=".".join(part for part in ("github", event, action) if part),
            payload=payload,
            body=_summary(event, action, payload, subject, attributes),
            time=time or delivery.received_at,
            level=_level(event, action, subject),
            attributes=without_empty(attributes),
            correlation=_correlation(payload),
        )


def _level(event: str, action: str, subject: Value) -> Level:
    if event in _RUNS and text_at(subject, "conclusion") in _FAILED:
        return ERROR
    if event.endswith("_alert") and action == "created":
        return ERROR if "critical" in _alert_severities(subject) else WARN
    return INFO


def _alert_severities(alert: Value) -> Sequence[str]:
    return [
        text_at(alert, "severity"),
        text_at(alert, "rule", "security_severity_level"),
        text_at(alert, "security_advisory", "severity"),
        text_at(alert, "security_vulnerability", "severity"),
    ]


def _branch(payload: Value, subject: Value) -> str:
    names = (
        text_at(subject, "head_branch"),
        text_at(subject, "check_suite", "head_branch"),
        text_at(payload, "pull_request", "head", "ref"),
        text_at(payload, "ref"),
    )
    name = next(filter(None, names), "")
    return name.removeprefix("refs/heads/").removeprefix("refs/tags/")


def _revision(payload: Value, subject: Value) -> str:
    names = (
        text_at(subject, "head_sha"),
        text_at(payload, "pull_request", "head", "sha"),
        text_at(payload, "after"),
        text_at(payload, "sha"),
        text_at(payload, "deployment", "sha"),
    )
    return next((name for name in names if name.strip("0")), "")


def _correlation(payload: Value) -> str:
    names = (text_at(payload, "workflow_run", "id"), text_at(payload, "pull_request", "id"), text_at(payload, "after"))
    return next((name for name in names if name.strip("0")), "")


def _summary(event: str, action: str, payload: Value, subject: Value, attributes: dict[str, Any]) -> str:
    repository, branch, sender = (attributes[name] for name in ("vcs.repository.name", "vcs.ref.head.name", "github.sender"))
    by = f" by {sender}" if sender else ""
    within = f" ({repository})" if repository else ""
    if event == "push":
        commits = at(payload, "commits")
        count = len(commits) if isinstance(commits, list) else 0
        return f"push to {branch}{by} ({count} commit{'' if count == 1 else 's'})"
    if event in _RUNS:
        name = text_at(subject, "name") or text_at(subject, "app", "name") or event
        state = text_at(subject, "conclusion") or text_at(subject, "status") or action
        return f"{name} {state}{f' on {branch}' if branch else ''}{within}"
    number, title = text_at(subject, "number"), text_at(subject, "title")
    about = [event or "event", action, f"#{number}" if number else "", title]
    return " ".join(" ".join(part for part in about if part).split()) + by + within
