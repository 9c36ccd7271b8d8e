"""The files that serve a model at one precision."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Checkpoint(BaseModel):
    """A Hugging Face repository whose weights are stored at the plan's precision.

    `quantization` is vLLM's `--quantization` where the engine makes the precision from these files
    while it loads them, None where the files hold it already. `gated` says that the repository
    demands an accepted licence and a token; None where that is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str
    revision: str | None = None
    gated: bool | None = None
    quantization: str | None = None
    source: str = ""
    as_of: str | None = None

    @property
    def in_s3(self) -> bool:
        """Whether a user named an `s3://` folder in place of a repository."""
        return self.repository.startswith("s3://")
