"""The component provider: GpuCluster with its arguments as they come, its mistakes as one line."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

import pulumi
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.analyzer import PropertyDefinition, PropertyType
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

from cluster.component import TYPE, GpuCluster
from plugin.schema import completed
from sizing.errors import nearest_name

NAME = TYPE.partition(":")[0]
_PROJECT_FILE = Path(__file__).resolve().parent.parent / "pyproject.toml"


def serve() -> None:
    """Serve the engine whose address is this process's argument, until it ends us."""
    main(Provider(), sys.argv[1:])


class Provider(ComponentProvider):
    """The SDK's host of components, where it hides a user's mistake or loses a value."""

    def __init__(self) -> None:
        # From pyproject.toml: another checkout's version may be the installed one.
        text = _PROJECT_FILE.read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        super().__init__([GpuCluster], NAME, None, project["version"])
        self.schema = completed(self.schema or "", project)

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Makes the component. A mistake raises InputPropertyError or InputPropertiesError."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            # The SDK's wrapping hides the error's type from its own server, which reports it.
            raise _reportable(error.inner, inputs) or error from None

    def map_input_properties(
        self,
        inputs: Mapping[str, Any],
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> dict[str, Any]:
        """The arguments by their Python names; what the SDK cannot map reaches the component as is.

        The component checks every argument, and names the path of a bad one. An argument that
        does not exist raises InputPropertyError here: the SDK would drop it.
        """
        for key in inputs.keys() - properties.keys():
            _refuse(key, properties, property_path)
        kept = {k: v for k, v in inputs.items() if self._is_unmappable(properties[k], v)}
        mappable = {k: spec for k, spec in properties.items() if k not in kept}
        mapped: Mapping[str, Any] = super().map_input_properties(
            dict(inputs), mappable, mapping, component_name, property_path
        )
        return {**mapped, **{mapping[key]: value for key, value in kept.items()}}

    def _is_unmappable(self, spec: PropertyDefinition, value: object) -> bool:
        """Whether the SDK would fail on a value (a number that is none) or drop it (no object)."""
        if isinstance(value, pulumi.Output) or spec.type is PropertyType.INTEGER:
            return True
        kind = self.get_type_definition(spec) if spec.ref else None
        return kind is not None and not kind.enum and not isinstance(value, Mapping)


def _refuse(key: str, known: Iterable[str], parent: str) -> NoReturn:
    path = f"{parent}.{key}" if parent else key
    names = sorted(known)
    nearest = nearest_name(key, names)
    hint = f"; nearest: {nearest}" if nearest else ""
    raise pulumi.InputPropertyError(path, f"no such argument; there are {', '.join(names)}{hint}")


def _reportable(error: Exception, inputs: pulumi.Inputs) -> Exception | None:
    """The error as the SDK's server reports it without a traceback; None for a bug."""
    if isinstance(error, pulumi.RunError):
        return pulumi.InputPropertiesError(str(error), [])
    if not isinstance(error, pulumi.InputPropertyError):
        return None
    root = re.split(r"[.\[]", error.property_path, maxsplit=1)[0]
    if _holds_output(inputs.get(root)):
        # The engine prints the value beside the path, a secret's too: the path goes as text.
        return pulumi.InputPropertiesError(f"{error.property_path}: {error.reason}", [])
    return error


def _holds_output(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_output(item) for item in cast("Mapping[str, object]", value).values())
    if isinstance(value, list):
        return any(_holds_output(item) for item in cast("list[object]", value))
    return isinstance(value, pulumi.Output)
