"""The provider's functions that look something up beyond EC2."""

from __future__ import annotations

from sandbox.aws_provider.clients import Aws, AwsError
from sandbox.aws_provider.load_balancer import elb_tags, load_balancer_outputs
from sandbox.aws_provider.queries import InvokeError, single
from sandbox.aws_provider.resource import is_gone
from sandbox.aws_provider.values import Props, tag_map


def get_parameter(aws: Aws, args: Props) -> Props:
    """A parameter of SSM's, AWS's public ones too."""
    decrypt = bool(args.get("withDecryption", True))
    try:
        found = aws.call("ssm", "get_parameter", Name=args["name"], WithDecryption=decrypt)
    except AwsError as error:
        raise InvokeError(f"SSM parameter {args['name']}: {error}") from error
    value = found["Parameter"]
    plain = value["Type"] != "SecureString"
    return {
        **args,
        "id": args["name"],
        "arn": value["ARN"],
        "type": value["Type"],
        "value": value["Value"],
        "insecureValue": value["Value"] if plain else "",
        "version": value["Version"],
    }


def get_secret(aws: Aws, args: Props) -> Props:
    """A secret by its name or ARN, without its value."""
    secret = args.get("arn") or args.get("name")
    found = _found(aws, "secretsmanager", "describe_secret", args, SecretId=secret)
    return {
        "id": found["ARN"],
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId", ""),
        "tags": tag_map(found.get("Tags")),
        "region": aws.region,
    }


def get_secret_version(aws: Aws, args: Props) -> Props:
    """A secret's value: of one version, or the one with a label (by default the current one)."""
    stage = args.get("versionStage", "AWSCURRENT")
    which = {"VersionId": args["versionId"]} if "versionId" in args else {"VersionStage": stage}
    secret = args["secretId"]
    found = _found(aws, "secretsmanager", "get_secret_value", args, SecretId=secret, **which)
    return {
        **args,
        "id": f"{secret}|{found['VersionId']}",
        "arn": found["ARN"],
        "secretString": found.get("SecretString", ""),
        "versionId": found["VersionId"],
        "versionStages": found.get("VersionStages", []),
        "region": aws.region,
    }


def get_load_balancer(aws: Aws, args: Props) -> Props:
    """A load balancer by its ARN or name."""
    by_arn = {"LoadBalancerArns": [args["arn"]]} if args.get("arn") else {}
    which = by_arn or {"Names": [args["name"]]}
    answer = _found(aws, "elbv2", "describe_load_balancers", args, **which)
    found = single(answer["LoadBalancers"], "load balancer", args)
    arn: str = found["LoadBalancerArn"]
    tags = elb_tags(aws, arn)["tagsAll"]
    return {**load_balancer_outputs(aws, found), "id": arn, "tags": tags, "region": aws.region}


def get_service_quota(aws: Aws, args: Props) -> Props:
    """An account's quota by its code."""
    which = {"ServiceCode": args["serviceCode"], "QuotaCode": args["quotaCode"]}
    found = _found(aws, "service-quotas", "get_service_quota", args, **which)["Quota"]
    return {
        "id": found["QuotaArn"],
        "arn": found["QuotaArn"],
        "adjustable": found["Adjustable"],
        "defaultValue": found["Value"],
        "globalQuota": found["GlobalQuota"],
        "quotaCode": found["QuotaCode"],
        "quotaName": found["QuotaName"],
        "serviceCode": found["ServiceCode"],
        "serviceName": found["ServiceName"],
        "usageMetrics": [],
        "value": found["Value"],
        "region": aws.region,
    }


def _found(aws: Aws, service: str, operation: str, args: Props, **params: object) -> Props:
    try:
        return aws.call(service, operation, **params)
    except AwsError as error:
        if is_gone(error) or "NoSuch" in error.code:
            raise InvokeError(f"nothing found for {args}: {error}") from error
        raise
