"""The table speaks of types and properties that pulumi_aws really has."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import Any

import pytest

from sandbox.aws_provider.invokes import INVOKES
from sandbox.aws_provider.registry import RESOURCES

# Importing the SDK's EC2 module warns of names that we do not use.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
# The table allows these everywhere; a program cannot set them where the SDK has them not.
_ANYWHERE = {"name_prefix", "region"}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def of_sdk(token: str) -> tuple[Any, str]:
    """(module of pulumi_aws, name in it): aws:lb/listener:Listener is in pulumi_aws.lb."""
    module, name = token.removeprefix("aws:").split("/")[0], token.rpartition(":")[2]
    path = "pulumi_aws" if module == "index" else f"pulumi_aws.{module}"
    return import_module(path), name


@pytest.mark.parametrize("token", sorted(RESOURCES))
def test_a_types_properties_are_the_sdks(token: str) -> None:
    kind = RESOURCES[token]
    found: Any = getattr(*of_sdk(token))
    inputs = set(inspect.signature(found._internal_init).parameters)
    ours = {snake(name) for name in kind.known_properties - {"tagsAll"}}
    assert ours - inputs - _ANYWHERE == set()
    assert {name for name in map(snake, kind.computed) if not hasattr(found, name)} == set()
    assert set(kind.defaults) <= kind.known_properties
    assert kind.known_properties.issuperset(kind.required)


@pytest.mark.parametrize("token", sorted(INVOKES))
def test_functions_are_the_sdks(token: str) -> None:
    module, name = of_sdk(token)
    assert hasattr(module, snake(name))
