"""The `sizing` command line."""

from sizing.cli.app import main

__all__ = ["main"]
