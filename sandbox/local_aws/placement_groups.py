"""Placement groups, which moto does not have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.local_aws.refusals import RefusedError

_STRATEGIES = ("cluster", "partition", "spread")
# Random ids would do; counting ones make a recorded session easier to read.
_ID_FORMAT = "pg-{:017x}"


@dataclass
class PlacementGroup:
    """One group; the attributes have the names that the API's answer has."""

    group_name: str
    strategy: str
    group_id: str
    group_arn: str
    partition_count: int | None = None
    spread_level: str | None = None
    state: str = "available"
    tags: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


class PlacementGroups:
    """The groups of one account and region."""

    def __init__(self, arn_prefix: str) -> None:
        self._arn_prefix = arn_prefix
        self._groups: dict[str, PlacementGroup] = {}
        self._made = 0

    def create(self, params: dict[str, Any], tags: list[dict[str, str]]) -> PlacementGroup:
        """A new group; a taken name or an unknown strategy is refused."""
        name, strategy = params.get("GroupName", ""), params.get("Strategy", "cluster")
        if name in self._groups:
            raise RefusedError(
                "InvalidPlacementGroup.Duplicate", f"Placement group {name} already exists."
            )
        if strategy not in _STRATEGIES:
            raise RefusedError("InvalidParameterValue", f"Invalid value '{strategy}' for Strategy.")
        self._made += 1
        group = PlacementGroup(
            group_name=name,
            strategy=strategy,
            group_id=_ID_FORMAT.format(self._made),
            group_arn=f"{self._arn_prefix}:placement-group/{name}",
            partition_count=params.get("PartitionCount"),
            spread_level=params.get("SpreadLevel"),
            tags=tags,
        )
        self._groups[name] = group
        return group

    def require(self, name: str) -> PlacementGroup:
        """The group of that name, or InvalidPlacementGroup.Unknown."""
        if name not in self._groups:
            raise RefusedError(
                "InvalidPlacementGroup.Unknown", f"Placement group {name} is unknown."
            )
        return self._groups[name]

    def find(self, names: list[str], ids: list[str]) -> list[PlacementGroup]:
        """The named groups, or all of them; an unknown name is an error, as at AWS."""
        named = [self.require(name) for name in names]
        by_id = [self.by_id(identity) for identity in ids]
        return [*named, *by_id] if names or ids else list(self._groups.values())

    def by_id(self, identity: str) -> PlacementGroup:
        """The group with that id, or InvalidPlacementGroup.Unknown."""
        for group in self._groups.values():
            if group.group_id == identity:
                return group
        raise RefusedError(
            "InvalidPlacementGroup.Unknown", f"Placement group {identity} is unknown."
        )

    def delete(self, name: str, in_use: bool) -> None:
        """Remove an empty group."""
        group = self.require(name)
        if in_use:
            raise RefusedError("InvalidPlacementGroup.InUse", f"Placement group {name} is in use.")
        del self._groups[group.group_name]


# By (account, region). A server process has exactly one AWS.
_ALL: dict[tuple[str, str], PlacementGroups] = {}


def placement_groups(account: str, region: str, partition: str) -> PlacementGroups:
    """The groups of that account and region."""
    key = (account, region)
    if key not in _ALL:
        _ALL[key] = PlacementGroups(f"arn:{partition}:ec2:{region}:{account}")
    return _ALL[key]
