"""Datadog tags: which attributes of a resource become tags, and what a tag may look like."""

import re
from collections.abc import Iterable
from typing import Final

from pipeline.remembered import remembered
from pipeline.text import text
from pipeline.types import Value
from pipeline.wire.model import Attributes

RESOURCE_TAGS: Final = {
    "service.name": "service",
    "deployment.environment.name": "env",
    "deployment.environment": "env",
    "service.version": "version",
    "container.id": "container_id",
    "container.name": "container_name",
    "container.image.name": "image_name",
    "container.image.tag": "image_tag",
    "container.runtime": "runtime",
    "cloud.provider": "cloud_provider",
    "cloud.region": "region",
    "cloud.availability_zone": "zone",
    "aws.ecs.task.arn": "task_arn",
    "aws.ecs.cluster.arn": "ecs_cluster_name",
    "aws.ecs.task.family": "task_family",
    "aws.ecs.task.revision": "task_version",
    "aws.ecs.container.arn": "ecs_container_name",
    "k8s.container.name": "kube_container_name",
    "k8s.cluster.name": "kube_cluster_name",
    "k8s.deployment.name": "kube_deployment",
    "k8s.replicaset.name": "kube_replica_set",
    "k8s.statefulset.name": "kube_stateful_set",
    "k8s.daemonset.name": "kube_daemon_set",
    "k8s.job.name": "kube_job",
    "k8s.cronjob.name": "kube_cronjob",
    "k8s.namespace.name": "kube_namespace",
    "k8s.pod.name": "pod_name",
    "os.type": "os.type",
    "tags.datadoghq.com/env": "env",
    "tags.datadoghq.com/service": "service",
    "tags.datadoghq.com/version": "version",
    "app.kubernetes.io/name": "kube_app_name",
    "app.kubernetes.io/instance": "kube_app_instance",
    "app.kubernetes.io/version": "kube_app_version",
    "app.kubernetes.io/component": "kube_app_component",
    "app.kubernetes.io/part-of": "kube_app_part_of",
    "app.kubernetes.io/managed-by": "kube_app_managed_by",
}
"""Where two attributes become the same tag, the one named first wins."""

PROCESS: Final = ("process.executable.name", "process.executable.path", "process.command", "process.command_line")
"""Only the first that is there becomes a tag."""

OWN_NAMES: Final = frozenset(RESOURCE_TAGS.values()) | {
    "docker_image",
    "image_id",
    "kube_node",
    "kube_ownerref_kind",
    "kube_ownerref_name",
    "kube_qos",
    "kube_service",
    "pod_phase",
    "short_image",
}
"""Attributes that already have a tag's name keep it."""

CONTAINER_TAG: Final = "datadog.container.tag."
MAX_LENGTH: Final = 200

_REFUSED: Final = re.compile(r"[^\w:./-]+")
_RUNS: Final = re.compile(r"__+")
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")


def resource_tags(resource: Attributes) -> list[str]:
    """Return the tags of a resource, normalised, in the order of the table. Only texts that are not empty become tags."""
    named = {key: value for key, value in resource.items() if isinstance(value, str) and value}
    tags: dict[str, str] = {}
    for key, tag in RESOURCE_TAGS.items():
        if key in named:
            tags.setdefault(tag, named[key])
    if process := next((key for key in PROCESS if key in named), None):
        tags[process] = named[process]
    for key, value in named.items():
        if key in OWN_NAMES:
            tags.setdefault(key, value)
        elif key.startswith(CONTAINER_TAG):
            tags.setdefault(key.removeprefix(CONTAINER_TAG), value)
    return normalised(f"{tag}:{value}" for tag, value in tags.items())


def tag(key: str, value: Value) -> str:
    """Return `key:value`, where nothing is written `n/a`."""
    return f"{key}:{text(value) or 'n/a'}"


def normalised(tags: Iterable[str]) -> list[str]:
    """Return the tags as Datadog stores them, in order, each once; what has no letter in it is left out."""
    return list(dict.fromkeys(filter(None, map(normalised_tag, tags))))


@remembered(10_000)
def normalised_tag(tag: str) -> str:
    """Return a tag in lower case, from its first letter on, other characters as `_`, at most 200 characters; maybe empty."""
    text = _RUNS.sub("_", _REFUSED.sub("_", tag.lower()))
    start = _NO_LETTERS.match(text)
    return text[start.end() if start else 0 :][:MAX_LENGTH].rstrip("_:")
