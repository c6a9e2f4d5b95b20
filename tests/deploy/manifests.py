"""The manifests as the tests read them: their documents, pods and containers, and a validator for each part.

Kubernetes' own kinds go by Kubernetes' schemas, strictly. RayJob and RayService go by `kuberay.schema.json`, and what
in them is Kubernetes' (pod templates, the autoscaler's container) by Kubernetes' schemas again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml
from pydantic import BaseModel
from ray.llm._internal.serve.core.configs.llm_config import LLMConfig  # `ray.serve.llm` imports only beside vLLM
from ray.serve._private.config import DeploymentConfig
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import ServeApplicationSchema, ServeDeploySchema

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = sorted(DEPLOY.glob("*.yaml"))
KUBERNETES = ("1.31", "1.37")
"""The oldest and the newest version that the manifests are held against."""
_KUBERAY = json.loads((Path(__file__).parent / "kuberay.schema.json").read_text())
Document = dict[str, Any]


def documents(*names: str) -> list[Document]:
    """Every document of these files; of all where none is named."""
    files = [DEPLOY / name for name in names] or FILES
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


def one(kind: str, name: str) -> Document:
    """The one document of this kind and name."""
    (found,) = (d for d in documents() if (d["kind"], d["metadata"]["name"]) == (kind, name))
    return found


def cluster(document: Document) -> Document | None:
    """The Ray cluster in a RayJob or RayService."""
    return next(
        (document["spec"][n] for n in ("rayClusterSpec", "rayClusterConfig") if n in document.get("spec", ())), None
    )


def pods(document: Document) -> list[Document]:
    """Every pod that comes of a document, as a Pod."""
    spec, ray = document.get("spec", {}), cluster(document)
    templates = [spec["template"]] if document["kind"] in {"Deployment", "StatefulSet"} else []
    if ray:
        templates = [group["template"] for group in (ray["headGroupSpec"], *ray.get("workerGroupSpecs", ()))]
        templates += [_autoscaler(ray)] if "autoscalerOptions" in ray else []
        templates += [spec["submitterPodTemplate"]] if "submitterPodTemplate" in spec else []
    return [{**template, "apiVersion": "v1", "kind": "Pod"} for template in templates]


def _autoscaler(ray: Document) -> Document:
    """The container that the operator adds to the head, in a pod of its own."""
    head = ray["headGroupSpec"]["template"]["spec"]
    parts = {"resources", "securityContext", "env", "envFrom", "volumeMounts"} & set(ray["autoscalerOptions"])
    container = {part: ray["autoscalerOptions"][part] for part in parts}
    container |= {"name": "autoscaler", "image": head["containers"][0]["image"]}
    return {"spec": {"containers": [container], "securityContext": head["securityContext"]}}


def containers(pod: Document) -> list[Document]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


def everywhere(value: Any) -> Iterator[Document]:
    """Every table in a document, at any depth."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everywhere(inner)


def validate(document: Document, version: str = KUBERNETES[-1]) -> None:
    """Raises jsonschema's ValidationError for a field that is unknown, missing or of the wrong kind."""
    if _ray(document):
        jsonschema.validate(document, _KUBERAY)
        for pod in pods(document):
            kubernetes_validate.validate(pod, version, strict=True)
    else:
        kubernetes_validate.validate(document, version, strict=True)


def served(text: str) -> list[LLMConfig]:
    """The models of a `serveConfigV2`. Raises ValueError (pydantic's among them) for what Ray Serve does not know.

    Serve lets unknown keys pass, so that old versions read new files; here they are faults.
    """
    config = yaml.safe_load(text)
    read = ServeDeploySchema.model_validate(config)
    _known(config, ServeDeploySchema)
    for application in config["applications"]:
        _known(application, ServeApplicationSchema)
    models = [LLMConfig.model_validate(m) for app in read.applications for m in app.args["llm_configs"]]
    for model in models:
        _known(model.deployment_config, DeploymentConfig)
        _known(model.deployment_config.get("autoscaling_config", {}), AutoscalingConfig)
    return models


def _known(given: Document, schema: type[BaseModel]) -> None:
    if unknown := set(given) - set(schema.model_fields):
        raise ValueError(f"unknown to {schema.__name__}: {sorted(unknown)}")


def _ray(document: Document) -> bool:
    return str(document["apiVersion"]).startswith("ray.io/")
