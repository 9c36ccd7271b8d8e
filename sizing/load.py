"""A load of requests and how fast they must be answered, checked."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from sizing.engine import MAX_SPECULATIVE_TOKENS
from sizing.errors import InputError, unknown_name

if TYPE_CHECKING:
    from sizing.stack_config import WorkloadConfig

LONGEST = 4
"""Lengths that vary are cut at this many times their mean."""
MAX_REQUESTS_PER_SECOND = 100_000.0
_SECTION = "workload"


class Lengths(StrEnum):
    """How prompts and answers vary: all alike, or lognormal with a standard deviation as large as
    the mean, cut at four times the mean, which stays the mean."""

    FIXED = "fixed"
    LOGNORMAL = "lognormal"


class Percentile(StrEnum):
    """Of how many requests a target must hold: half, nine in ten, ..."""

    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Targets(_Record):
    """Milliseconds that `percentile` of the requests may take at most: to the first token, and
    between tokens (each request's mean). None asks nothing."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None
    percentile: Percentile = Percentile.P95

    @property
    def asks(self) -> bool:
        """Whether anything is asked."""
        return self.ttft_ms is not None or self.tpot_ms is not None


class Speculative(_Record):
    """Each step drafts `tokens` tokens, of which each is accepted with chance `acceptance` if the
    one before it was."""

    tokens: int
    acceptance: float

    @property
    def tokens_per_step(self) -> float:
        """Mean tokens of an answer that a step gives: 1 + a + ... + a^k = (1-a^(k+1)) / (1-a)."""
        a, k = self.acceptance, self.tokens
        return k + 1 if a == 1 else (1 - a ** (k + 1)) / (1 - a)


class Load(_Record):
    """Requests that arrive at random (Poisson), with these mean lengths in tokens.

    `prefix_cache_hit_rate` is the share of prompt tokens that are not computed again.
    """

    requests_per_second: float
    prompt_tokens: int
    output_tokens: int
    lengths: Lengths = Lengths.FIXED
    targets: Targets = Targets()
    prefix_cache_hit_rate: float = 0.0
    speculative: Speculative | None = None

    @property
    def tokens(self) -> int:
        """Tokens of a mean request, prompt and answer."""
        return self.prompt_tokens + self.output_tokens

    @property
    def longest(self) -> int:
        """Tokens of the longest request."""
        return self.tokens * (1 if self.lengths is Lengths.FIXED else LONGEST)


def load_of(config: WorkloadConfig, context_limit: int) -> Load | None:
    """The load that a workload's section asks for, None where it asks for none.

    Raises InputError for a value out of range, for what contradicts a load, for what only a load
    can have, and for requests longer than the context.
    """
    rate = config.requests_per_second
    if rate is None:
        _refuse_without_load(config)
        return None
    if config.concurrency is not None:
        allowed = "left out: with requestsPerSecond it follows from how long requests stay"
        raise InputError(f"{_SECTION}.concurrency", config.concurrency, allowed)
    _positive("requestsPerSecond", rate, MAX_REQUESTS_PER_SECOND, "requests a second")
    load = Load(
        requests_per_second=rate,
        prompt_tokens=_tokens("promptTokens", config.prompt_tokens),
        output_tokens=_tokens("outputTokens", config.output_tokens),
        lengths=config.lengths,
        targets=_targets(config),
        prefix_cache_hit_rate=_hit_rate(config.prefix_cache_hit_rate),
        speculative=_speculative(config),
    )
    _check_context(load, config.context, context_limit)
    return load


def _refuse_without_load(config: WorkloadConfig) -> None:
    only = {
        "prompt_tokens",
        "output_tokens",
        "lengths",
        "targets",
        "prefix_cache_hit_rate",
        "speculative",
    }
    given = sorted(only & config.model_fields_set)
    if given:
        key = type(config).model_fields[given[0]].alias
        raise InputError(
            f"{_SECTION}.requestsPerSecond", None, f"requests a second, which {key} needs"
        )


def _positive(key: str, value: float, most: float, what: str) -> float:
    if not (isfinite(value) and 0 < value <= most):
        near = most if value > most else None
        allowed = f"more than 0, at most {most:,.0f} {what}"
        raise InputError(f"{_SECTION}.{key}", value, allowed, near)
    return value


def _tokens(key: str, value: int | None) -> int:
    if value is None or value < 1:
        allowed = "tokens, at least 1 (requestsPerSecond needs it)"
        raise InputError(f"{_SECTION}.{key}", value, allowed, None if value is None else 1)
    return value


def _targets(config: WorkloadConfig) -> Targets:
    asked = config.targets
    for key, value in (("targets.ttftMs", asked.ttft_ms), ("targets.tpotMs", asked.tpot_ms)):
        if value is not None:
            _positive(key, value, 1e7, "milliseconds")
    names = [p.value for p in Percentile]
    if asked.percentile not in names:
        raise unknown_name(f"{_SECTION}.targets.percentile", asked.percentile, names)
    return Targets(
        ttft_ms=asked.ttft_ms, tpot_ms=asked.tpot_ms, percentile=Percentile(asked.percentile)
    )


def _hit_rate(share: float) -> float:
    if not 0 <= share < 1:
        key = f"{_SECTION}.prefixCacheHitRate"
        raise InputError(key, share, "0 up to, not including, 1", 0.99 if share >= 1 else 0)
    return share


def _speculative(config: WorkloadConfig) -> Speculative | None:
    asked = config.speculative
    if "speculative" not in config.model_fields_set:
        return None
    key = f"{_SECTION}.speculative"
    if asked.tokens is None or not 1 <= asked.tokens <= MAX_SPECULATIVE_TOKENS:
        near = None if asked.tokens is None else min(max(asked.tokens, 1), MAX_SPECULATIVE_TOKENS)
        allowed = f"1 to {MAX_SPECULATIVE_TOKENS} drafted tokens"
        raise InputError(f"{key}.tokens", asked.tokens, allowed, near)
    if asked.acceptance is None or not 0 <= asked.acceptance <= 1:
        near = None if asked.acceptance is None else min(max(asked.acceptance, 0.0), 1.0)
        allowed = "the chance that a drafted token is accepted, 0 to 1"
        raise InputError(f"{key}.acceptance", asked.acceptance, allowed, near)
    return Speculative(tokens=asked.tokens, acceptance=asked.acceptance)


def _check_context(load: Load, context: int | None, limit: int) -> None:
    most = limit if context is None else min(context, limit)
    if load.longest <= most:
        return
    times = load.longest // load.tokens
    varied = f", {times} times longer at the most (lengths {load.lengths})" if times > 1 else ""
    whose = "the model's limit" if most == limit else "workload.context"
    room = most // times - load.output_tokens
    raise InputError(
        f"{_SECTION}.promptTokens",
        load.prompt_tokens,
        f"with {load.output_tokens:,} output tokens{varied} at most {most:,} tokens ({whose})",
        room if room > 0 else None,
    )
