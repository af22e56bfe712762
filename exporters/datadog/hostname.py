"""Which host a resource is, in Datadog's eyes (the Datadog Agent's rules for OTLP)."""

from typing import Final

from pipeline.text import text
from pipeline.wire.model import Attributes

NO_HOST: Final = frozenset(
    {"localhost", "localhost.localdomain", "localhost6.localdomain6", "ip6-localhost", "127.0.0.1", "0.0.0.0"}  # noqa: S104  # refused
)
CLOUDS: Final = frozenset({"aws", "gcp", "azure"})
CLUSTER_TAG: Final = "ec2.tag.kubernetes.io/cluster/"


def hostname(resource: Attributes, fallback: str = "") -> str:
    """Return the host name of a resource, empty when it has none; `fallback` counts when nothing in the resource names a host.

    The first rule that applies decides. A name that stands for any machine, such as `localhost`, gives the empty string.
    """
    name = _name(resource, fallback)
    return "" if name in NO_HOST else name


def _name(resource: Attributes, fallback: str) -> str:
    if host := text(resource.get("host")) or _text(resource, "datadog.host.name"):
        return host
    if _text(resource, "aws.ecs.launchtype") == "fargate":
        return ""  # a task has no host; the tag task_arn names it
    if (cloud := _text(resource, "cloud.provider")) in CLOUDS:
        return _cloud_name(resource, cloud)
    if node := _text(resource, "k8s.node.name"):
        cluster = _cluster(resource)
        return f"{node}-{cluster}" if cluster else node
    return _text(resource, "host.id") or _text(resource, "host.name") or fallback


def _cloud_name(resource: Attributes, cloud: str) -> str:
    host_id, name = _text(resource, "host.id"), _text(resource, "host.name")
    if cloud == "aws":
        return host_id
    if cloud == "azure":
        return host_id or name
    project = _text(resource, "cloud.account.id")
    if name.count(".") >= 3:
        name = name.partition(".")[0]
    return f"{name}.{project}" if name and project else ""


def _cluster(resource: Attributes) -> str:
    if cluster := _text(resource, "k8s.cluster.name"):
        return cluster
    group = _text(resource, "azure.resourcegroup.name").split("_")
    if len(group) > 1:
        return group[-2]
    return next((key.removeprefix(CLUSTER_TAG) for key in resource if key.startswith(CLUSTER_TAG)), "")


def _text(resource: Attributes, key: str) -> str:
    value = resource.get(key)
    return value if isinstance(value, str) else ""
