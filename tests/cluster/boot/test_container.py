"""Which image runs: pinned, and of the plan's engine version."""

from __future__ import annotations

import pytest

from cluster.boot import container_image, lacks_efa
from sizing.engine import DEFAULT_ENGINE
from sizing.errors import InputError

DIGEST = "@sha256:" + "0123456789abcdef" * 4


def test_the_default_engine_has_an_image() -> None:
    assert container_image(DEFAULT_ENGINE, "") == "vllm/vllm-openai:v0.33.0"


def test_an_engine_without_a_known_image_needs_one() -> None:
    with pytest.raises(InputError, match=r"serving\.image: is missing.*vLLM 0\.19"):
        container_image("vllm:0.19", "")
    own = "example.com/vllm:v0.19.1"
    assert container_image("vllm:0.19", own) == own


@pytest.mark.parametrize(
    "reference",
    [
        "vllm/vllm-openai:v0.33.0",
        "vllm/vllm-openai:v0.33.1-cu129",
        "vllm/vllm-openai:v0.33.0" + DIGEST,
        "example.com:5000/team/vllm:0.33-patched",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm:0.33.0-gpu-py312-cu130-ubuntu24.04-ec2",
        "public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.9" + DIGEST,
    ],
)
def test_a_pinned_image_of_the_same_version_is_taken(reference: str) -> None:
    assert container_image("vllm:0.33", reference) == reference


@pytest.mark.parametrize(
    "reference",
    [
        "vllm/vllm-openai",
        "vllm/vllm-openai:latest",
        "vllm/vllm-openai" + DIGEST,
        "vllm/vllm-openai:latest" + DIGEST,
        "vllm/vllm-openai:v0.31.0",
        "vllm/vllm-openai:v0.3.3",
        "vllm/vllm-openai:v0.31.0" + DIGEST,
        "public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.9",
        "vllm/vllm-openai:v0.33.0@sha256:abc",
        "not an image:v0.33.0",
        "example.com:5000/vllm",
    ],
)
def test_any_other_image_is_refused_with_the_nearest_good_one(reference: str) -> None:
    with pytest.raises(InputError) as refused:
        container_image("vllm:0.33", reference)
    assert refused.value.key == "serving.image"
    assert refused.value.nearest == "vllm/vllm-openai:v0.33.0"


def test_what_is_known_of_efa() -> None:
    assert lacks_efa(container_image("vllm:0.33", ""))
    assert not lacks_efa(container_image("vllm:0.31", ""))
