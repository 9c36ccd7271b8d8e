"""What a stack creates, as a table: registered by the component itself, on the SDK's mocks.

    python benchmarks/created_resources.py [STACK]

docs/architecture.md shows its output.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

from sizing.render.text import fields
from sizing.stack_config import StackConfig, stack_file
from tests.cluster.clusters import cluster
from tests.cluster.recorder import Run

ROOT = Path(__file__).parent.parent


def main(arguments: list[str]) -> int:
    """Print the table of a stack of the project, prod by default."""
    # Whatever account the environment leads to is not asked.
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    config = StackConfig.from_file(
        stack_file(arguments[0] if arguments else "prod", ROOT / "stacks")
    )
    found = cluster(**config.model_dump(mode="json", exclude_unset=True))
    rows = [(f"{count} {kind}", names) for kind, count, names in by_kind(found)]
    print("\n".join(fields(rows)))
    return 0


def by_kind(found: Run) -> list[tuple[str, int, str]]:
    """(type, how many, their names), by type."""
    made = [r for r in found.resources if r.type.startswith("aws:")]
    counts = Counter(short(r.type) for r in made)
    return [
        (kind, count, ", ".join(sorted(r.name for r in made if short(r.type) == kind)))
        for kind, count in sorted(counts.items())
    ]


def short(token: str) -> str:
    """`aws:ec2/instance:Instance` as people write it: ec2.Instance."""
    _, module, name = token.split(":")
    return f"{module.split('/')[0]}.{name}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
