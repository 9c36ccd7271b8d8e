"""A node that cannot hold its model's files is refused before it costs anything."""

from __future__ import annotations

import pytest

from cluster.disk import check_disk
from sizing.catalog.instances import instance, instance_names
from sizing.errors import InputError
from sizing.instance import InstanceType
from tests.cluster.plans import plan_405b

GIGA = 10**9


def with_weights(gigabytes: int, nvme_gb: int, root_gb: int = 200) -> None:
    plan = plan_405b().model_copy(update={"weights_bytes": gigabytes * GIGA})
    check_disk(plan, kind(nvme_gb), root_gb)


def kind(nvme_gb: int) -> InstanceType:
    return instance("p5.48xlarge").model_copy(update={"nvme_gb": nvme_gb})


@pytest.mark.parametrize(
    ("weights", "nvme", "root"), [(140, 250, 100), (140, 0, 210), (16, 0, 200), (900, 30_400, 200)]
)
def test_what_fits(weights: int, nvme: int, root: int) -> None:
    with_weights(weights, nvme, root)


def test_without_an_instance_store_the_root_volume_must_hold_the_weights() -> None:
    with pytest.raises(InputError, match="no instance store") as caught:
        with_weights(140, 0)
    assert (caught.value.key, caught.value.nearest) == ("rootVolumeGb", 208)
    with_weights(140, 0, 208)


def test_an_instance_store_that_is_too_small_is_named() -> None:
    with pytest.raises(InputError, match="250 GB") as caught:
        with_weights(300, 250)
    assert caught.value.key == "instanceTypes"


def test_the_large_types_hold_the_largest_models() -> None:
    for name in instance_names():
        if name.endswith("48xlarge") and name.startswith("p"):
            check_disk(plan_405b(), instance(name), 200)
