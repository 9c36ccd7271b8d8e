"""Record the flags of `vllm serve` from vLLM's own argument parser, for the tests of cluster/boot.

    PYTHON benchmarks/vllm_flags.py [FOLDER] > tests/cluster/boot/vllm_flags_0.33.json

PYTHON is an interpreter that can import vLLM; FOLDER holds the package where it is not installed
(an unpacked wheel). No GPU is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import sys
from datetime import date
from typing import Any

# Flags whose parser takes any text, and where vLLM lists what it then accepts.
_LISTED_ELSEWHERE = {
    "--quantization": ("vllm.model_executor.layers.quantization", "QUANTIZATION_METHODS"),
    "--load-format": ("vllm.model_executor.model_loader", "_LOAD_FORMAT_TO_MODEL_LOADER"),
}


def main() -> None:
    """Print the list as JSON."""
    sys.path[:0] = sys.argv[1:2]
    # vLLM logs to stdout while it is imported.
    with contextlib.redirect_stdout(sys.stderr):
        version = importlib.import_module("vllm.version").__version__
        parser = _parser()
        flags = {name: _shape(action) for action in parser._actions for name in _names(action)}
        for flag, (module, name) in _LISTED_ELSEWHERE.items():
            flags[flag]["known"] = sorted(getattr(importlib.import_module(module), name))
    source = "vllm.entrypoints.common.cli_args.make_arg_parser of the vllm wheel on PyPI"
    listed = {"vllm": version, "source": source, "as_of": date.today().isoformat()}
    lines = (f"    {json.dumps(name)}: {json.dumps(flags[name])}" for name in sorted(flags))
    head = json.dumps(listed, indent=2).removesuffix("\n}")
    print(f'{head},\n  "flags": {{\n' + ",\n".join(lines) + "\n  }\n}")


def _parser() -> argparse.ArgumentParser:
    # Default settings name a device, and a machine without a GPU has none.
    importlib.import_module("vllm.platforms").current_platform.device_type = "cuda"
    made = importlib.import_module("vllm.utils.argparse_utils").FlexibleArgumentParser()
    make: Any = importlib.import_module("vllm.entrypoints.common.cli_args").make_arg_parser
    return make(made)


def _names(action: argparse.Action) -> list[str]:
    return [name for name in action.option_strings if name.startswith("--")]


def _shape(action: argparse.Action) -> dict[str, object]:
    """`values`: how many follow, 0 for a switch; `choices` where the list is closed, `known` where
    a plug-in may add to it."""
    boolean = action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction)
    shape: dict[str, object] = {"values": 0 if boolean else action.nargs or 1}
    if action.choices is not None:
        shape["choices"] = [str(choice) for choice in action.choices]
    elif isinstance(action.metavar, list):
        shape["known"] = [str(value) for value in action.metavar]
    return shape


if __name__ == "__main__":
    main()
