"""Price rows as a refresh collects them, and what changed against the newest known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sizing.catalog.prices import Row, newest_row

Key = tuple[str, str, str]
"""Option (`on-demand`, `spot`, `capacity-block`, `reserved: TERM`), instance type, region; or
`service`, an item that surrounds the nodes, region."""

Rows = dict[Key, Row]


@dataclass(frozen=True, slots=True)
class Change:
    """A price that differs from the newest one known; `before` is None for a new one."""

    option: str
    instance_type: str
    region: str
    before: float | None
    before_as_of: str | None
    after: float

    @property
    def share(self) -> float | None:
        """The change as a share of the price before."""
        return None if not self.before else (self.after - self.before) / self.before


def changes(rows: Mapping[Key, Row]) -> list[Change]:
    """What is new or differs from the newest row known: largest change first, then new ones."""
    found: list[Change] = []
    for (option, instance_type, region), row in rows.items():
        before = newest_row(option, instance_type, region)
        if before is None or abs(before[0] - row[0]) > 1e-9:
            old, date = (None, None) if before is None else (before[0], before[2])
            found.append(Change(option, instance_type, region, old, date, row[0]))
    return sorted(found, key=_largest_first)


def _largest_first(change: Change) -> tuple[bool, float, str, str, str]:
    who = (change.option, change.instance_type, change.region)
    return (change.share is None, -abs(change.share or 0.0), *who)
