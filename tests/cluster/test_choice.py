"""Which files and container the nodes serve, or the one line that says why they cannot."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.choice import choose_serving
from cluster.identity import Identity
from cluster.serving import Executor, Serving, WeightSource
from sizing.checkpoint import Checkpoint
from sizing.errors import InputError
from sizing.planner import plan_for
from sizing.stack_config import StackConfig
from tests.cluster.plans import plan_405b

IDENTITY = Identity("gpu-sizing", "prod", "llm", "us-east-1")
OPEN = Checkpoint(repository="org/open-model", gated=False)
GATED = Checkpoint(repository="org/gated-model", gated=True)


def choose(
    checkpoint: Checkpoint | None = OPEN, secrets: tuple[str, ...] = (), **serving: Any
) -> Serving | None:
    plan = plan_405b().model_copy(update={"checkpoint": checkpoint})
    config = StackConfig.from_mapping({"model": "llama-3.1-405b", "serving": serving})
    return choose_serving(plan, config, IDENTITY, secrets)


def chosen(checkpoint: Checkpoint | None = OPEN, **options: Any) -> Serving:
    found = choose(checkpoint, **options)
    assert found is not None
    return found


def test_the_plans_own_checkpoint_is_served_by_its_name() -> None:
    found = chosen()
    assert found.weights.source is WeightSource.HUGGING_FACE
    assert found.weights.location == found.served_name == "org/open-model"
    assert found.executor is Executor.MP
    assert (found.token_secret, found.api_key_secret) == (None, None)
    assert "0.33" in found.image


def test_nodes_alone_need_no_files() -> None:
    assert choose(None, enabled=False) is None


def test_without_known_files_the_error_offers_nodes_alone() -> None:
    with pytest.raises(InputError, match=r"serving\.enabled: false") as caught:
        choose(None)
    assert caught.value.key == "serving.checkpoint"
    assert "llama-3.1-405b at bf16" in caught.value.message


@pytest.mark.parametrize(
    ("text", "source", "location", "revision"),
    [
        ("me/mine", WeightSource.HUGGING_FACE, "me/mine", None),
        ("me/mine@v1.2", WeightSource.HUGGING_FACE, "me/mine", "v1.2"),
        ("s3://models/llama/", WeightSource.S3, "s3://models/llama", None),
    ],
)
def test_a_named_checkpoint_wins(
    text: str, source: WeightSource, location: str, revision: str | None
) -> None:
    weights = named(text).weights
    assert (weights.source, weights.location, weights.revision) == (source, location, revision)


@pytest.mark.parametrize("text", ["mine", "s3://", "s3://B_ad/x", "https://hf.co/me/mine", "a b/c"])
def test_a_checkpoint_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        named(text)
    assert caught.value.key == "serving.checkpoint"


def test_a_gated_model_needs_a_token_and_says_how() -> None:
    with pytest.raises(InputError, match="pulumi config set --secret huggingFaceToken") as caught:
        choose(GATED)
    assert caught.value.key == "huggingFaceToken"
    assert "org/gated-model" in caught.value.message


@pytest.mark.parametrize(
    ("options", "secret"),
    [
        (
            {"secrets": ("huggingFaceToken",)},
            "gpu-sizing/gpu-sizing/prod/llm/hugging-face-token",
        ),
        ({"hugging_face_token_secret": "team/hf"}, "team/hf"),
    ],
)
def test_either_kind_of_token_opens_a_gated_model(options: dict[str, Any], secret: str) -> None:
    assert chosen(GATED, **options).token_secret == secret


def test_weights_from_s3_need_no_token() -> None:
    found = named("s3://models/llama")
    assert found.token_secret is None
    assert found.served_name == "meta-llama/Llama-3.1-405B-Instruct"


def test_two_tokens_contradict_each_other() -> None:
    with pytest.raises(InputError) as caught:
        choose(GATED, ("huggingFaceToken",), hugging_face_token_secret="team/hf")
    assert caught.value.key == "serving.huggingFaceTokenSecret"


def test_quantisation_while_loading_belongs_to_the_plans_own_files() -> None:
    online = OPEN.model_copy(update={"quantization": "fp8_per_tensor"})
    assert chosen(online).quantization == "fp8_per_tensor"
    assert named("me/mine").quantization is None


@pytest.mark.parametrize(
    ("options", "key", "nearest"),
    [
        ({"executor": "rey"}, "serving.executor", "ray"),
        ({"image": "vllm/vllm-openai:latest"}, "serving.image", "vllm/vllm-openai:v0.33.0"),
        ({"image": "vllm/vllm-openai:v0.32.0"}, "serving.image", "vllm/vllm-openai:v0.33.0"),
        ({"api_key_secret": "a secret!"}, "serving.apiKeySecret", None),
    ],
)
def test_refused(options: dict[str, Any], key: str, nearest: str | None) -> None:
    with pytest.raises(InputError) as caught:
        choose(**options)
    assert (caught.value.key, caught.value.nearest) == (key, nearest)


def named(text: str) -> Serving:
    """What is served where the stack itself names the files."""
    config = StackConfig.from_mapping(
        {"model": "llama-3.1-405b", "precision": "bf16", "serving": {"checkpoint": text}}
    )
    found = choose_serving(plan_for(config), config, IDENTITY, ())
    assert found is not None
    return found
