"""Write the catalogue's GPU, instance and price files from a folder of collected facts.

    python benchmarks/catalogue_aws.py ../shared/data

Figures carry over with source and date; shapes are the catalogue's own. The newest price of an
instance, region and purchase option wins.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent.parent / "sizing" / "catalog" / "data"
NAMES: dict[str, tuple[str, list[str]]] = {
    "H100-SXM-80GB": ("H100", ["h100-80gb", "h100-sxm", "nvidia-h100"]),
    "H200-SXM-141GB": ("H200", ["h200-141gb", "h200-sxm"]),
    "B200-HGX": ("B200", ["b200-180gb"]),
    "B300-HGX": ("B300", ["b300-288gb"]),
    "A100-SXM-40GB": ("A100-40GB", ["a100"]),
    "A100-SXM-80GB": ("A100-80GB", ["a100"]),
    "RTX-PRO-6000-BSE": ("RTX-PRO-6000", []),
    "RTX-PRO-4500-BSE": ("RTX-PRO-4500", []),
    "V100-16GB": ("V100-16GB", ["v100"]),
    "V100-32GB": ("V100-32GB", ["v100"]),
}
# Where CUDA's own figure was not seen, the share of the driver's total that CUDA shows on GPUs
# where both are known (0.981 to 0.996): the low end, so that a plan errs on the safe side.
CUDA_SHARE = 0.98
REGION = re.compile(r"[a-z-]+\d")
ESTIMATE = "estimate: the ratio of other instance families between regions"
TERMS = {
    "1y_standard_no_upfront": "1 year standard, no upfront",
    "1y_standard_all_upfront": "1 year standard, all upfront",
    "1y_convertible_no_upfront": "1 year convertible, no upfront",
    "3y_standard_no_upfront": "3 years standard, no upfront",
    "3y_standard_all_upfront": "3 years standard, all upfront",
    "3y_convertible_no_upfront": "3 years convertible, no upfront",
}
PURCHASES = ("on-demand", "spot", "capacity-block")
EVIDENCE = {
    "list": "measured",
    "derived_same_family_ratio": "derived",
    "estimate_other_family_ratio": "estimated",
}


def main(folder: Path) -> None:
    """Read the facts under `folder`; write gpus, instances, prices and reserved prices."""
    gpus = json.loads((folder / "gpus.json").read_text())
    instances = json.loads((folder / "aws" / "instances.json").read_text())
    offered = json.loads((folder / "aws" / "offered.json").read_text())
    prices = json.loads((folder / "aws" / "prices.json").read_text())
    write("gpus.json", gpu_file(gpus))
    write("instances.json", instance_file(instances, offered))
    write("prices.json", price_file(prices, gpus["built"]))
    write("reserved.json", reserved_file(prices))


def gpu_file(facts: dict[str, Any]) -> dict[str, Any]:
    """Every GPU by short name."""
    rows = [gpu_row(g, facts["sources"], facts["built"]) for g in facts["gpus"]]
    return {"as_of": facts["built"], "gpus": {row["name"]: row for row in rows}}


def gpu_row(fact: dict[str, Any], sources: dict[str, str], built: str) -> dict[str, Any]:
    """One GPU in the catalogue's shape."""
    name, aliases = NAMES.get(fact["id"], (fact["id"], []))
    cuda_bytes, evidence = cuda_memory(fact)
    tflops = {k.removesuffix("_tops"): v for k, v in fact["dense_tflops"].items() if v}
    return {
        "name": name,
        "full_name": fact["id"],
        "aliases": sorted({*aliases, fact["id"].lower()} - {name.lower()}),
        "architecture": fact["arch"],
        "compute_capability": fact["compute_capability"],
        "nominal_gb": fact["memory_gb_marketing"],
        "cuda_bytes": cuda_bytes,
        "cuda_evidence": evidence,
        "bandwidth_gb_s": fact["memory_bandwidth_gb_s"],
        "dense_tflops": tflops,
        "nvlink_gb_s": fact["nvlink_gb_s_bidir"],
        "tdp_w": fact["tdp_w"],
        "sources": [sources[s].split(" (")[0].strip() or s for s in fact["sources"]],
        "as_of": built,
        "notes": fact.get("format_note") or "",
    }


def cuda_memory(fact: dict[str, Any]) -> tuple[int, str]:
    """CUDA-visible bytes, and how they are known."""
    seen = fact.get("cuda_total_mib_seen") or [fact["cuda_total_mib"]]
    if seen[0]:
        return min(seen) * 2**20, "measured"
    if fact["driver_total_mib"]:
        return int(fact["driver_total_mib"] * 2**20 * CUDA_SHARE), "estimated"
    marketing = fact.get("memory_gb_aws") or fact["memory_gb_marketing"]
    return int(marketing * 10**9 * CUDA_SHARE), "estimated"


