"""Which machine image a node boots."""

from __future__ import annotations

from sizing.catalog.gpus import gpu
from sizing.errors import InputError
from sizing.instance import InstanceType

# AWS's Deep Learning Base AMI: driver, container toolkit, EFA, SSM agent.
_PARAMETER = (
    "/aws/service/deeplearning/ami/{}/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
)
_OLDEST_FOR_OPEN_DRIVER = (7, 5)


def image_parameter(kind: InstanceType) -> str:
    """The public SSM parameter that holds the newest image's id for that type.

    Raises InputError for a GPU older than Turing: the image's open driver does not run it.
    """
    major, minor = gpu(kind.gpu).compute_capability.split(".")
    if (int(major), int(minor)) < _OLDEST_FOR_OPEN_DRIVER:
        allowed = (
            "a type whose GPU is Turing (2018) or newer: the node image's driver runs no other"
        )
        raise InputError("instanceTypes", kind.name, allowed)
    return _PARAMETER.format(kind.architecture)
