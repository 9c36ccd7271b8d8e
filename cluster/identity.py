"""What a cluster is called in AWS, wherever a name must be known before the thing exists."""

from __future__ import annotations

import re
from dataclasses import dataclass

ROOT = "gpu-sizing"
_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Identity:
    """One cluster of one stack. Two stacks never share a name that this makes."""

    project: str
    stack: str
    name: str
    region: str

    @property
    def path(self) -> str:
        """The root of the cluster's SSM parameters, and its log group."""
        # Never the project alone: SSM refuses names that begin with "aws" or "ssm".
        parts = (self.project, self.stack, self.name)
        return "/".join(("", ROOT, *(_NOT_ALLOWED.sub("-", part) for part in parts)))

    def status_parameter(self, node: str) -> str:
        """The SSM parameter in which a node says how its boot went."""
        return f"{self.path}/nodes/{_NOT_ALLOWED.sub('-', node)}"

    def head_parameter(self, replica: int) -> str:
        """The SSM parameter that holds the private address of a replica's first node."""
        return f"{self.path}/heads/{replica}"

    def secret_name(self, kind: str) -> str:
        """The Secrets Manager name of a secret that the stack itself brings."""
        return f"{self.path.removeprefix('/')}/{kind}"
