"""The manifests of deploy/kubernetes: Kubernetes' own schemas take them, and they agree with what they run."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from config.load import Loaded, load
from pipeline.journal.dead_letter import MAX_BYTES
from pipeline.net.address import Tcp, is_local, parse
from pipeline.telemetry.health import PATHS

FOLDER = Path(__file__).parents[2] / "deploy/kubernetes"
FILES = ("gateway.yaml", "sidecar.yaml")
SECRETS = {"DD_API_KEY": "0" * 32, "SENTRY_DSN": "https://" + "0" * 32 + "@sentry.example.com/1"}
GIB = 1024**3


def manifests(file: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / file).read_text()))


def one(file: str, *kinds: str) -> Any:
    (found,) = (manifest for manifest in manifests(file) if manifest["kind"] in kinds)
    return found


def pod(file: str) -> Any:
    return one(file, "StatefulSet", "Deployment")["spec"]["template"]["spec"]


def sluice(file: str) -> Any:
    (found,) = (each for each in (*pod(file).get("initContainers", ()), *pod(file)["containers"]) if each["name"] == "sluice")
    return found


def loaded(file: str) -> Loaded:
    return load([f"yaml:{one(file, 'ConfigMap')['data']['sluice.yaml']}"], environ=SECRETS)


@pytest.mark.parametrize("file", FILES)
def test_kubernetes_knows_every_field(file: str) -> None:
    for manifest in manifests(file):
        kubernetes_validate.validate(manifest, "1.33", strict=True)


@pytest.mark.parametrize("file", FILES)
def test_the_configuration_is_valid(file: str) -> None:
    result = loaded(file)
    assert result.spec
    assert {message.code for message in result.messages} <= {"W112"}  # addresses that the network policy guards


@pytest.mark.parametrize("file", FILES)
def test_probes_ask_what_the_daemon_answers_where_it_answers(file: str) -> None:
    result, container = loaded(file), sluice(file)
    assert result.spec
    health = result.spec.components["extension", "health"].config.endpoint
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert parse(health) == Tcp("0.0.0.0", ports["health"])
    assert parse(result.spec.service.telemetry.metrics.address) == Tcp("0.0.0.0", ports["metrics"])
    asked = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "readiness", "liveness")}
    assert {probe: PATHS[get["path"]].__name__ for probe, get in asked.items()} == {
        "startup": "ready",
        "readiness": "ready",
        "liveness": "live",
    }
    assert {get["port"] for get in asked.values()} == {"health"}


@pytest.mark.parametrize("file", FILES)
def test_it_runs_without_root_on_a_root_file_system_that_it_cannot_write(file: str) -> None:
    for container in (*pod(file).get("initContainers", ()), *pod(file)["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    context = pod(file)["securityContext"]
    assert (context["runAsNonRoot"], context["runAsUser"], context["seccompProfile"]) == (True, 10001, {"type": "RuntimeDefault"})
    assert "--uid 10001" in (FOLDER.parents[1] / "Dockerfile").read_text()


@pytest.mark.parametrize(("file", "others"), [("gateway.yaml", 0), ("sidecar.yaml", 30)])
def test_a_stop_has_the_time_that_it_may_take(file: str, others: int) -> None:
    result = loaded(file)
    assert result.spec
    limits = result.spec.service.limits
    assert 0 < limits.linger < limits.shutdown_timeout
    assert pod(file)["terminationGracePeriodSeconds"] >= others + limits.shutdown_timeout + 2


def test_the_sidecar_starts_before_the_application_and_ends_after_it() -> None:
    assert sluice("sidecar.yaml") in pod("sidecar.yaml")["initContainers"]
    assert sluice("sidecar.yaml")["restartPolicy"] == "Always"


def test_the_sidecar_sends_to_the_gateway_and_only_its_pod_sends_to_it() -> None:
    result = loaded("sidecar.yaml")
    assert result.spec
    protocols = result.spec.components["receiver", "otlp"].config.protocols
    assert is_local(protocols.http.endpoint)
    assert is_local(protocols.grpc.endpoint)
    service = next(
        each for each in manifests("gateway.yaml") if each["metadata"]["name"] == "sluice-gateway" and each["kind"] == "Service"
    )
    ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
    endpoint = result.spec.components["exporter", "otlp_http"].config.endpoint
    assert endpoint == f"http://{service['metadata']['name']}:{ports['otlp-http']}"


def test_the_ports_of_the_gateway_are_those_that_it_listens_on() -> None:
    result, named = loaded("gateway.yaml"), {port["name"]: port["containerPort"] for port in sluice("gateway.yaml")["ports"]}
    assert result.spec
    assert set(named.values()) == {int(port) for port in re.findall(r"0\.0\.0\.0:(\d+)", str(one("gateway.yaml", "ConfigMap")))}
    for service in (each for each in manifests("gateway.yaml") if each["kind"] == "Service"):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= named.keys()
    for rule in one("gateway.yaml", "NetworkPolicy")["spec"]["ingress"]:
        assert {port["port"] for port in rule["ports"]} <= named.keys()


def test_the_journal_and_the_dead_letters_fit_on_their_volume() -> None:
    result = loaded("gateway.yaml")
    assert result.spec
    (claim,) = one("gateway.yaml", "StatefulSet")["spec"]["volumeClaimTemplates"]
    room = int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi")) * GIB
    assert result.spec.service.journal.max_bytes + (result.spec.service.dead_letters.max_bytes or MAX_BYTES) < room
    mounts = {mount["name"]: mount["mountPath"] for mount in sluice("gateway.yaml")["volumeMounts"]}
    assert f"SLUICE_JOURNAL_DIR={mounts['journal']}" in (FOLDER.parents[1] / "Dockerfile").read_text()


@pytest.mark.parametrize("file", FILES)
def test_the_configuration_is_mounted_as_a_directory_where_the_image_reads_it(file: str) -> None:
    (mount,) = (mount for mount in sluice(file)["volumeMounts"] if mount["name"].endswith("config"))
    assert "subPath" not in mount
    assert f"SLUICE_CONFIG={mount['mountPath']}/sluice.yaml" in (FOLDER.parents[1] / "Dockerfile").read_text()


def test_labels_select_the_pods_of_the_gateway() -> None:
    labels = one("gateway.yaml", "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        *(each["spec"]["selector"] for each in manifests("gateway.yaml") if each["kind"] == "Service"),
        *(one("gateway.yaml", kind)["spec"]["selector"]["matchLabels"] for kind in ("StatefulSet", "PodDisruptionBudget")),
        one("gateway.yaml", "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector == labels for selector in selectors)
