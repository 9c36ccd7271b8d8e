"""A network and one node with cards: what the sandbox's engine tests deploy."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
AMI = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
CARDS = 32

if config.get_bool("fail"):
    raise ValueError("the program was asked to fail")

provider = aws.Provider(
    "aws",
    region="us-east-1",
    default_tags=aws.ProviderDefaultTagsArgs(tags={"Team": "ml"}),
)
opts = pulumi.ResourceOptions(provider=provider)
invoke = pulumi.InvokeOptions(provider=provider)

zone = aws.get_availability_zones(state="available", opts=invoke).names[0]
image = aws.ssm.get_parameter_output(name=AMI, opts=invoke).insecure_value

vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, opts=opts)
subnet = aws.ec2.Subnet(
    "subnet", vpc_id=vpc.id, cidr_block="10.0.0.0/20", availability_zone=zone, opts=opts
)
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, opts=opts)
aws.vpc.SecurityGroupIngressRule(
    "among-nodes",
    security_group_id=group.id,
    ip_protocol="-1",
    referenced_security_group_id=group.id,
    opts=opts,
)
placement = aws.ec2.PlacementGroup("placement", strategy="cluster", opts=opts)


def interface(card: int, device: int, kind: str) -> aws.ec2.LaunchTemplateNetworkInterfaceArgs:
    """One interface of the node."""
    return aws.ec2.LaunchTemplateNetworkInterfaceArgs(
        network_card_index=card,
        device_index=device,
        interface_type=kind,
        subnet_id=subnet.id,
        security_groups=[group.id],
        delete_on_termination="true",
    )


template = aws.ec2.LaunchTemplate(
    "template",
    image_id=image,
    instance_type="p5.48xlarge",
    network_interfaces=[
        interface(0, 0, "interface"),
        interface(0, 1, "efa-only"),
        *(interface(card, 0, "efa-only") for card in range(1, CARDS)),
    ],
    block_device_mappings=[
        aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name="/dev/sda1",
            ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                volume_size=config.get_int("volumeGb") or 100, encrypted="true"
            ),
        )
    ],
    metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(http_tokens="required"),
    opts=opts,
)
node = aws.ec2.Instance(
    "node",
    launch_template=aws.ec2.InstanceLaunchTemplateArgs(
        id=template.id, version=template.latest_version.apply(lambda number: str(int(number)))
    ),
    placement_group=placement.name,
    tags={"Name": config.get("nodeName") or "node"},
    opts=opts,
)

pulumi.export("nodeId", node.id)
pulumi.export("stack", pulumi.get_stack())
pulumi.export("token", config.get_secret("token"))
