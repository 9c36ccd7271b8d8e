"""Which container image holds which engine version, and what else is in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sizing.errors import InputError

_KEY = "serving.image"


@dataclass(frozen=True, slots=True)
class ImageFamily:
    """A line of images that hold vLLM, by the end of the repository's name.

    `efa` is libfabric with NCCL's EFA plug-in, `streamer` the Run:ai streamer that reads S3, `ray`
    the Ray executor.
    """

    repository: str
    efa: bool
    streamer: bool
    ray: bool


# The project's own image. Its Dockerfile lists the streamer (docker/Dockerfile, openai server
# extras, mid 2026) and nothing of EFA; Ray left it with 0.19 (kubernetes-sigs/lws#835).
UPSTREAM = ImageFamily("vllm/vllm-openai", efa=False, streamer=True, ray=False)
# AWS's Deep Learning Containers: the same image with the EFA installer run in it (tags `0.x-...`;
# docker/vllm/Dockerfile of aws/deep-learning-containers), or one from source (`server-cuda-...`).
AWS = ImageFamily("deep-learning-containers/vllm", efa=True, streamer=True, ray=False)
# Of an image that somebody else made nothing is known: S3 is then copied, which any image can.
_OTHER = ImageFamily("", efa=True, streamer=False, ray=True)

_PUBLIC_ECR = "public.ecr.aws/deep-learning-containers/vllm"
# By engine version, read 2026-11-24. AWS's tags stand in docs/src/data/vllm of its repository;
# the newest there is 0.31. For 0.33 none is documented yet: upstream tags every release vX.Y.Z.
_IMAGES = {
    "0.30": f"{_PUBLIC_ECR}:0.30.0-gpu-py312-cu130-ubuntu24.04-ec2",
    "0.31": f"{_PUBLIC_ECR}:0.31.0-gpu-py312-cu130-ubuntu24.04-ec2",
    "0.33": "vllm/vllm-openai:v0.33.0",
}
_REFERENCE = re.compile(
    r"(?P<name>[a-z0-9][a-zA-Z0-9.:_-]*(?:/[a-z0-9][a-z0-9._-]*)*?)"
    r"(?::(?P<tag>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}))?"
    r"(?P<digest>@sha256:[0-9a-f]{64})?"
)
_VERSION_IN_TAG = re.compile(r"(?<![0-9.])0\.(\d+)")


def container_image(engine: str, override: str) -> str:
    """The image to run for a plan's engine ("vllm:0.33"), or `override` where that is given.

    Raises InputError for an image that is not pinned by a tag, that holds another version of the
    engine, or whose version cannot be seen (no version in the tag and no digest).
    """
    version = engine.partition(":")[2]
    known = _IMAGES.get(version)
    if override:
        return _checked(override, version, known)
    if known is None:
        raise InputError(_KEY, None, f"an image that holds vLLM {version}, with its tag")
    return known


def image_family(reference: str) -> ImageFamily:
    """What is known to be in an image. A mirror keeps the end of the repository's name."""
    name = _parts(reference)[0]
    return next((f for f in (UPSTREAM, AWS) if name.endswith(f.repository)), _OTHER)


def lacks_efa(reference: str) -> bool:
    """Whether NCCL is known to have no EFA in that image, so that nodes talk over TCP."""
    return not image_family(reference).efa


def _checked(reference: str, version: str, known: str | None) -> str:
    allowed = f"an image pinned by a tag with vLLM {version} in it, or by a tag and a digest"
    name, tag, digest = _parts(reference)
    if not name or not tag or tag == "latest":
        raise InputError(_KEY, reference, allowed, known)
    versions = {f"0.{minor}" for minor in _VERSION_IN_TAG.findall(tag)}
    if versions - {version} or not (versions or digest):
        raise InputError(_KEY, reference, allowed, known)
    return reference


def _parts(reference: str) -> tuple[str, str, str]:
    """Name, tag and digest; empty where there is none, all empty for what is no reference."""
    found = _REFERENCE.fullmatch(reference)
    return (found["name"], found["tag"] or "", found["digest"] or "") if found else ("", "", "")
