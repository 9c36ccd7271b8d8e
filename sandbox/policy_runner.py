"""Runs a policy pack for the stand-in language host: the SDK's own entry point, as a script."""

from __future__ import annotations

import runpy
import sys

if __name__ == "__main__":
    sys.path[0] = "."
    runpy.run_module("pulumi.policy", run_name="__main__", alter_sys=True)
