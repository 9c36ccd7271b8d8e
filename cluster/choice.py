"""From a plan and a stack's words to what the nodes serve, or the reason why they cannot."""

from __future__ import annotations

import re
from collections.abc import Collection

from cluster.boot import container_image
from cluster.identity import Identity
from cluster.serving import Executor, Serving, Weights, WeightSource
from sizing.errors import InputError, unknown_name
from sizing.plan import Plan
from sizing.stack_config import API_KEY_KEY, TOKEN_KEY, StackConfig

CHECKPOINT_KEY = "serving.checkpoint"
TOKEN_SECRET_KEY, API_KEY_SECRET_KEY = "serving.huggingFaceTokenSecret", "serving.apiKeySecret"
# The kinds of secrets that a stack may bring, by config key; the kind names the secret in AWS.
SECRET_KINDS = {TOKEN_KEY: "hugging-face-token", API_KEY_KEY: "api-key"}
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.!*'()@=+-]+)*/?")
_SECRET_NAME = re.compile(
    r"(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[\w/+=.@-]{1,512}"
)


def choose_serving(
    plan: Plan, config: StackConfig, identity: Identity, secrets: Collection[str]
) -> Serving | None:
    """What the nodes serve; None where the stack wants nodes alone.

    `secrets` are the config keys of the secrets that the stack itself brings. Raises InputError
    where no files are known for the plan's precision, or a gated model comes without a token.
    """
    wanted = config.serving
    if not config.serves:
        return None
    weights, files = _weights(plan), plan.checkpoint
    hub = weights.source is WeightSource.HUGGING_FACE
    token_name = wanted.hugging_face_token_secret
    token = _secret(TOKEN_KEY, TOKEN_SECRET_KEY, token_name, identity, secrets)
    if hub and files and files.gated and token is None:
        raise _token_needed(weights.location)
    return Serving(
        image=container_image(plan.engine, wanted.image),
        weights=weights,
        served_name=weights.location if hub else plan.hf_id or plan.model,
        executor=_executor(wanted.executor),
        quantization=files.quantization if files else None,
        token_secret=token if hub else None,
        api_key_secret=_secret(
            API_KEY_KEY, API_KEY_SECRET_KEY, wanted.api_key_secret, identity, secrets
        ),
    )


def _weights(plan: Plan) -> Weights:
    found = plan.checkpoint
    if found is None:
        allowed = (
            f"the files of {plan.model} at {plan.precision}, of which none are known: a Hugging "
            "Face id or s3://bucket/folder; or `serving.enabled: false` for nodes alone"
        )
        raise InputError(CHECKPOINT_KEY, None, allowed)
    if not found.in_s3:
        return Weights(WeightSource.HUGGING_FACE, found.repository, found.revision)
    if not _S3.fullmatch(found.repository):
        raise InputError(CHECKPOINT_KEY, found.repository, "s3://bucket/folder")
    return Weights(WeightSource.S3, found.repository.rstrip("/"))


def _secret(
    key: str, name_key: str, name: str, identity: Identity, secrets: Collection[str]
) -> str | None:
    """Where a secret lies in Secrets Manager: the stack's own, or an existing one."""
    if not name:
        return identity.secret_name(SECRET_KINDS[key]) if key in secrets else None
    if key in secrets:
        raise InputError(name_key, name, f"nothing, as the stack brings its own {key}")
    if not _SECRET_NAME.fullmatch(name):
        raise InputError(name_key, name, "the name or the ARN of a secret in Secrets Manager")
    return name


def _token_needed(repository: str) -> InputError:
    allowed = (
        f"a token for {repository}, which is gated: `pulumi config set --secret {TOKEN_KEY} hf_...`"
        f" or {TOKEN_SECRET_KEY}; weights from S3 ({CHECKPOINT_KEY}: s3://...) need none"
    )
    return InputError(TOKEN_KEY, None, allowed)


def _executor(text: str) -> Executor:
    try:
        return Executor(text.strip().lower())
    except ValueError:
        raise unknown_name("serving.executor", text, [e.value for e in Executor]) from None
