"""The manifests in `deploy/`, held against the schemas of all that would read them; no cluster is needed."""

from __future__ import annotations

import re
import shlex
import tomllib
from copy import deepcopy
from importlib.metadata import requires
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import kubernetes_validate
import pytest
import yaml
from manifests import DEPLOY, FILES, KUBERNETES, Document, cluster, containers, documents, everywhere, one, pods, served
from manifests import validate as check
from packaging.requirements import Requirement
from ray.autoscaler._private.kuberay import autoscaling_config

from arena.errors import ConfigError
from arena.experiment import Experiment, read
from arena.local import weights

ALL = documents()
PODS = [pod for document in ALL for pod in pods(document)]
CONTAINERS = [container for pod in PODS for container in containers(pod)]
KEYLIKE = re.compile(
    r"\b(sk|hf|ghp|AKIA|xox[bp])[-_][A-Za-z0-9]{8,}|://[^/\s:@<]+:[^/\s@]+@|\b[0-9a-f]{32,}\b|[A-Za-z0-9+/]{40,}={0,2}"
)


def job() -> Document:
    return deepcopy(one("RayJob", "arena-run"))


def service() -> Document:
    return deepcopy(one("RayService", "models"))


def study(text: str | None = None) -> Experiment:
    return read(tomllib.loads(text or one("ConfigMap", "arena-study")["data"]["study.toml"]), Path("/study/study.toml"))


def inlined(document: Any) -> list[str]:
    """Variables that read like secrets and have their value beside them."""
    secret = re.compile("KEY|TOKEN|PASSWORD|SECRET|ARENA_DB")
    return [
        table["name"] for table in everywhere(document) if secret.search(str(table.get("name"))) and "value" in table
    ]


def unpinned(images: list[str]) -> list[str]:
    return [image for image in images if not re.search(r":[^:/]*\d+\.\d+|:[^:/]*b\d{4,}", image)]


def unbounded(all_of: list[Document]) -> list[str]:
    """Containers that lack a request or a limit of CPU or memory."""
    wanted = [(part, name) for part in ("requests", "limits") for name in ("cpu", "memory")]
    return [c["name"] for c in all_of if any(name not in c.get("resources", {}).get(part, {}) for part, name in wanted)]


def offered(ray: Document) -> dict[str, dict[str, Any]]:
    """The node types of a cluster as Ray's own autoscaler reads them."""
    found: dict[str, dict[str, Any]] = autoscaling_config._generate_available_node_types_from_ray_cr_spec(ray)
    return found


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_document_is_one_that_kubernetes_and_kuberay_accept(file: Path, kubernetes: str) -> None:
    for document in documents(file.name):
        check(document, kubernetes)


def test_a_misspelt_field_of_a_core_kind_is_refused() -> None:
    document = deepcopy(one("Deployment", "llama-cpp"))
    document["spec"]["replicsa"] = document["spec"].pop("replicas")
    with pytest.raises(kubernetes_validate.ValidationError, match="replicsa"):
        check(document)


@pytest.mark.parametrize("where", ["headGroupSpec", "workerGroupSpecs", "submitterPodTemplate"])
def test_a_misspelt_field_in_a_pod_of_a_job_is_refused(where: str) -> None:
    document = job()
    place = {**document["spec"], **document["spec"]["rayClusterSpec"]}[where]
    place = place[0] if isinstance(place, list) else place
    place.get("template", place)["spec"]["containers"][0]["envForm"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="envForm"):
        check(document)


def test_a_misspelt_field_of_the_autoscaler_is_refused() -> None:
    document = job()
    document["spec"]["rayClusterSpec"]["autoscalerOptions"]["securityContext"] = {"runAsNonroot": True}
    with pytest.raises(kubernetes_validate.ValidationError, match="runAsNonroot"):
        check(document)


