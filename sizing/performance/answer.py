"""What `sizing perf` answers: rates and latencies of a load on one deployment, with their error."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sizing.deployment import Deployment
from sizing.errors import NoPlanError
from sizing.evidence import Evidence
from sizing.fit import refusal
from sizing.performance.batch import Load, first_token_s, generation, steady
from sizing.performance.burst import burst
from sizing.performance.capacity import Capacity, capacity
from sizing.performance.engines import Server
from sizing.performance.factors import efficiency, spread
from sizing.performance.question import Question
from sizing.performance.step import PARTS, StepModel, step_model
from sizing.plan import Layout
from sizing.units import gib

_MS = 1000.0


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ErrorBand(_Record):
    """Where four of five measurements of output tokens per second would lie, and how that is known.

    `basis` says which measured cases; `evidence` is of the band itself.
    """

    output_tokens_per_s_low: float
    output_tokens_per_s_high: float
    basis: str
    evidence: Evidence


class Performance(_Record):
    """The answer. Rates are of the whole deployment, milliseconds are means over requests.

    `concurrency` is what runs in the engine at once, `concurrency_asked` what the client keeps in
    flight (None: as many as fit) or, for `burst`, how many requests arrive at once. `limited_by`
    says which of client, cache or the engine's setting decides it. `ttft_ms` holds the time in the
    queue; `ttft_unloaded_ms` is a lone request's. `step_ms` is the average step by part.
    """

    model: str
    hf_id: str
    precision: str
    kv_dtype: str
    gpu: str
    gpus: int
    layout: Layout
    engine: str
    input_len: int
    output_len: int
    burst: bool
    concurrency_asked: int | None
    concurrency: float
    limited_by: str
    output_tokens_per_s: float
    total_tokens_per_s: float
    output_tokens_per_s_per_gpu: float
    requests_per_s: float
    ttft_ms: float
    ttft_unloaded_ms: float
    tpot_ms: float
    error_band: ErrorBand
    step_ms: dict[str, float]
    bound_by: str
    cache_holds: float
    max_num_seqs: int
    evidence: dict[str, Evidence]
    assumptions: tuple[str, ...]


def performance(question: Question) -> Performance:
    """The rates and latencies of a load.

    Raises NoPlanError where no engine starts the deployment or it cannot hold one sequence.
    """
    q, d = question, question.deployment
    room = _room(d, q.server, q.input_len, q.output_len)
    model = step_model(d.spec, d.precision, d.kv_dtype, d.layout, d.gpu, q.server)
    request_s = efficiency(d.gpu, q.server.family).request_s
    asked = float(q.concurrency or room.held)
    load = Load(q.input_len, q.output_len, asked, room.held)
    if q.burst:
        rates = burst(model, q.server, request_s, load, spread=q.spread)
    else:
        rates = steady(model, q.server, request_s, load)
    parts = _average_step(model, load, q)
    return Performance(
        model=d.spec.name,
        hf_id=d.spec.hf_id or "",
        precision=d.precision.name,
        kv_dtype=d.kv_dtype.name,
        gpu=d.gpu.name,
        gpus=d.layout.gpus,
        layout=d.layout,
        engine=q.server.name,
        input_len=q.input_len,
        output_len=q.output_len,
        burst=q.burst,
        concurrency_asked=q.concurrency,
        concurrency=rates.running,
        limited_by=_limit(asked, room),
        output_tokens_per_s=rates.output_tokens_per_s,
        total_tokens_per_s=rates.total_tokens_per_s,
        output_tokens_per_s_per_gpu=rates.output_tokens_per_s / d.layout.gpus,
        requests_per_s=rates.output_tokens_per_s / q.output_len,
        ttft_ms=_MS * rates.ttft_s,
        ttft_unloaded_ms=_MS * first_token_s(model, q.server, request_s, q.input_len),
        tpot_ms=_MS * rates.tpot_s,
        error_band=_band(q.server.family, rates.output_tokens_per_s),
        step_ms={name: _MS * seconds for name, seconds in parts.items()},
        bound_by=max(parts, key=parts.__getitem__),
        cache_holds=room.by_cache,
        max_num_seqs=room.by_setting,
        evidence={
            "work": Evidence.DERIVED,
            "efficiency": Evidence.ESTIMATED,
            "concurrency": d.engine.version.evidence,
        },
        assumptions=q.assumptions,
    )


def _room(d: Deployment, server: Server, input_len: int, output_len: int) -> Capacity:
    reason = refusal(d)
    if reason:
        raise NoPlanError(reason)
    room = capacity(d.spec, d.precision, d.kv_dtype, d.layout, d.gpu, server, input_len, output_len)
    if room.short > 0:
        raise NoPlanError(
            f"{d.spec.name} at {d.precision.name} does not fit {d.layout.gpus} x {d.gpu.name}: "
            f"{gib(room.short):.2f} GiB a GPU are missing for one sequence of "
            f"{input_len + output_len:,} tokens; `sizing fit` says what would"
        )
    return room


def _limit(asked: float, room: Capacity) -> str:
    if asked < room.held:
        return "client"
    return "cache" if room.by_cache < room.by_setting else "max_num_seqs"


def _average_step(model: StepModel, load: Load, q: Question) -> dict[str, float]:
    """Seconds by part of an average step: every kind of step weighted by how many there are."""
    total = dict.fromkeys(PARTS, 0.0)
    for kind in generation(model, q.server, load).steps:
        tokens, context = kind.prompt_tokens, kind.decoding * (q.input_len + q.output_len / 2)
        if kind.share and (tokens or kind.decoding):
            parts = model.parts(tokens, tokens * q.input_len / 2, kind.decoding, context)
            for name, seconds in parts.items():
                total[name] += kind.share * seconds
    return total


def _band(family: str, rate: float) -> ErrorBand:
    found = spread(family)
    return ErrorBand(
        output_tokens_per_s_low=rate * found.low,
        output_tokens_per_s_high=rate * found.high,
        basis=(
            f"80% of {found.cases} published {family} measurements of {found.models} models, each "
            f"model predicted by factors fitted without it ({found.as_of}; docs/accuracy.md)"
        ),
        evidence=Evidence.MEASURED,
    )
