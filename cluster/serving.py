"""What the nodes serve: files, container, secrets. Chosen before AWS is asked for anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

API_PORT = 8000


class Executor(StrEnum):
    """How the ranks of a replica that spans nodes are run: vLLM's own multi-node mode, or Ray."""

    MP = "mp"
    RAY = "ray"


class WeightSource(StrEnum):
    """Where the files come from."""

    HUGGING_FACE = "hugging-face"
    S3 = "s3"


@dataclass(frozen=True, slots=True)
class Weights:
    """The model's files: a Hugging Face repository (with a revision) or an `s3://` folder."""

    source: WeightSource
    location: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """What every node of a cluster runs.

    `quantization` is set only where the engine itself quantises while it loads; `token_secret` and
    `api_key_secret` are names or ARNs in Secrets Manager, never the secrets. `served_name` is what
    clients put into `model`.
    """

    image: str
    weights: Weights
    served_name: str
    executor: Executor = Executor.MP
    quantization: str | None = None
    token_secret: str | None = None
    api_key_secret: str | None = None
    port: int = API_PORT

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that nodes read, by name or ARN."""
        return tuple(name for name in (self.token_secret, self.api_key_secret) if name)
