"""What every child of one cluster shares: the stem of its name, its tags, its options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi

from cluster.identity import Identity


@dataclass(frozen=True, slots=True)
class Scope:
    """The cluster that a child belongs to. `tags` are carried by every child; `protect` guards the
    load balancer on AWS's side too."""

    identity: Identity
    tags: dict[str, str]
    parent: pulumi.Resource
    protect: bool = False

    @property
    def name(self) -> str:
        """The cluster's own name, which its children's names begin with."""
        return self.identity.name

    @property
    def region(self) -> str:
        """The region of everything."""
        return self.identity.region

    def child(self, role: str) -> str:
        """The Pulumi name of a child."""
        return f"{self.name}-{role}"

    def named(self, role: str) -> dict[str, str]:
        """The tags of a child that AWS's console shows by its Name tag."""
        return {**self.tags, "Name": self.child(role)}

    def opts(self, *, after: Iterable[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """A child's options; `after` must be there before it."""
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(after) or None)

    def invoke_opts(self) -> pulumi.InvokeOptions:
        """The options of a question to AWS: asked through the children's provider."""
        return pulumi.InvokeOptions(parent=self.parent)
