"""Settings that AWS would refuse halfway are refused at preview, by the key the user wrote."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.checks import RETENTION_DAYS, check_settings
from sizing.errors import InputError
from sizing.stack_config import StackConfig

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"


def config(**sections: Any) -> StackConfig:
    return StackConfig.from_mapping({"model": "llama-3.1-8b", **sections})


@pytest.mark.parametrize(
    ("sections", "key", "nearest"),
    [
        ({"imageId": "ami-xyz"}, "imageId", None),
        ({"network": {"vpcId": "vpc_1"}}, "network.vpcId", None),
        ({"network": {"subnetIds": ["subnet-0a1b2c3d", "x"]}}, "network.subnetIds.1", None),
        ({"network": {"loadBalancerSubnetIds": ["x"]}}, "network.loadBalancerSubnetIds.0", None),
        ({"serving": {"certificateArn": "my-cert"}}, "serving.certificateArn", None),
        (
            {"serving": {"certificateArn": CERTIFICATE.replace("us-east-1", "eu-west-1")}},
            "serving.certificateArn",
            None,
        ),
        ({"serving": {"allowedCidrs": ["0.0.0.0/0"]}}, "serving.allowedCidrs.0", None),
        ({"serving": {"allowedCidrs": ["::/0"]}}, "serving.allowedCidrs.0", None),
        ({"serving": {"allowedCidrs": ["10.1.2.3/8"]}}, "serving.allowedCidrs.0", "10.0.0.0/8"),
        ({"operations": {"alarmTopicArn": "alarms"}}, "operations.alarmTopicArn", None),
        ({"operations": {"alarmEmails": ["me"]}}, "operations.alarmEmails.0", None),
        ({"operations": {"logRetentionDays": 31}}, "operations.logRetentionDays", 30),
        ({"tags": {"aws:team": "ml"}}, "tags.aws:team", None),
        ({"tags": {"gpu-sizing:stack": "x"}}, "tags.gpu-sizing:stack", None),
        ({"tags": {"team": "x" * 257}}, "tags.team", None),
        ({"tags": {f"t{i}": "x" for i in range(41)}}, "tags", 40),
    ],
)
def test_refused(sections: dict[str, Any], key: str, nearest: object) -> None:
    with pytest.raises(InputError) as caught:
        check_settings(config(**sections))
    assert (caught.value.key, caught.value.nearest) == (key, nearest)


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"imageId": "ami-0123456789abcdef0", "tags": {"team": "ml", "cost-centre": "42"}},
        {"network": {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d"]}},
        {"serving": {"certificateArn": CERTIFICATE, "allowedCidrs": ["10.0.0.0/8"]}},
        {
            "operations": {
                "alarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
                "alarmEmails": ["ml@example.com"],
                "logRetentionDays": 90,
            }
        },
    ],
)
def test_accepted(sections: dict[str, Any]) -> None:
    check_settings(config(**sections))


def test_every_retention_that_cloudwatch_takes() -> None:
    for days in RETENTION_DAYS:
        check_settings(config(operations={"logRetentionDays": days}))
