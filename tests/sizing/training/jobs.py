"""Training runs for the tests, and what they take."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sizing.training.answer import TrainingFit, train
from sizing.training.framework import FRAMEWORKS
from sizing.training.job import Job
from sizing.training.make import make_job
from sizing.training.memory import training_memory
from sizing.training.parts import Parts

GIB = 2**30
MODELS = ("llama-3.2-1b", "llama-3.1-8b", "gpt-oss-20b", "deepseek-v2-lite")
METHODS = ("full", "lora", "qlora")


def job(**options: Any) -> Job:
    """A run of llama-3.1-8b, full, on eight H100 where nothing else is said."""
    asked: dict[str, Any] = {
        "model": "llama-3.1-8b",
        "method": "full",
        "gpu": "H100",
        "gpus": 8,
        **options,
    }
    first = [asked.pop(key) for key in ("model", "method", "gpu", "gpus")]
    return make_job(*first, **asked)


def parts(**options: Any) -> Parts:
    """Bytes of the worst rank at its worst moment."""
    return training_memory(job(**options))[0].parts


def peak(**options: Any) -> float:
    """GiB of the worst rank at its worst moment."""
    return parts(**options).total / GIB


def answer(**options: Any) -> TrainingFit:
    """The verdict on a run."""
    return train(job(**options))


def settings() -> st.SearchStrategy[dict[str, Any]]:
    """Runs of any framework, method and model that differ in lengths and layout."""
    return st.fixed_dictionaries(
        {
            "framework": st.sampled_from(sorted(FRAMEWORKS)),
            "model": st.sampled_from(MODELS),
            "method": st.sampled_from(METHODS),
            "checkpointing": st.sampled_from(("none", "selective", "full")),
            "sharding": st.sampled_from(("none", "zero1", "zero2", "zero3", "fsdp")),
            "seq_len": st.sampled_from((256, 1024, 4096, 8192)),
            "micro_batch": st.integers(1, 4),
            "micro_batches": st.integers(1, 4),
            "gpus": st.sampled_from((1, 2, 4, 8, 16)),
            "fused": st.booleans(),
        }
    )
