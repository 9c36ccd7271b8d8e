"""What a preview wants to know, what AWS answered, and what was decided from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cluster.zone import Zone
from sizing.instance import Purchase
from sizing.plan import Finding, Quota
from sizing.stack_config import NetworkConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the plan wants of the account.

    `addresses` are the IPv4 addresses of all nodes together. `offered_zone_ids` is the catalogue's
    belief in order of preference, and may be empty. `secrets` are (config key, Secrets Manager name
    or ARN) that must exist. `project` and `stack` are the tags of what is already ours. `zones` are
    the account's where they are known already; empty asks AWS.
    """

    region: str
    instance_type: str
    nodes: int
    addresses: int
    purchase: Purchase
    purchase_given: bool
    quota: Quota | None
    reservation_id: str | None
    offered_zone_ids: tuple[str, ...]
    network: NetworkConfig
    serving: bool
    project: str
    stack: str
    secrets: tuple[tuple[str, str], ...] = ()
    zones: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """A capacity reservation or a capacity block.

    `kind` is `default` (an on-demand capacity reservation) or `capacity-block`, `zone` a zone's
    name. Dates are UTC; `ends` is None where there is no end. `targeted` reservations take only
    instances that name them.
    """

    id: str
    kind: str
    instance_type: str
    zone: str
    state: str
    tenancy: str
    total: int
    free: int
    ends: datetime | None
    targeted: bool
    starts: datetime | None = None

    @property
    def noun(self) -> str:
        """What AWS calls it, with its article."""
        block = self.kind == "capacity-block"
        return "a capacity block" if block else "an on-demand capacity reservation"


@dataclass(frozen=True, slots=True)
class Subnet:
    """An existing subnet. `public_addresses` is AWS's MapPublicIpOnLaunch."""

    id: str
    vpc_id: str
    zone: str
    zone_id: str
    cidr: str
    free_addresses: int
    public_addresses: bool


@dataclass(frozen=True, slots=True)
class Vpc:
    """An existing VPC and its primary block."""

    id: str
    cidr: str


@dataclass(frozen=True, slots=True)
class Dns:
    """A VPC's two DNS attributes."""

    support: bool
    hostnames: bool


@dataclass(frozen=True, slots=True)
class Routes:
    """Where a VPC's subnets send what leaves it: the target of 0.0.0.0/0 (igw-..., nat-...), None
    without one. A subnet that is not in `by_subnet` follows `main`.
    """

    main: str | None
    by_subnet: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class OwnNode:
    """An instance that this stack runs already; `addresses` counts those it holds, by subnet."""

    zone: str
    reservation_id: str | None
    addresses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Running:
    """The stack's own nodes, and the vCPUs of all others that count against the plan's quota."""

    own: tuple[OwnNode, ...]
    others_vcpus: float


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret's state: `problem` says why it cannot be used, None if it can."""

    problem: str | None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """AWS did not answer, and why. Never a yes."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """AWS's answers. None stands where nothing was asked or nothing was found.

    `subnets` are those that the configuration names, `neighbours` all of the existing VPC,
    `vpcs` all of the region. `routes` are the existing VPC's ways out.
    """

    zones: tuple[Zone, ...] | Unanswered
    offered: frozenset[str] | Unanswered
    running: Running | Unanswered
    quota_limit: float | Unanswered | None = None
    reservation: Reservation | Unanswered | None = None
    vpcs: tuple[Vpc, ...] | Unanswered = ()
    dns: Dns | Unanswered | None = None
    subnets: tuple[Subnet, ...] | Unanswered = ()
    neighbours: tuple[Subnet, ...] | Unanswered = ()
    routes: Routes | Unanswered | None = None
    secrets: Mapping[str, Secret | Unanswered]


@dataclass(frozen=True, slots=True)
class Site:
    """Where the nodes go, decided.

    `zone` is the name of the zone of all nodes; `zones` are those of the account, that one first.
    The other fields are of an existing VPC; without one they are None and empty.
    """

    zone: str
    zones: tuple[str, ...]
    vpc_id: str | None = None
    vpc_cidr: str | None = None
    node_subnet: str | None = None
    load_balancer_subnets: tuple[str, ...] = ()
    reservation: Reservation | None = None
    checks: tuple[Finding, ...] = ()


def answered(subnets: tuple[Subnet, ...] | Unanswered) -> tuple[Subnet, ...]:
    """The subnets, none where AWS did not answer."""
    return () if isinstance(subnets, Unanswered) else subnets


def yes(what: str, detail: str) -> Finding:
    """The account allows it."""
    return Finding(what=what, verdict="yes", detail=detail)


def unknown(what: str, why: str | Unanswered) -> Finding:
    """It could not be checked, or AWS's answer does not settle it."""
    detail = f"not checked: {why.reason}" if isinstance(why, Unanswered) else why
    return Finding(what=what, verdict="unknown", detail=detail)
