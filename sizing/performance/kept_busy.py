"""How a plan's nodes serve a number of sequences at once: clients that ask again when answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sizing.catalog.gpus import gpu
from sizing.performance.batch import Load, StepKind, generation, steady
from sizing.performance.capacity import capacity
from sizing.performance.energy import MeanStep, busy_share, energy
from sizing.performance.engines import make_server
from sizing.performance.factors import efficiency
from sizing.performance.money import token_cost
from sizing.performance.records import Energy, TokenCost
from sizing.performance.step import step_model
from sizing.plan import Method, Plan
from sizing.request import Request

_FAMILY = "vllm"
_TIMED = {"bf16", "fp16"}


@dataclass(frozen=True, slots=True)
class KeptBusy:
    """Means over all nodes. Prompts have `prompt_tokens`, answers `output_tokens`: half the context
    each, since a number of sequences says nothing of it."""

    prompt_tokens: int
    output_tokens: int
    output_tokens_per_s: float
    ttft_ms: float
    tpot_ms: float
    cost: TokenCost
    energy: Energy


def kept_busy(request: Request, plan: Plan) -> KeptBusy | None:
    """The plan's concurrency, spread evenly over its copies; None where the GPU's speed is not
    known, by the rule of thumb, and where the context has no room for a prompt and an answer.

    The plan must answer `request`, whose precisions hold the plan's.
    """
    card, context = gpu(plan.gpu), plan.workload.context
    timed = card.dense_tflops.keys() & _TIMED and plan.method is Method.ENGINE
    if not timed or context < 2:
        return None
    precision = next(p for p in request.precisions if p.name == plan.precision)
    prompt, output = context - context // 2, context // 2
    server = make_server(card)
    about = (request.spec, precision, request.kv_dtype, plan.layout, card, server)
    copies = min(plan.replicas, plan.workload.concurrency)
    load = Load(
        input_len=prompt,
        output_len=output,
        concurrency=plan.workload.concurrency / copies,
        held=capacity(*about, prompt, output).held,
    )
    model = step_model(*about)
    rates = steady(model, server, efficiency(card, _FAMILY).request_s, load)
    output_rate, total_rate = rates.output_tokens_per_s * copies, rates.total_tokens_per_s * copies
    return KeptBusy(
        prompt_tokens=prompt,
        output_tokens=output,
        output_tokens_per_s=output_rate,
        ttft_ms=1000 * rates.ttft_s,
        tpot_ms=1000 * rates.tpot_s,
        cost=token_cost(plan.cost, output_rate, total_rate),
        energy=energy(
            card,
            plan.nodes,
            plan.gpus_provisioned // plan.nodes,
            plan.layout.gpus * copies,
            busy_share(
                model, _mean_step(generation(model, server, load).steps, load), rates.tpot_s
            ),
            1.0,
            output_rate,
            total_rate,
        ),
    )


def _mean_step(steps: Sequence[StepKind], load: Load) -> MeanStep:
    prompts = sum(kind.share * kind.prompt_tokens for kind in steps)
    decoding = sum(kind.share * kind.decoding for kind in steps)
    context = decoding * (load.input_len + load.output_len / 2)
    return MeanStep(prompts, prompts * load.input_len / 2, decoding, context)
