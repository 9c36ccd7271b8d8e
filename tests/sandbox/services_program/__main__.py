"""A node behind a load balancer, watched and told of: what an engine test deploys."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, cast

import pulumi
import pulumi_aws as aws

boto3 = cast("Any", import_module("boto3"))  # has no types

config = pulumi.Config()
AMI = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
PORT = 8000

# As a program's own check before it asks for anything.
quota = boto3.client("service-quotas", "us-east-1").get_service_quota(
    ServiceCode="ec2", QuotaCode="L-DB2E81BA"
)["Quota"]["Value"]

provider = aws.Provider(
    "aws",
    region="us-east-1",
    default_tags=aws.ProviderDefaultTagsArgs(tags={"Team": "ml"}),
)
opts = pulumi.ResourceOptions(provider=provider)
invoke = pulumi.InvokeOptions(provider=provider)

zones = aws.get_availability_zones(state="available", opts=invoke).names[:2]
image = aws.ssm.get_parameter_output(name=AMI, opts=invoke).insecure_value

vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, opts=opts)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{index}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{16 * index}.0/20",
        availability_zone=zone,
        opts=opts,
    )
    for index, zone in enumerate(zones)
]
front, back = (aws.ec2.SecurityGroup(name, vpc_id=vpc.id, opts=opts) for name in ("front", "back"))
aws.vpc.SecurityGroupIngressRule(
    "from-balancer",
    security_group_id=back.id,
    ip_protocol="tcp",
    from_port=PORT,
    to_port=PORT,
    referenced_security_group_id=front.id,
    opts=opts,
)
aws.ec2.VpcEndpoint(
    "secrets",
    vpc_id=vpc.id,
    service_name="com.amazonaws.us-east-1.secretsmanager",
    vpc_endpoint_type="Interface",
    subnet_ids=[subnet.id for subnet in subnets],
    security_group_ids=[back.id],
    private_dns_enabled=True,
    opts=opts,
)

node = aws.ec2.Instance(
    "node",
    ami=image,
    instance_type="g6e.xlarge",
    subnet_id=subnets[0].id,
    vpc_security_group_ids=[back.id],
    opts=opts,
)

balancer = aws.lb.LoadBalancer(
    "front",
    internal=True,
    subnets=[subnet.id for subnet in subnets],
    security_groups=[front.id],
    idle_timeout=config.get_int("idleTimeout") or 600,
    drop_invalid_header_fields=True,
    opts=opts,
)
targets = aws.lb.TargetGroup(
    "nodes",
    port=PORT,
    protocol="HTTP",
    vpc_id=vpc.id,
    health_check=aws.lb.TargetGroupHealthCheckArgs(
        path=config.get("healthPath") or "/health", interval=15, timeout=5, matcher="200"
    ),
    deregistration_delay=60,
    load_balancing_algorithm_type="least_outstanding_requests",
    opts=opts,
)
aws.lb.TargetGroupAttachment(
    "node", target_group_arn=targets.arn, target_id=node.id, port=PORT, opts=opts
)
aws.lb.Listener(
    "http",
    load_balancer_arn=balancer.arn,
    port=80,
    protocol="HTTP",
    default_actions=[
        aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)
    ],
    opts=opts,
)

secret = aws.secretsmanager.Secret("api-key", recovery_window_in_days=0, opts=opts)
aws.secretsmanager.SecretVersion(
    "api-key",
    secret_id=secret.id,
    secret_string=config.require_secret("apiKey"),
    opts=opts,
)
aws.ssm.Parameter("size", type="String", value="1 node", opts=opts)
aws.ssm.Parameter("layout", type="String", insecure_value="tp=1", opts=opts)

topic = aws.sns.Topic("alerts", opts=opts)
may_publish = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": "*",
}
aws.sns.TopicPolicy(
    "alerts",
    arn=topic.arn,
    policy=json.dumps({"Version": "2012-10-17", "Statement": [may_publish]}),
    opts=opts,
)
aws.sns.TopicSubscription(
    "alerts", topic=topic.arn, protocol="email", endpoint="ml@example.com", opts=opts
)
aws.cloudwatch.MetricAlarm(
    "node-ill",
    namespace="AWS/EC2",
    metric_name="StatusCheckFailed",
    dimensions={"InstanceId": node.id},
    statistic="Maximum",
    period=60,
    evaluation_periods=2,
    threshold=1,
    comparison_operator="GreaterThanOrEqualToThreshold",
    alarm_actions=[topic.arn],
    opts=opts,
)
aws.cloudwatch.LogGroup("server", retention_in_days=30, opts=opts)
rule = aws.cloudwatch.EventRule(
    "block-ends",
    event_pattern=json.dumps({"source": ["aws.ec2"]}),
    opts=opts,
)
aws.cloudwatch.EventTarget(
    "block-ends",
    rule=rule.name,
    arn=topic.arn,
    input_transformer=aws.cloudwatch.EventTargetInputTransformerArgs(
        input_paths={"what": "$.detail-type"}, input_template='"<what>"'
    ),
    opts=opts,
)

pulumi.export("endpoint", balancer.dns_name)
pulumi.export("quota", quota)
pulumi.export("secret", secret.arn)
