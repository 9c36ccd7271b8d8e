"""Whether a node's disk holds the model's files."""

from __future__ import annotations

from sizing.errors import InputError
from sizing.instance import InstanceType
from sizing.plan import Plan
from sizing.units import GB

# Room for the image's own files and the unpacked container (about 25 GB each), in GB (10^9).
_SYSTEM_GB = 60
# Tokenizer, configuration and what a checkpoint repeats come on top of the weights.
_EXTRA = 1.05


def check_disk(plan: Plan, kind: InstanceType, root_volume_gb: int) -> None:
    """Raises InputError where the weights fit neither the instance store nor the root volume.

    They lie on the instance store where there is one.
    """
    need = plan.weights_bytes * _EXTRA / GB
    if kind.nvme_gb:
        if need > kind.nvme_gb:
            allowed = (
                f"a type whose instance store holds the weights ({need:,.0f} GB); "
                f"{kind.name} has {kind.nvme_gb:,} GB"
            )
            raise InputError("instanceTypes", kind.name, allowed)
        return
    least = int(need) + 1 + _SYSTEM_GB
    if root_volume_gb < least:
        allowed = f"at least {least}, as {kind.name} has no instance store for the weights"
        raise InputError("rootVolumeGb", root_volume_gb, allowed, least)
