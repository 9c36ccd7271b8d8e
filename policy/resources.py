"""A resource as the checks see it: its kind, its properties, whose it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policy.values import block, text

INSTANCE = "aws:ec2/instance:Instance"
SPOT_REQUEST = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
LAUNCH_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
CAPACITY_RESERVATION = "aws:ec2/capacityReservation:CapacityReservation"
VOLUME = "aws:ebs/volume:Volume"
CLUSTER = "gpu-sizing:index:GpuCluster"

MACHINES = frozenset({INSTANCE, SPOT_REQUEST})
"""What runs once it is made."""
LAUNCHES = MACHINES | {LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION}
"""What says how a machine is launched."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource. `props` are its inputs before it is made and its outputs afterwards.

    `provider` are its provider's own inputs, `ancestors` the components it is part of (the nearest
    first), `templates` the launch templates that it is launched from.
    """

    kind: str
    props: Mapping[str, Any]
    urn: str = ""
    provider: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ancestors: tuple[Resource, ...] = ()
    templates: tuple[Resource, ...] = ()

    @property
    def name(self) -> str:
        """The name it has in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def environment(self) -> str:
        """The stack's name. It stands in every URN, whichever host runs the pack."""
        return self.urn.removeprefix("urn:pulumi:").partition("::")[0]

    @property
    def default_tags(self) -> Mapping[str, Any]:
        """The tags that its provider adds to everything."""
        return block(_decoded(block(_decoded(self.provider.get("defaultTags"))).get("tags")))

    @property
    def region(self) -> str | None:
        """Where it is, None where nothing says so."""
        zone = text(self.props.get("availabilityZone"))
        said = text(self.props.get("region")) or text(self.provider.get("region"))
        return said or (zone.rstrip("abcdefghijklmnopqrstuvwxyz") if zone else None)

    @property
    def has_template(self) -> bool:
        """Whether a launch template says what the resource itself leaves out."""
        return bool(self.props.get("launchTemplate"))


def _decoded(value: object) -> object:
    """Nested settings of a provider come as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
