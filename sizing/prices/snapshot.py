"""Writing a price snapshot: all of it or nothing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sizing.catalog.prices import Row, forget
from sizing.catalog.snapshots import SCHEMA, folder, newest
from sizing.prices.rows import Key


def write_snapshot(rows: Mapping[Key, Row], day: str) -> Path:
    """A file dated `day` with these rows over the last snapshot's; plans use it from now on."""
    path = folder() / f"prices-{day}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, json.dumps(_content(rows, day), indent=1, sort_keys=True))
    forget()
    return path


def _content(rows: Mapping[Key, Row], day: str) -> dict[str, Any]:
    last = newest()
    table: dict[str, Any] = json.loads(json.dumps(last.get("prices", {})))
    for (option, instance_type, region), row in rows.items():
        table.setdefault(option, {}).setdefault(instance_type, {})[region] = list(row)
    return {"schema": SCHEMA, "as_of": day, "currency": "USD", "sources": {}, "prices": table}


def _replace(path: Path, text: str) -> None:
    """Readers see the old file or the new one, never a part."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".prices-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
