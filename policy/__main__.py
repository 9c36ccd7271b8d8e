"""The entry point of the policy pack, which `pulumi preview --policy-pack policy` runs."""

from __future__ import annotations

import sys
from pathlib import Path

from pulumi_policy import PolicyPack

# Run by its folder, not as a module: the project's root is not on the path yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policy.pack import policies

PolicyPack("gpu-sizing", policies())
