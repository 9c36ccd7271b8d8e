"""Compares our counts of every config in a folder with a list of independently counted models.

    python -m benchmarks.oracle_agreement DATA [--all]

DATA holds `configs/*.json` and `oracle.json`. Prints one line per model and how many agree to the
integer; exit code 1 when a model whose record is exact does not. `--all` also lists the models
that agree.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sizing import census
from sizing.configs import read_config
from sizing.model import ModelSpec

Record = dict[str, Any]


@dataclass(frozen=True)
class Agreement:
    """One model: which figures were compared, and which differ as (ours, theirs)."""

    hf_id: str
    confidence: str
    compared: int
    differences: dict[str, tuple[float, float]]

    @property
    def exact(self) -> bool:
        """Whether the record was exact and hence must agree."""
        return self.confidence == "exact"


def main() -> None:
    """Prints the table and fails when an exact record differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    rows = list(compare_all(options.data))
    for row in rows:
        if options.all or row.differences:
            print(_line(row))
    exact = [row for row in rows if row.exact]
    wrong = [row for row in exact if row.differences]
    print(f"\n{len(list(configs(options.data)))} configs read, {len(rows)} with a record")
    print(f"exact records: {len(exact) - len(wrong)} of {len(exact)} agree to the integer")
    print(f"figures compared: {sum(row.compared for row in rows)}")
    sys.exit(1 if wrong else 0)


def compare_all(data: Path) -> Iterator[Agreement]:
    """An Agreement for every config that has a record."""
    records = {
        r["hf_id"]: r for r in cast(list[Record], json.loads((data / "oracle.json").read_bytes()))
    }
    for file in configs(data):
        record = records.get(file.stem.replace("__", "/"))
        spec = read_config(file)
        if record:
            yield compare(spec, record)


def configs(data: Path) -> list[Path]:
    """Every config.json of the folder."""
    return sorted((data / "configs").glob("*.json"))


def compare(spec: ModelSpec, record: Record) -> Agreement:
    """Every figure of the record against ours."""
    pairs = dict(_pairs(spec, record))
    differences = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return Agreement(str(record["hf_id"]), str(record["confidence"]), len(pairs), differences)


def _pairs(spec: ModelSpec, r: Record) -> Iterator[tuple[str, tuple[float, float]]]:
    if "params_total" in r:
        yield from _parameter_pairs(spec, r)
    yield "layers", (spec.layers, r["layers"])
    yield "kv_bytes_per_token", (census.kv_bytes_per_token(spec), r["kv_bytes_per_token_bf16"])
    growth = r["kv_bytes_per_token_bf16_unbounded"]
    yield "kv_growth_per_token", (census.kv_growth_per_token(spec), growth)
    for context, expected in r["kv_bytes_at"].items():
        yield f"kv_bytes_at {context}", (census.kv_bytes(spec, int(context)), expected)
    state = r["state_per_sequence"]
    if state:
        expected = state["conv_bytes_per_seq_bf16"] + state["recurrent_bytes_per_seq_fp32"]
        yield "state", (census.state_bytes_per_sequence(spec, 2, 4), expected)


def _parameter_pairs(spec: ModelSpec, r: Record) -> Iterator[tuple[str, tuple[float, float]]]:
    groups = census.params_by_group(spec)
    yield "total", (census.params_total(spec), r["params_total"])
    yield "active", (census.params_active(spec), r["params_active"])
    without = census.params_active(spec, embedding=False)
    yield "active without embedding", (without, r["params_active_excl_embedding"])
    tables = r["params_embedding"] + r["params_per_layer_embedding"]
    yield "embedding", (groups["embedding"], tables)
    quantisable = groups["linear"] + groups["expert"]
    yield "linear", (quantisable, r["params_linear_quantizable"])
    yield "expert", (groups["expert"], r["params_linear_experts"])
    yield "position", (groups["position"], r["params_position_embedding"])
    for group in ("lm_head", "norm", "router", "bias", "other", "vision"):
        yield group, (groups[group], r[f"params_{group}"])
    expected = r["mtp"]["params_excl_shared"] if r["mtp"] else 0
    yield "mtp", (census.params_mtp(spec), expected)
    yield "tied", (spec.tied, r["tied"])


def _line(row: Agreement) -> str:
    if not row.differences:
        return f"{row.hf_id:52} {row.compared:3} figures agree"
    shown = "; ".join(f"{k}: {a:,} / {b:,}" for k, (a, b) in row.differences.items())
    return f"{row.hf_id:52} {row.confidence}: {shown}"


if __name__ == "__main__":
    main()
