"""A launch template whose faults a preview cannot see."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

names = ("gpu-sizing:project", "gpu-sizing:stack", "gpu-sizing:model")
tags = aws.ProviderDefaultTagsArgs(tags=dict.fromkeys(names, "late"))
opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1", default_tags=tags))
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
aws.ec2.LaunchTemplate(
    "template",
    image_id="ami-0123456789abcdef0",
    instance_type=vpc.id.apply(lambda _: "m7i.large"),
    metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
        http_tokens=vpc.id.apply(lambda _: "optional")
    ),
    block_device_mappings=[
        aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name="/dev/sda1",
            ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                encrypted=vpc.id.apply(lambda _: "false")
            ),
        )
    ],
    opts=opts,
)
