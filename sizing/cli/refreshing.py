"""`sizing prices refresh`, as a command."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from sizing.aws import BotoClients, asked
from sizing.prices.refresh import Refresh, refresh

NO = 1


def ask_refresh(
    regions: Sequence[str], only: Sequence[str], *, dry_run: bool, as_json: bool
) -> None:
    """Ask AWS and print what changed; exit 1 where something failed and nothing was written."""
    found = refresh(
        asked(BotoClients),
        datetime.now(UTC),
        regions=regions,
        parts=only,
        dry_run=dry_run,
        say=_progress,
    )
    print(json.dumps(_fields(found)) if as_json else _page(found))
    if found.failures:
        raise typer.Exit(NO)


def _progress(label: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{label}", end="", file=sys.stderr, flush=True)


def _fields(found: Refresh) -> dict[str, object]:
    return {
        "prices_read": len(found.rows),
        "changes": [{**asdict(c), "share": c.share} for c in found.changes],
        "failures": found.failures,
        "snapshot": str(found.path) if found.path else None,
    }


def _page(found: Refresh) -> str:
    from sizing.render.prices import render_refresh

    return render_refresh(found)