def instance_file(instances: dict[str, Any], offered: dict[str, Any]) -> dict[str, Any]:
    """Every instance type with a GPU, and the zones (ids) that offer it by region."""
    zones = {row["instance_type"]: row["regions"] for row in offered["rows"]}
    gov = {row["instance_type"]: row["govcloud_with_on_demand_price"] for row in offered["rows"]}
    rows: dict[str, Any] = {}
    for fact in instances["rows"]:
        if not fact["max_network_cards"] or not fact["network_card_groups"]:
            continue
        where = dict(zones.get(fact["instance_type"], {}))
        # GovCloud's zones are not in the snapshot: sold there, zone unknown.
        where.update({r: [] for r in gov.get(fact["instance_type"], []) if r not in where})
        rows[fact["instance_type"]] = instance_row(fact, where)
    sources = [s["what"] for s in instances["sources"].values()]
    return {"as_of": instances["as_of"], "sources": sources, "instances": rows}


def instance_row(fact: dict[str, Any], zones: dict[str, list[str]]) -> dict[str, Any]:
    """One instance type in the catalogue's shape."""
    return {
        "name": fact["instance_type"],
        "gpu": NAMES.get(fact["gpu"], (fact["gpu"], []))[0],
        "gpus": max(1, fact["gpu_count"]),
        "gpu_fraction": fact["gpu_partition_size"],
        "vcpus": fact["vcpus"],
        "memory_gib": fact["ram_gib"],
        "nvme_gb": int(fact["local_nvme_gb_total"] or 0),
        "network_gbps": fact["network_gbps"],
        "cards": card_runs(fact["network_card_groups"]),
        "efa_interfaces": fact["max_efa_interfaces"],
        "nvlink": bool(fact["nvlink_nvswitch"] or fact["nvlink_gb_s_per_gpu_bidirectional"]),
        "architecture": fact["arch"][0],
        "zones": zones,
    }


def card_runs(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Network cards as runs of consecutive equal cards, in order of index."""
    cards = sorted((i, g["interface_types"]) for g in groups for i in g["card_indexes"])
    runs: list[dict[str, Any]] = []
    for index, kinds in cards:
        if runs and runs[-1]["interface_types"] == kinds and runs[-1]["last"] == index - 1:
            runs[-1]["last"] = index
        else:
            runs.append({"first": index, "last": index, "interface_types": kinds})
    return runs


def price_file(prices: dict[str, Any], built: str) -> dict[str, Any]:
    """Price rows [usd, usd_low, as_of, source, evidence] by purchase option, instance, region.

    A price that is only known to be of a range of months counts as of the first. An estimate was
    made when the facts were collected.
    """
    table: dict[str, dict[str, dict[str, list[Any]]]] = {p: {} for p in PURCHASES}
    for row in sorted(prices["rows"], key=newest_last):
        if row["purchase"] not in PURCHASES or not REGION.fullmatch(row["region"]):
            continue
        high = row.get("usd_per_hour") or row.get("usd_per_hour_max")
        if high is None:
            continue
        day = (row["as_of"] or built).split("..")[0]
        entry = [high, row.get("usd_per_hour_min"), day, row["source"] or ESTIMATE]
        by_region = table[row["purchase"]].setdefault(row["instance_type"], {})
        by_region[row["region"]] = [*entry, EVIDENCE[row["basis"]]]
    sources = {k: short_name(v["what"]) for k, v in prices["sources"].items()}
    return {"currency": "USD", "unit": "instance-hour", "sources": sources, "prices": table}


def reserved_file(prices: dict[str, Any]) -> dict[str, Any]:
    """USD an hour by instance and region, one figure a term, upfront payments spread over it.

    Rows from before a price cut that covers their family are left out.
    """
    rows = [
        r
        for r in prices["rows"]
        if r["purchase"] == "reserved"
        and REGION.fullmatch(r["region"])
        and not r.get("stale_pre_june_2025_p_cut")
    ]
    (as_of,), (source,) = {r["as_of"] for r in rows}, {r["source"] for r in rows}
    table: dict[str, dict[str, list[float | None]]] = {}
    for row in rows:
        by_region = table.setdefault(row["instance_type"], {})
        by_region[row["region"]] = [row.get(key) for key in TERMS]
    return {
        "as_of": as_of,
        "source": source,
        "evidence": "measured",
        "terms": list(TERMS.values()),
        "prices": table,
    }


def short_name(what: str) -> str:
    """A source in a few words: its repository, or what comes before the first comma."""
    first = what.split(" ")[0]
    return first if "/" in first else what.split(",")[0].split(" (")[0]


def newest_last(row: dict[str, Any]) -> tuple[bool, str]:
    """Sort key: estimates before list prices, then by date ('2026-03..05' counts as its end)."""
    is_list = row["basis"] != "estimate_other_family_ratio"
    return (is_list, (row["as_of"] or "").replace("..", "-"))


def write(name: str, content: dict[str, Any]) -> None:
    """One entry a line below the second level: readable diffs, small file."""
    OUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, sort_keys=True)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    (OUT / name).write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
