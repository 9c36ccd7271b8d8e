"""From what the policy SDK hands over to a `Resource`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from pulumi_policy import PolicyProviderResource, PolicyResource, ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

from policy.resources import LAUNCH_CONFIGURATION, LAUNCH_TEMPLATE, Resource
from policy.values import UNKNOWN

_TEMPLATES = (LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION)


def planned_resource(args: ResourceValidationArgs) -> Resource:
    """A resource that is about to be made, with its inputs."""
    return Resource(args.resource_type, plain(args.props), args.urn, _provider(args.provider))


def stack_resources(resources: Sequence[PolicyResource]) -> list[Resource]:
    """All of a stack's resources, with their outputs, components and launch templates."""
    return [
        _resource(r, tuple(_bare(a) for a in _ancestors(r)), tuple(map(_bare, _templates(r))))
        for r in resources
    ]


def plain(value: Any) -> Any:
    """Properties without the SDK's guard: what it would raise for is UNKNOWN.

    Every number arrives as a float; whole ones become what the program said, an int.
    """
    if isinstance(value, Mapping):
        found = cast("Mapping[str, Any]", value)
        return {key: _item(found.__getitem__, key) for key in found}
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = cast("Sequence[Any]", value)
        return [_item(items.__getitem__, index) for index in range(len(items))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(get: Callable[[Any], Any], key: str | int) -> Any:
    try:
        return plain(get(key))
    except UnknownValueError:
        return UNKNOWN


def _provider(provider: PolicyProviderResource | None) -> dict[str, Any]:
    return plain(provider.props) if provider else {}


def _bare(resource: PolicyResource) -> Resource:
    return _resource(resource, (), ())


def _resource(
    resource: PolicyResource, ancestors: tuple[Resource, ...], templates: tuple[Resource, ...]
) -> Resource:
    return Resource(
        kind=resource.resource_type,
        props=plain(resource.props),
        urn=resource.urn,
        provider=_provider(resource.provider),
        ancestors=ancestors,
        templates=templates,
    )


def _ancestors(resource: PolicyResource) -> list[PolicyResource]:
    found: list[PolicyResource] = []
    while (parent := (found[-1] if found else resource).parent) is not None:
        found.append(parent)
    return found


def _templates(resource: PolicyResource) -> list[PolicyResource]:
    needed = resource.property_dependencies.get("launchTemplate", [])
    return [r for r in needed if r.resource_type in _TEMPLATES]
