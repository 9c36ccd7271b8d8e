"""How a plan serves its load, as the plan tells it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sizing.evidence import Evidence


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Milliseconds(_Record):
    """Mean and percentiles of a time."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float


class TokenCost(_Record):
    """USD for a million tokens, of the plan's whole cost; None where it is not known.

    `output` counts generated tokens alone, `total` prompts too.
    """

    usd_per_million_output_tokens: float | None = None
    usd_per_million_total_tokens: float | None = None


class CapacityBand(_Record):
    """Requests a second between which the copies' capacity would lie in four of five measured
    deployments; `basis` says which those were."""

    requests_per_second_low: float
    requests_per_second_high: float
    basis: str


class Energy(_Record):
    """What all nodes draw, with the data centre's share (kW), and what tokens take (kWh).

    `kw_per_node` and `kw` include `pue`; `gpu_power_share` is what a GPU that serves draws of its
    TDP on average.
    """

    kw_per_node: float
    kw: float
    kwh_per_million_output_tokens: float
    kwh_per_million_total_tokens: float
    gpu_power_share: float
    host_w_per_gpu: float
    pue: float


class ServedLoad(_Record):
    """The load on the plan's nodes: all figures are of all copies unless they say per copy.

    `capacity_requests_per_second` is what the copies carry within the targets. `utilization` is the
    share of time in which a copy computes, `running` and `queued` are requests on average.
    """

    requests_per_second: float
    requests_per_second_per_replica: float
    capacity_requests_per_second: float
    output_tokens_per_s: float
    total_tokens_per_s: float
    output_tokens_per_s_per_replica: float
    ttft_ms: Milliseconds
    tpot_ms: Milliseconds | None = None
    latency_ms: Milliseconds
    utilization: float
    running: float
    queued: float
    kv_cache_use: float
    cost_at_load: TokenCost
    cost_at_capacity: TokenCost
    energy: Energy
    simulated_requests: int
    simulated_replicas: int
    seed: int
    error_band: CapacityBand
    evidence: Evidence = Evidence.ESTIMATED
    assumptions: tuple[str, ...]
