"""A candidate as far as its cost needs it: nodes, where they are, and the files they fetch."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.candidates import Candidate
from sizing.catalog.checkpoints import checkpoint_for
from sizing.checkpoint import Checkpoint
from sizing.instance import Purchase
from sizing.placement import Placement
from sizing.plan import NodeGroup
from sizing.precision import Precision, native_precision, weight_bytes
from sizing.request import Request
from sizing.support import support


@dataclass(frozen=True, slots=True)
class Draft:
    """`checkpoint` is None where no files are known; `download_bytes` is what a node fetches."""

    region: str
    purchase: Purchase
    nodes: int
    node_groups: tuple[NodeGroup, ...]
    checkpoint: Checkpoint | None
    download_bytes: int


def draft(request: Request, candidate: Candidate) -> Draft:
    """What a candidate would build."""
    placement, files = candidate.placement, files_for(request, candidate.placement)
    made_while_loading = files is not None and files.quantization is not None
    stored = native_precision(request.spec) if made_while_loading else placement.precision
    return Draft(
        region=candidate.lot.offer.region,
        purchase=candidate.lot.offer.purchase,
        nodes=candidate.nodes,
        node_groups=(_group(candidate),),
        checkpoint=files,
        download_bytes=stored_bytes(request, stored),
    )


def files_for(request: Request, placement: Placement) -> Checkpoint | None:
    """The files that were named, else those known at that precision.

    None that the engine would quantise for a GPU that does not run the precision itself.
    """
    if request.checkpoint:
        return request.checkpoint
    found = checkpoint_for(request.spec, placement.precision, request.named)
    runs = support(placement.precision, placement.gpu.compute_capability)
    return None if found and found.quantization and runs.mode != "native" else found


def stored_bytes(request: Request, precision: Precision) -> int:
    """Bytes of all weights at a precision."""
    spec = request.spec
    return spec.once(f"weight bytes {precision!r}", lambda: weight_bytes(spec, precision))


def _group(candidate: Candidate) -> NodeGroup:
    placement = candidate.placement
    return NodeGroup(
        instance_type=candidate.lot.instance.name,
        nodes=placement.nodes,
        nodes_per_replica=placement.nodes_per_copy,
        replicas=placement.copies,
        replicas_per_node=placement.copies_per_node,
    )
