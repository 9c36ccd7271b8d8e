"""Renew plugin/schema.json, the package schema as a file.

    python -m plugin.schema_file [--check]

`--check` changes nothing and fails where the file is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from plugin.provider import Provider

FILE = Path(__file__).with_name("schema.json")


def schema() -> dict[str, Any]:
    """The package schema, as the running plugin gives it."""
    return json.loads(Provider().schema or "{}")


def schema_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), indent=2) + "\n"


def main() -> int:
    """Renew or check the file; the exit code."""
    text = schema_text()
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
        return 0
    if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("plugin/schema.json is out of date: run `make schema`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
