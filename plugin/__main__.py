"""The plugin's entry point: `python plugin ENGINE_ADDRESS`, as Pulumi's Python host starts it."""

from __future__ import annotations

import sys
from pathlib import Path

# Pulumi starts this folder from anywhere, so the repository is found from here, and found first.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from plugin.provider import serve

if __name__ == "__main__":
    serve()
