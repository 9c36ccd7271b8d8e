"""The AWS service quotas that GPU instances count against, per region.

Codes from AWS's service quota lists, read 2026-11-23. On-demand and spot quotas are in vCPUs, and
often 0 in a new account; capacity blocks are counted as blocks. A reservation that is already
bought takes no quota when instances are launched into it.
"""

from __future__ import annotations

import re

from sizing.instance import InstanceType, Purchase
from sizing.plan import Quota

ON_DEMAND = {
    "P": ("L-417A185B", "Running On-Demand P instances"),
    "G": ("L-DB2E81BA", "Running On-Demand G and VT instances"),
}
SPOT = {
    "p2": ("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests"),
    "p3": ("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests"),
    "p4": ("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests"),
    "p5": ("L-C4BD4855", "All P5 Spot Instance Requests"),
    "G": ("L-3819A6DF", "All G and VT Spot Instance Requests"),
}
CAPACITY_BLOCKS = {
    "p4d": "L-2C8F52B3",
    "p4de": "L-CFF3E941",
    "p5": "L-DA6814F2",
    "p5e": "L-C45F30BC",
    "p5en": "L-4F9BB70B",
    "p6-b200": "L-8B23CEF3",
    "p6-b300": "L-9C38E5AB",
}


def quota_for(instance: InstanceType, nodes: int, region: str, purchase: Purchase) -> Quota | None:
    """The quota that `nodes` of this type count against; None for nodes of one's own."""
    if purchase is Purchase.OWNED:
        return None
    family = instance.name.split(".")[0]
    if purchase is Purchase.CAPACITY_BLOCK:
        name = f"Concurrent {family.upper()} Capacity Blocks per account"
        return _quota((CAPACITY_BLOCKS.get(family), name), 1, "capacity blocks", region)
    vcpus = float(instance.vcpus * nodes)
    unknown = (None, f"the spot quota of {family.split('-')[0].upper()} instances")
    known = _vcpu_quota(family, spot=purchase is Purchase.SPOT) or unknown
    return _quota(known, vcpus, "vCPUs", region)


def vcpu_quota_code(instance_type: str, *, spot: bool) -> str | None:
    """The code of the quota that a running instance's vCPUs count against; None: no GPU quota."""
    known = _vcpu_quota(instance_type.split(".")[0], spot=spot)
    return known[0] if known else None


def _vcpu_quota(family: str, *, spot: bool) -> tuple[str, str] | None:
    generation = re.match(r"p\d+", family)
    if generation:
        return SPOT.get(generation[0]) if spot else ON_DEMAND["P"]
    if re.match(r"(g|vt)\d", family):
        return (SPOT if spot else ON_DEMAND)["G"]
    return None


def _quota(known: tuple[str | None, str], needed: float, unit: str, region: str) -> Quota:
    code, name = known
    return Quota(service="ec2", code=code, name=name, needed=needed, unit=unit, region=region)
