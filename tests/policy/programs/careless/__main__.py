"""A machine as it is made when nobody thinks of it."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
aws.vpc.SecurityGroupIngressRule(
    "shell",
    security_group_id="sg-0123456789abcdef0",
    ip_protocol="tcp",
    from_port=20,
    to_port=25,
    cidr_ipv4="0.0.0.0/0",
    opts=opts,
)
aws.ec2.Instance(
    "machine",
    ami="ami-0123456789abcdef0",
    instance_type="m7i.large",
    associate_public_ip_address=True,
    root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(encrypted=False),
    opts=opts,
)
