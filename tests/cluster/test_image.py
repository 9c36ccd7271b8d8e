"""The image a type boots."""

from __future__ import annotations

import pytest

from cluster.image import image_parameter
from sizing.catalog.instances import instance, instance_names
from sizing.errors import InputError


@pytest.mark.parametrize(
    ("name", "architecture"), [("p5.48xlarge", "x86_64"), ("g5g.xlarge", "arm64")]
)
def test_the_image_fits_the_processor(name: str, architecture: str) -> None:
    expected = f"ami/{architecture}/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
    assert image_parameter(instance(name)).endswith(expected)


def test_only_gpus_older_than_turing_have_no_image() -> None:
    refused: set[str] = set()
    for name in instance_names():
        try:
            image_parameter(instance(name))
        except InputError:
            refused.add(name)
    assert refused == {"p3dn.24xlarge"}