def test_a_misspelt_field_of_a_job_or_its_cluster_is_refused() -> None:
    wrong, deep = job(), job()
    wrong["spec"]["shutdownAfterJobFinish"] = True
    deep["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]["minReplica"] = 1
    for document in (wrong, deep):
        with pytest.raises(jsonschema.ValidationError):
            check(document)


def test_a_misspelt_field_of_a_service_is_refused() -> None:
    document = service()
    document["spec"]["rayClusterSpec"] = document["spec"].pop("rayClusterConfig")
    with pytest.raises(jsonschema.ValidationError):
        check(document)


def test_ray_serve_reads_the_models_that_it_is_to_serve() -> None:
    (model,) = served(service()["spec"]["serveConfigV2"])
    assert model.model_id == "qwen2.5-7b-instruct"
    assert model.engine_kwargs["enable_prefix_caching"] and model.engine_kwargs["max_logprobs"] == 20


@pytest.mark.parametrize("word", ["import_path", "route_prefix", "engine_kwargs", "model_source", "min_replicas", "L4"])
def test_a_misspelt_word_of_the_serve_config_is_refused(word: str) -> None:
    text = service()["spec"]["serveConfigV2"]
    assert word in text
    with pytest.raises(ValueError):
        served(text.replace(word, f"{word}x"))


def test_the_study_is_one_that_the_arena_plays() -> None:
    experiment = study()
    assert next(experiment.matches())
    with pytest.raises(ConfigError, match="protocls"):
        study(one("ConfigMap", "arena-study")["data"]["study.toml"].replace("protocols", "protocls"))


def test_the_job_runs_the_study_where_it_is_mounted() -> None:
    command = shlex.split(job()["spec"]["entrypoint"])
    pod = job()["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    (mount,) = pod["containers"][0]["volumeMounts"]
    (volume,) = pod["volumes"]
    (key,) = one("ConfigMap", volume["configMap"]["name"])["data"]
    assert command == ["arena", "run", f"{mount['mountPath']}/{key}", "--address", "auto"]
    assert job()["spec"]["jobId"] == study().name


def test_the_study_asks_the_servers_that_the_manifests_start() -> None:
    (strong,) = served(service()["spec"]["serveConfigV2"])
    arguments = one("Deployment", "llama-cpp")["spec"]["template"]["spec"]["containers"][0]["args"]
    port = one("Service", "llama-cpp")["spec"]["ports"][0]["port"]
    servers = {"models-serve-svc:8000": strong.model_id, f"llama-cpp:{port}": arguments[arguments.index("--alias") + 1]}
    asked = {urlsplit(p.base_url).netloc: p.model for p in study().providers()}  # type: ignore[attr-defined]
    assert asked == servers and service()["metadata"]["name"] == "models"


def test_the_workers_together_ask_no_more_at_a_time_than_the_small_server_has_slots() -> None:
    arguments = one("Deployment", "llama-cpp")["spec"]["template"]["spec"]["containers"][0]["args"]
    (weak,) = (p for p in study().providers() if p.model == arguments[arguments.index("--alias") + 1])
    assert weak.concurrency * study().workers.count <= int(arguments[arguments.index("--parallel") + 1])


def test_the_autoscaler_finds_room_for_the_workers_and_for_the_models() -> None:
    play = offered(job()["spec"]["rayClusterSpec"])["play"]
    assert study().workers.count <= play["max_workers"] * play["resources"]["CPU"]
    gpu = offered(service()["spec"]["rayClusterConfig"])["gpu"]
    (model,) = served(service()["spec"]["serveConfigV2"])
    most = model.deployment_config["autoscaling_config"]["max_replicas"]
    assert most <= gpu["max_workers"] * gpu["resources"]["GPU"]
    assert gpu["resources"][f"accelerator_type:{model.accelerator_type}"]


def test_the_weights_lie_where_the_server_looks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    pod = one("Deployment", "llama-cpp")["spec"]["template"]["spec"]
    (fetch,), (server,) = pod["initContainers"], pod["containers"]
    name = fetch["command"][-1]
    monkeypatch.setenv("ARENA_CACHE", fetch["env"][0]["value"])
    assert name in weights.CATALOGUE and fetch["env"][0]["name"] == "ARENA_CACHE"
    assert server["args"][:2] == ["--model", str(weights.folder() / f"{name}.gguf")]


def test_every_secret_is_referred_to_and_none_is_inlined() -> None:
    assert not [name for document in ALL for name in inlined(document)]
    assert {"ARENA_DB", "PGPASSWORD", "RAY_AUTH_TOKEN", "POSTGRES_PASSWORD"} <= {
        entry["name"] for c in CONTAINERS for entry in c.get("env", ()) if "secretKeyRef" in entry.get("valueFrom", {})
    }
    assert inlined({"env": [{"name": "OPENAI_API_KEY", "value": "abc"}]}) == ["OPENAI_API_KEY"]


def test_what_is_referred_to_is_in_the_example_and_nothing_else_is() -> None:
    example = {d["metadata"]["name"]: set(d["stringData"]) for d in documents("secrets.example.yaml")}
    asked: dict[str, set[str]] = {}
    for table in everywhere(ALL):
        for part in ("secretKeyRef", "secretRef"):
            if found := table.get(part):
                asked.setdefault(found["name"], set()).update(
                    [found["key"]] if "key" in found else example[found["name"]]
                )
        if "secretName" in table:
            asked.setdefault(table["secretName"], set()).add("auth_token")
    assert asked == example


def test_no_file_holds_what_looks_like_a_key() -> None:
    for file in DEPLOY.iterdir():
        assert not KEYLIKE.search(file.read_text()), file
    values = [value for d in documents("secrets.example.yaml") for value in d["stringData"].values()]
    assert all(re.fullmatch("<.+>", value) for value in values)
    assert KEYLIKE.search("sk-" + "a1" * 10) and KEYLIKE.search("postgresql://arena:secret@db/arena")
    assert [d["kind"] for d in ALL].count("Secret") == len(documents("secrets.example.yaml"))


def test_every_image_is_pinned() -> None:
    built = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert not unpinned([*built, *(container["image"] for container in CONTAINERS)])
    assert unpinned(["postgres", "postgres:latest", "registry:5000/arena", "postgres:17.7"]) == [
        "postgres",
        "postgres:latest",
        "registry:5000/arena",
    ]


def test_one_version_of_ray_everywhere() -> None:
    text = (DEPLOY / "Dockerfile").read_text() + (DEPLOY / "README.md").read_text()
    text += (DEPLOY.parent / "README.md").read_text()
    found = {ray["rayVersion"] for d in ALL if (ray := cluster(d))} | set(re.findall(r"RAY_VERSION=(\S+)", text))
    images = [container["image"] for container in CONTAINERS]
    found |= set(re.findall(r"(?:-ray|/ray-llm:)(\d+\.\d+\.\d+)", " ".join(images) + text))
    (only,) = found
    (wanted,) = (r for r in map(Requirement, requires("debate-arena") or ()) if r.name == "ray" and r.marker is None)
    assert only in wanted.specifier
    assert all(only in image for image in images if "ray" in image or "arena" in image)


def test_every_container_has_requests_and_limits() -> None:
    assert not unbounded(CONTAINERS)
    assert unbounded([{"name": "free", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}]) == ["free"]


def test_no_container_has_rights_or_a_host_path() -> None:
    for pod in PODS:
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] and security["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(pod):
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    host = {"hostPath", "hostNetwork", "hostPID", "hostIPC", "hostPort", "privileged"}
    assert not [host & set(table) for table in everywhere(ALL) if host & set(table)]


def test_only_the_driver_knows_the_database() -> None:
    ray = job()["spec"]["rayClusterSpec"]
    head, (worker,) = ray["headGroupSpec"]["template"], [g["template"] for g in ray["workerGroupSpecs"]]
    assert "arena-db" in yaml.safe_dump(head) and "arena-db" not in yaml.safe_dump(worker)


def test_ray_is_reached_with_a_token_alone_and_reports_nothing() -> None:
    wanted = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
    for document in (job(), service()):
        ray = cluster(document)
        assert ray and ray["authOptions"] == {"mode": "token", "secretName": "arena-ray-token"}
        for pod in pods(document):
            (container,) = containers(pod)
            plain = {entry["name"]: entry.get("value") for entry in container.get("env", ())}
            assert container["name"] == "autoscaler" or plain.items() >= wanted.items()
