"""The machine images that AWS publishes and moto does not know: seeded in every region."""

from __future__ import annotations

import hashlib
import threading
from typing import Any, cast

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ssm.models import Parameter, ssm_backends

from sandbox.local_aws.refusals import RefusedError

# AWS's Deep Learning AMIs are found by these public parameters and owned by this account.
_OWNER = "898082745236"
_PARAMETER = "/aws/service/deeplearning/ami/{}/{}/latest/ami-id"
_FAMILIES = {
    "base-oss-nvidia-driver-gpu-ubuntu-24.04": (
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20260601"
    ),
    "base-oss-nvidia-driver-gpu-ubuntu-22.04": (
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260601"
    ),
}
_ARCHITECTURES = ("x86_64", "arm64")
_RESOLVE = "resolve:ssm:"

_seeded: set[tuple[str, str]] = set()
_lock = threading.Lock()


def seed_images(account: str, region: str) -> None:
    """Make the images and their parameters exist in that account and region, once."""
    with _lock:
        if (account, region) in _seeded:
            return
        for family, title in _FAMILIES.items():
            for architecture in _ARCHITECTURES:
                _seed(account, region, family, title, architecture)
        _seeded.add((account, region))


def resolve_image(image: str, account: str, region: str) -> str:
    """The AMI id that `resolve:ssm:NAME` stands for; any other value as it is."""
    if not image.startswith(_RESOLVE):
        return image
    name = image.removeprefix(_RESOLVE)
    parameter = ssm_backends[account][region].get_parameter(name)
    if parameter is None:
        raise RefusedError("InvalidParameterValue", f"SSM parameter {name} does not exist.")
    return str(cast("Any", parameter).value)


def _seed(account: str, region: str, family: str, title: str, architecture: str) -> None:
    # The same id on every machine and run: a plan that names it must not differ.
    digest = hashlib.sha256(f"{region}/{family}/{architecture}".encode()).hexdigest()
    ami_id = f"ami-{digest[:17]}"
    backend = ec2_backends[account][region]
    backend.amis[ami_id] = cast(
        "Ami",
        Ami(
            backend,
            ami_id,
            name=title,
            description=f"Stand-in for AWS's {family} image",
            owner_id=_OWNER,
            owner_alias="amazon",
            public=True,
            virtualization_type="hvm",
            architecture=architecture,
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name="/dev/sda1",
            region_name=region,
        ),
    )
    name = _PARAMETER.format(architecture, family)
    parameter = Parameter(
        account_id=account,
        name=name,
        value=ami_id,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=utcnow(),
        version=1,
        data_type="aws:ec2:image",
    )
    # Straight into the store: the API refuses names that begin with /aws.
    cast("Any", ssm_backends[account][region])._parameters[name].append(parameter)
