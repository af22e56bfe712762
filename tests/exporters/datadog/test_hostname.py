import pytest

from exporters.datadog.hostname import hostname
from pipeline.wire.model import Attributes

RULES: list[tuple[str, Attributes, str]] = [
    ("host", {"host": 7, "datadog.host.name": "b"}, "7"),
    ("datadog.host.name", {"datadog.host.name": "b", "host.name": "c"}, "b"),
    ("fargate has none", {"aws.ecs.launchtype": "fargate", "host.name": "c"}, ""),
    ("aws by id", {"cloud.provider": "aws", "host.id": "i-1", "host.name": "c"}, "i-1"),
    ("aws without id", {"cloud.provider": "aws", "host.name": "c", "k8s.node.name": "n"}, ""),
    ("gcp", {"cloud.provider": "gcp", "host.name": "vm", "cloud.account.id": "shop"}, "vm.shop"),
    ("gcp cut", {"cloud.provider": "gcp", "host.name": "vm.c.shop.internal", "cloud.account.id": "shop"}, "vm.shop"),
    ("gcp not cut", {"cloud.provider": "gcp", "host.name": "vm.c.shop", "cloud.account.id": "shop"}, "vm.c.shop.shop"),
    ("gcp needs both", {"cloud.provider": "gcp", "host.name": "vm"}, ""),
    ("azure by id", {"cloud.provider": "azure", "host.id": "u-1", "host.name": "c"}, "u-1"),
    ("azure by name", {"cloud.provider": "azure", "host.name": "c"}, "c"),
    ("node", {"k8s.node.name": "n1", "host.id": "i"}, "n1"),
    ("node and cluster", {"k8s.node.name": "n1", "k8s.cluster.name": "prod"}, "n1-prod"),
    ("node and azure cluster", {"k8s.node.name": "n1", "azure.resourcegroup.name": "MC_group_aks1_westeurope"}, "n1-aks1"),
    ("node and aws cluster", {"k8s.node.name": "n1", "ec2.tag.kubernetes.io/cluster/eks1": "owned"}, "n1-eks1"),
    ("host.id", {"host.id": "i", "host.name": "c"}, "i"),
    ("host.name", {"host.name": "c"}, "c"),
    ("other clouds", {"cloud.provider": "own", "host.name": "c"}, "c"),
    ("fallback", {}, "gateway"),
]


@pytest.mark.parametrize(("resource", "expected"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_the_first_rule_that_applies_names_the_host(resource: Attributes, expected: str) -> None:
    assert hostname(resource, "gateway") == expected


@pytest.mark.parametrize(
    "name", ["localhost", "localhost.localdomain", "localhost6.localdomain6", "ip6-localhost", "127.0.0.1", "0.0.0.0"]
)
def test_a_name_of_any_machine_is_none_and_no_later_rule_is_asked(name: str) -> None:
    assert hostname({"host.id": name, "host.name": "web-1"}, "gateway") == ""
