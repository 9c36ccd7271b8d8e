"""What the nodes fetch decides their way out; the decision is the cost's too."""

from __future__ import annotations

from cluster.serving import Serving, WeightSource
from sizing.egress import Egress, Fetched, choose_way_out
from sizing.stack_config import Egress as Choice


def choose_egress(wanted: Choice, serving: Serving | None) -> Egress:
    """The way out that the nodes need. Raises InputError where endpoints cannot do."""
    return choose_way_out(wanted, None if serving is None else _fetched(serving))


def _fetched(serving: Serving) -> Fetched:
    hub = serving.weights.source is WeightSource.HUGGING_FACE
    return Fetched(
        hub_weights=serving.weights.location if hub else None,
        image=serving.image,
        secrets=bool(serving.secrets),
    )
