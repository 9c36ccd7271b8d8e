"""The package schema from which other languages' SDKs are made, completed where the SDK's is not.

Everything in it is read from the component; nothing is written by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sizing.stack_config import StackConfig

# Every SDK adds its own "Args" to the types of arguments.
_TYPE_NAME = re.compile(r"(:index:\w+?)Args\b")


def completed(text: str, project: Mapping[str, Any]) -> str:
    """The analyser's schema with the project's description, plain type names, secrets marked.

    A stack's file holds no secret, so an argument that may be an output of something else and is
    no key of the file is one: SDKs then encrypt it even where the program gives plain text.
    """
    found: dict[str, Any] = json.loads(_TYPE_NAME.sub(r"\1", text))
    found |= {key: project[key] for key in ("description", "license") if key in project}
    stack_keys = {field.alias for field in StackConfig.model_fields.values()}
    for resource in found["resources"].values():
        for name, spec in resource["inputProperties"].items():
            if not spec.get("plain") and name not in stack_keys:
                spec["secret"] = True
    return json.dumps(found)
