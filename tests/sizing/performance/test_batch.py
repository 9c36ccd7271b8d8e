"""Rates and latencies of a load: what a larger batch, a longer prompt or a full cache does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.performance.batch import Load, first_token_s, steady
from sizing.performance.burst import burst
from sizing.performance.question import Question, make_question
from tests.sizing.performance.conftest import model_of

ENGINES = ("vllm:0.11", "vllm:0.33", "sglang", "tensorrt-llm")
QUESTIONS = {
    engine: make_question("llama-3.1-8b", "H100", 1000, 500, engine=engine) for engine in ENGINES
}
MODELS = {engine: model_of(question) for engine, question in QUESTIONS.items()}


def of(engine: str) -> Question:
    return QUESTIONS[engine]


@given(
    engine=st.sampled_from(ENGINES),
    prompt=st.integers(1, 8000),
    output=st.integers(2, 2000),
    few=st.integers(1, 500),
    more=st.integers(1, 500),
)
def test_a_larger_batch_never_gives_less(
    engine: str, prompt: int, output: int, few: int, more: int
) -> None:
    """Up to what the cache holds: otherwise the planner would turn concurrency down."""
    model, server = MODELS[engine], of(engine).server
    rates = [
        steady(model, server, 0.002, Load(prompt, output, n, 1000)).output_tokens_per_s
        for n in (few, few + more)
    ]
    assert rates[1] >= rates[0] * 0.97


@given(engine=st.sampled_from(ENGINES), prompt=st.integers(1, 60000), more=st.integers(1, 60000))
def test_a_longer_prompt_never_starts_sooner(engine: str, prompt: int, more: int) -> None:
    model, server = MODELS[engine], of(engine).server
    first = first_token_s(model, server, 0.002, prompt)
    assert first_token_s(model, server, 0.002, prompt + more) >= first


@pytest.mark.parametrize("engine", ENGINES)
def test_one_request_is_its_prompt_and_its_tokens(engine: str) -> None:
    model, server = MODELS[engine], of(engine).server
    found = steady(model, server, 0.0, Load(1000, 500, 1, 100))
    prompt = model.seconds(1000, 1000 * 1001 / 2, 0, 0)
    token = model.seconds(0, 0, 1, 1250)
    assert 500 / found.output_tokens_per_s == pytest.approx(prompt + 499 * token, rel=0.02)
    assert found.ttft_s == pytest.approx(prompt, rel=0.05)
    assert found.tpot_s == pytest.approx(token, rel=0.02)


@pytest.mark.parametrize("engine", ENGINES)
def test_requests_beyond_the_cache_wait(engine: str) -> None:
    """The rate stays, the first token comes later by the queue: Little's law."""
    model, server = MODELS[engine], of(engine).server
    fits, waits = (steady(model, server, 0.0, Load(1000, 500, n, 100)) for n in (100, 300))
    assert waits.output_tokens_per_s == pytest.approx(fits.output_tokens_per_s)
    queued = 200 / (fits.output_tokens_per_s / 500)
    assert waits.ttft_s - fits.ttft_s == pytest.approx(queued)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_more_requests_start_than_the_front_end_takes_in(engine: str) -> None:
    model, server = MODELS[engine], of(engine).server
    found = steady(model, server, 0.5, Load(10, 2, 64, 1000))
    assert found.output_tokens_per_s <= 2 / 0.5 * 1.001


@pytest.mark.parametrize("engine", ENGINES)
def test_a_burst_of_one_is_one_request(engine: str) -> None:
    model, server = MODELS[engine], of(engine).server
    one = burst(model, server, 0.0, Load(1000, 500, 1, 100))
    kept = steady(model, server, 0.0, Load(1000, 500, 1, 100))
    assert one.output_tokens_per_s == pytest.approx(kept.output_tokens_per_s, rel=0.03)
    assert one.tpot_s == pytest.approx(kept.tpot_s, rel=0.03)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_long_burst_nears_the_steady_state(engine: str) -> None:
    model, server = MODELS[engine], of(engine).server
    load = Load(1000, 500, 20000, 200)
    rates = (
        burst(model, server, 0.0, load).output_tokens_per_s,
        steady(model, server, 0.0, load).output_tokens_per_s,
    )
    assert rates[0] == pytest.approx(rates[1], rel=0.12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tail_of_long_answers_costs_throughput(engine: str) -> None:
    model, server = MODELS[engine], of(engine).server
    load = Load(200, 200, 1000, 512)
    alike = burst(model, server, 0.002, load)
    varied = burst(model, server, 0.002, load, spread=True)
    assert varied.output_tokens_per_s < alike.output_tokens_per_s


def test_prompts_first_makes_running_requests_wait() -> None:
    """SGLang computes prompts alone, so that a mixed load lengthens the time between tokens."""
    model, server = MODELS["sglang"], of("sglang").server
    decode = model.seconds(0, 0, 64, 64 * 2250)
    found = steady(model, server, 0.0, Load(2000, 500, 64, 1000))
    assert found.tpot_s > 1.1 * decode


@given(requests=st.integers(1, 3000), held=st.integers(1, 600), spread=st.booleans())
def test_a_burst_serves_every_token_once(requests: int, held: int, spread: bool) -> None:
    model, server = MODELS["vllm:0.11"], of("vllm:0.11").server
    found = burst(model, server, 0.001, Load(100, 50, requests, held), spread=spread)
    seconds = requests * 50 / found.output_tokens_per_s
    assert seconds > requests * 0.001
    assert found.ttft_s < seconds
    assert found.total_tokens_per_s == pytest.approx(3 * found.output_tokens_per_s)
    assert 0 < found.tpot_s * 49 <= seconds
