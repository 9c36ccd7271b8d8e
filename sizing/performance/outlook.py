"""How the chosen nodes serve the load: times, rates, money and energy, from the simulation."""

from __future__ import annotations

from sizing.candidates import Candidate
from sizing.load import LONGEST, Lengths, Load
from sizing.performance.energy import HOST_SHARE, PUE, MeanStep, busy_share, energy
from sizing.performance.factors import spread
from sizing.performance.load_options import load_of_request
from sizing.performance.money import token_cost
from sizing.performance.records import CapacityBand, Milliseconds, ServedLoad
from sizing.performance.replica import Setup
from sizing.performance.screen import HIGHEST_SHARE
from sizing.performance.simulation import Simulated, Spread
from sizing.performance.speculation import Speculating
from sizing.performance.step import StepModel
from sizing.performance.trial import SEED, Served
from sizing.plan import Cost
from sizing.request import Request

_MS_DIGITS, _RATE_DIGITS = 2, 3
_FAMILY = "vllm"


def served_load(request: Request, best: Candidate, served: Served, cost: Cost) -> ServedLoad:
    """The load on the best candidate's copies."""
    load, seen = load_of_request(request), served.trial.simulated
    rate, copies, highest = load.requests_per_second, served.copies, served.highest
    output, total = rate * load.output_tokens, rate * load.tokens
    placement, more = best.placement, highest / rate
    found = spread(_FAMILY)
    return ServedLoad(
        requests_per_second=rate,
        requests_per_second_per_replica=round(rate / copies, _RATE_DIGITS),
        capacity_requests_per_second=round(highest, _RATE_DIGITS),
        output_tokens_per_s=round(output, 1),
        total_tokens_per_s=round(total, 1),
        output_tokens_per_s_per_replica=round(output / copies, 1),
        ttft_ms=_milliseconds(seen.ttft),
        tpot_ms=_milliseconds(seen.tpot) if seen.tpot else None,
        latency_ms=_milliseconds(seen.latency),
        utilization=round(seen.utilization, 3),
        running=round(seen.running / served.trial.simulated_copies * copies, 2),
        queued=round(seen.queued / served.trial.simulated_copies * copies, 2),
        kv_cache_use=round(seen.kv_use, 4),
        cost_at_load=token_cost(cost, output, total),
        cost_at_capacity=token_cost(cost, output * more, total * more),
        energy=energy(
            placement.gpu,
            best.nodes,
            placement.node_gpus,
            placement.layout.gpus * copies,
            _power_share(load, served),
            seen.utilization,
            output,
            total,
        ),
        simulated_requests=seen.requests,
        simulated_replicas=served.trial.simulated_copies,
        seed=SEED,
        error_band=CapacityBand(
            requests_per_second_low=round(highest * found.low, _RATE_DIGITS),
            requests_per_second_high=round(highest * found.high, _RATE_DIGITS),
            basis=f"80% of {found.cases} measurements of {found.models} models on {_FAMILY}",
        ),
        assumptions=tuple(_assumptions(load, seen)),
    )


def _milliseconds(spread: Spread) -> Milliseconds:
    values = (spread.mean, spread.p50, spread.p90, spread.p95, spread.p99)
    mean, p50, p90, p95, p99 = (round(seconds * 1000, _MS_DIGITS) for seconds in values)
    return Milliseconds(mean=mean, p50=p50, p90=p90, p95=p95, p99=p99)


def _power_share(load: Load, served: Served) -> float:
    """What a GPU draws of its TDP in the average step of the simulation."""
    setup, seen = served.setup, served.trial.simulated
    model = _step_model(setup)
    computed = load.prompt_tokens * (1 - load.prefix_cache_hit_rate)
    attended = load.prompt_tokens - computed / 2
    if seen.tpot is None:
        return busy_share(model, MeanStep(computed, computed * attended, 0.0, 0.0))
    seconds = seen.tpot.mean * setup.tokens_per_step
    running = seen.running / served.trial.simulated_copies / seen.utilization
    prompts = load.requests_per_second / served.copies * computed * seconds / seen.utilization
    context = running * (load.prompt_tokens + load.output_tokens / 2)
    checked = running * (1 + setup.drafted)
    return busy_share(model, MeanStep(prompts, prompts * attended, checked, context), seconds)


def _step_model(setup: Setup) -> StepModel:
    step = setup.step.step if isinstance(setup.step, Speculating) else setup.step
    assert isinstance(step, StepModel)
    return step


def _assumptions(load: Load, seen: Simulated) -> list[str]:
    varied = "all of the same lengths"
    if load.lengths is Lengths.LOGNORMAL:
        varied = (
            "of lognormal lengths (standard deviation as large as the mean, cut at "
            f"{LONGEST} times the mean)"
        )
    said = [
        f"requests arrive at random (Poisson), {varied}; {seen.requests:,} were simulated",
        "the load balancer gives each to the copy with the fewest unanswered ones",
        "a request starts when the cache has room for its prompt and its whole answer",
        f"a copy is given at most {HIGHEST_SHARE:.0%} of what it carries on average",
        "alternatives are judged by means alone, which a simulation may not confirm",
    ]
    if load.prefix_cache_hit_rate:
        said.append(f"{load.prefix_cache_hit_rate:.0%} of prompt tokens are in the cache already")
    if load.speculative:
        drafts = load.speculative
        said.append(
            f"{drafts.tokens} tokens are drafted a step and accepted with {drafts.acceptance:.0%} "
            f"each, {drafts.tokens_per_step:.2f} tokens a step by (1-a^(k+1))/(1-a); the plan's "
            "engine is not started with a drafter and its memory is not counted"
        )
    said.append(
        f"power: beside each GPU {HOST_SHARE:.0%} of its TDP for the rest of the node, times a PUE "
        f"of {PUE:g}"
    )
    return said
