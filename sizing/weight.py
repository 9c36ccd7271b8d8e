"""One stored tensor: its shape, what it is for, and how parallelism cuts it."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.model import Group, Shard


@dataclass(frozen=True, slots=True)
class Weight:
    """`copies` stored matrices of `rows` (out) x `cols` (in); a vector has one column.

    `shard` is what tensor parallelism does: `column` cuts rows and `row` cuts columns in multiples
    of `unit`, `vocab` cuts rows, `kv_heads` cuts rows but never below one head (then replicates),
    `replicated` keeps the whole on every rank. Copies are experts: expert parallelism cuts them.
    `width` is the bytes per element where the format does not follow the model's dtype.
    """

    name: str
    group: Group
    rows: int
    cols: int = 1
    copies: int = 1
    shard: Shard = "replicated"
    unit: int = 1
    width: int | None = None

    @property
    def elements(self) -> int:
        """Parameters in all copies."""
        return self.rows * self.cols * self.copies
