"""Settings that AWS would refuse only halfway through a deployment, refused at preview."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network

from sizing.errors import InputError
from sizing.stack_config import StackConfig

_ID = r"[0-9a-f]{8,17}"
_ARN = r"arn:aws[a-z-]*:{}:[a-z0-9-]+:\d{{12}}:.+"
# What CloudWatch Logs takes, in days.
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
_TAG = re.compile(r"[\w +\-=.:/@]*", re.ASCII)
_MAX_TAGS = 40
_MAX_TAG_KEY, _MAX_TAG_VALUE = 128, 256


def check_settings(config: StackConfig) -> None:
    """Raises InputError for the first setting that AWS would refuse."""
    for key, value, pattern, allowed in _texts(config):
        if value and not re.fullmatch(pattern, value):
            raise InputError(key, value, allowed)
    for index, cidr in enumerate(config.serving.allowed_cidrs):
        _check_cidr(f"serving.allowedCidrs.{index}", cidr)
    days = config.operations.log_retention_days
    if days not in RETENTION_DAYS:
        nearest = min(RETENTION_DAYS, key=lambda allowed: abs(allowed - days))
        listed = ", ".join(map(str, RETENTION_DAYS))
        raise InputError("operations.logRetentionDays", days, f"days: {listed}", nearest)
    _check_tags(config.tags)


def _texts(config: StackConfig) -> Iterator[tuple[str, str, str, str]]:
    """(key, value, pattern, what is allowed in words)."""
    network, operations = config.network, config.operations
    yield "imageId", config.image_id, f"ami-{_ID}", "ami- and 8 to 17 hexadecimal digits"
    vpc = "vpc- and 8 to 17 hexadecimal digits"
    yield "network.vpcId", network.vpc_id or "", f"vpc-{_ID}", vpc
    subnet = "subnet- and 8 to 17 hexadecimal digits"
    for index, name in enumerate(network.subnet_ids):
        yield f"network.subnetIds.{index}", name, f"subnet-{_ID}", subnet
    for index, name in enumerate(network.load_balancer_subnet_ids):
        yield f"network.loadBalancerSubnetIds.{index}", name, f"subnet-{_ID}", subnet
    certificate = f"the ARN of an ACM certificate in {config.region} (arn:aws:acm:...)"
    yield (
        "serving.certificateArn",
        config.serving.certificate_arn,
        rf"arn:aws[a-z-]*:(acm:{re.escape(config.region)}|iam:):\d{{12}}:.+",
        certificate,
    )
    topic = "the ARN of an SNS topic (arn:aws:sns:...)"
    yield "operations.alarmTopicArn", operations.alarm_topic_arn, _ARN.format("sns"), topic
    for index, email in enumerate(operations.alarm_emails):
        yield (
            f"operations.alarmEmails.{index}",
            email,
            r"[^@\s]+@[^@\s]+\.[^@\s]+",
            "an e-mail address",
        )


def _check_cidr(key: str, text: str) -> None:
    allowed = "an IPv4 block of clients, such as 10.0.0.0/8; the whole internet is none"
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise InputError(key, text, allowed) from None
    if network.version != 4 or network.prefixlen == 0:
        raise InputError(key, text, allowed)
    if str(network) != text:
        raise InputError(key, text, allowed, str(network))


def _check_tags(tags: dict[str, str]) -> None:
    if len(tags) > _MAX_TAGS:
        raise InputError("tags", f"{len(tags)} tags", f"at most {_MAX_TAGS}", _MAX_TAGS)
    allowed = (
        f"a name of 1 to {_MAX_TAG_KEY} and a value of up to {_MAX_TAG_VALUE} letters, digits, "
        "spaces and _.:/=+-@; names that begin with aws: or gpu-sizing: are taken"
    )
    for name, value in tags.items():
        reserved = name.lower().startswith(("aws:", "gpu-sizing:"))
        fits = 0 < len(name) <= _MAX_TAG_KEY and len(value) <= _MAX_TAG_VALUE
        if reserved or not fits or not _TAG.fullmatch(name) or not _TAG.fullmatch(value):
            raise InputError(f"tags.{name}", value, allowed)
