"""Deployments that the tests of rates and latencies share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sizing.performance.question import Question, make_question
from sizing.performance.step import StepModel, step_model

Model = Callable[..., StepModel]


def model_of(question: Question) -> StepModel:
    """The step model of a question's deployment."""
    d = question.deployment
    return step_model(d.spec, d.precision, d.kv_dtype, d.layout, d.gpu, question.server)


@pytest.fixture
def step() -> Model:
    """A step model from a model's and a GPU's name, with the options of `sizing perf`."""

    def make(name: str, gpu: str = "H100", **options: object) -> StepModel:
        return model_of(make_question(name, gpu, 100, 100, **options))  # pyright: ignore[reportArgumentType]

    return make
