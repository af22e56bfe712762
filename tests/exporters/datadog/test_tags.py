import pytest

from exporters.datadog.tags import normalised_tag, resource_tags

ROWS = [
    ("service.name", "service"),
    ("deployment.environment", "env"),
    ("deployment.environment.name", "env"),
    ("service.version", "version"),
    ("container.id", "container_id"),
    ("container.name", "container_name"),
    ("container.image.name", "image_name"),
    ("container.image.tag", "image_tag"),
    ("container.runtime", "runtime"),
    ("cloud.provider", "cloud_provider"),
    ("cloud.region", "region"),
    ("cloud.availability_zone", "zone"),
    ("aws.ecs.task.arn", "task_arn"),
    ("aws.ecs.cluster.arn", "ecs_cluster_name"),
    ("tags.datadoghq.com/env", "env"),
    ("tags.datadoghq.com/service", "service"),
    ("tags.datadoghq.com/version", "version"),
    ("datadog.container.tag.team", "team"),
    ("os.type", "os.type"),
    ("k8s.container.name", "kube_container_name"),
    ("k8s.cluster.name", "kube_cluster_name"),
    ("k8s.deployment.name", "kube_deployment"),
    ("k8s.replicaset.name", "kube_replica_set"),
    ("k8s.statefulset.name", "kube_stateful_set"),
    ("k8s.daemonset.name", "kube_daemon_set"),
    ("k8s.job.name", "kube_job"),
    ("k8s.cronjob.name", "kube_cronjob"),
    ("k8s.namespace.name", "kube_namespace"),
    ("k8s.pod.name", "pod_name"),
    ("aws.ecs.task.family", "task_family"),
    ("aws.ecs.task.revision", "task_version"),
    ("aws.ecs.container.arn", "ecs_container_name"),
    ("app.kubernetes.io/name", "kube_app_name"),
    ("app.kubernetes.io/instance", "kube_app_instance"),
    ("app.kubernetes.io/version", "kube_app_version"),
    ("app.kubernetes.io/component", "kube_app_component"),
    ("app.kubernetes.io/part-of", "kube_app_part_of"),
    ("app.kubernetes.io/managed-by", "kube_app_managed_by"),
    ("process.executable.name", "process.executable.name"),
    ("process.executable.path", "process.executable.path"),
    ("process.command", "process.command"),
    ("process.command_line", "process.command_line"),
    ("kube_service", "kube_service"),
    ("pod_phase", "pod_phase"),
    ("short_image", "short_image"),
]


@pytest.mark.parametrize(("attribute", "tag"), ROWS)
def test_a_resource_attribute_becomes_its_tag(attribute: str, tag: str) -> None:
    assert resource_tags({attribute: "x1"}) == [f"{tag}:x1"]


def test_only_texts_that_are_not_empty_become_tags() -> None:
    assert resource_tags({"service.name": "", "service.version": 3, "k8s.pod.name": "web-1"}) == ["pod_name:web-1"]


def test_other_attributes_become_no_tag() -> None:
    assert resource_tags({"telemetry.sdk.name": "opentelemetry"}) == []


def test_the_table_wins_over_container_tags() -> None:
    assert resource_tags({"datadog.container.tag.env": "late", "deployment.environment": "test"}) == ["env:test"]


def test_only_the_first_process_attribute_becomes_a_tag() -> None:
    assert resource_tags({"process.command_line": "app --x", "process.executable.path": "/bin/app"}) == [
        "process.executable.path:/bin/app"
    ]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("Env:Prod", "env:prod"),
        ("HTTP Route", "http_route"),
        ("a__b", "a_b"),
        ("a,b", "a_b"),
        ("key:Value With  Spaces!", "key:value_with_spaces"),
        ("_lead", "lead"),
        ("1foo:bar", "foo:bar"),
        ("/path/A-B_c.d", "path/a-b_c.d"),
        ("%%%", ""),
        ("x" * 250, "x" * 200),
        ("colon:", "colon"),
        ("straße:größe", "straße:größe"),
    ],
)
def test_tags_are_stored_as_datadog_stores_them(raw: str, stored: str) -> None:
    assert normalised_tag(raw) == stored
