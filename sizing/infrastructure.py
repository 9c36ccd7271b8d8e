"""What a stack creates, counted by kind, before anything exists: the cost's half of the cluster.

`cluster/` makes exactly this; a test compares both over many configurations.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from sizing.checkpoint import Checkpoint
from sizing.egress import PRIVATE_ECR, Egress, Fetched, choose_way_out
from sizing.errors import InputError
from sizing.instance import Purchase
from sizing.plan import NodeGroup
from sizing.stack_config import API_KEY_KEY, TOKEN_KEY, StackConfig
from sizing.stack_config import Egress as Choice

_UNKNOWN_FILES = "files that are not known yet"


class Built(Protocol):
    """What is to be built: a Plan, or a candidate for one."""

    @property
    def region(self) -> str: ...
    @property
    def purchase(self) -> Purchase: ...
    @property
    def nodes(self) -> int: ...
    @property
    def node_groups(self) -> tuple[NodeGroup, ...]: ...
    @property
    def checkpoint(self) -> Checkpoint | None: ...


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """Everything beside the nodes, by count. `root_volume_gib` is the size of one node's volume.

    `serving` is False for nodes alone, `own_network` in an existing VPC; `from_hub` says that the
    weights come from Hugging Face. `free` are counts of what AWS does not bill, by name.
    """

    nodes: int
    root_volume_gib: int
    serving: bool
    own_network: bool
    from_hub: bool
    private_image: bool
    nat_gateways: int
    public_addresses: int
    interface_endpoints: tuple[str, ...]
    load_balancers: int
    alarms: int
    secrets: int
    log_groups: int
    free: dict[str, int] = field(default_factory=dict[str, int])


def infrastructure(
    config: StackConfig, built: Built, secrets: Collection[str] = ()
) -> Infrastructure:
    """What the stack creates. `secrets` are the config keys of secrets that it brings itself."""
    serving, hub = config.serves, _from_hub(built)
    own_network = not config.network.is_existing
    stored = _secrets(config, built, secrets)
    way_out = _way_out(config, built, API_KEY_KEY in stored or bool(config.serving.api_key_secret))
    nat = own_network and way_out.nat
    return Infrastructure(
        nodes=built.nodes,
        root_volume_gib=config.root_volume_gb,
        serving=serving,
        own_network=own_network,
        from_hub=serving and hub,
        private_image=bool(PRIVATE_ECR.match(config.serving.image)),
        nat_gateways=int(nat),
        public_addresses=int(nat),
        interface_endpoints=way_out.services if own_network else (),
        load_balancers=int(serving),
        alarms=built.nodes + int(serving),
        secrets=len(stored),
        log_groups=1,
        free=_free(config, built, own_network),
    )


def _from_hub(built: Built) -> bool:
    """Files that are not known yet are counted as the hub's: the dearer way."""
    return built.checkpoint is None or not built.checkpoint.in_s3


def _secrets(config: StackConfig, built: Built, brought: Collection[str]) -> set[str]:
    """The secrets that are made: those brought that nodes read, and a token that they must have."""
    serving, files = config.serving, built.checkpoint
    if not config.serves:
        return set()
    made = {API_KEY_KEY} & set(brought)
    gated = files is not None and bool(files.gated)
    if (
        _from_hub(built)
        and not serving.hugging_face_token_secret
        and (gated or TOKEN_KEY in brought)
    ):
        made.add(TOKEN_KEY)
    return made


def _way_out(config: StackConfig, built: Built, secrets: bool) -> Egress:
    """As the cluster decides it; what it would refuse is counted as NAT."""
    files = built.checkpoint.repository if built.checkpoint else _UNKNOWN_FILES
    fetched = Fetched(files if _from_hub(built) else None, config.serving.image, secrets)
    served = fetched if config.serves else None
    try:
        return choose_way_out(config.network.egress, served)
    except InputError:
        return choose_way_out(Choice.NAT, served)


def _free(config: StackConfig, built: Built, own_network: bool) -> dict[str, int]:
    """What is made and not billed, by name; zero counts left out."""
    operations, spanning = config.operations, _spanning(built)
    topic = not operations.alarm_topic_arn
    counts = {
        "S3 gateway endpoint": int(own_network),
        "SSM parameter": built.nodes + spanning,
        "launch template": len({group.instance_type for group in built.node_groups}),
        "placement group": 0 if config.capacity_reservation_id else spanning,
        "alarm topic": int(topic),
        "alarm e-mail": len(operations.alarm_emails) if topic else 0,
        # A block's warnings depend on when it ends, which only the account knows.
        "event rule": int(built.purchase is Purchase.SPOT),
    }
    return {name: count for name, count in counts.items() if count}


def _spanning(built: Built) -> int:
    """Copies of the model that lie on more nodes than one."""
    return sum(group.replicas for group in built.node_groups if group.nodes_per_replica > 1)
