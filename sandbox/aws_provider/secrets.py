"""The table's places for values: secrets, their versions, parameters."""

from __future__ import annotations

from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    given_tags,
    live_tags,
    one,
    quietly,
    retag_by_arn,
    tag_changes,
)
from sandbox.aws_provider.values import Props, pick, tag_list, tag_map

_SECRETS = "secretsmanager"
_CURRENT = "AWSCURRENT"


def _create_secret(aws: Aws, props: Props) -> str:
    params = pick(props, "name", "description", "kmsKeyId")
    return aws.call(_SECRETS, "create_secret", **params, **given_tags(props))["ARN"]


def _update_secret(aws: Aws, arn: str, change: Change) -> None:
    if change.touches("description", "kmsKeyId"):
        params: dict[str, Any] = {"Description": change.new.get("description", "")}
        params.update(pick(change.new, "kmsKeyId"))
        aws.call(_SECRETS, "update_secret", SecretId=arn, **params)
    retag_by_arn(aws, _SECRETS, "SecretId", arn, change)


def _read_secret(aws: Aws, arn: str, _props: Props) -> Props | None:
    found = one(lambda: [aws.call(_SECRETS, "describe_secret", SecretId=arn)])
    if found is None or found.get("DeletedDate"):
        return None
    return {
        **live_tags(found),
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId", ""),
    }


def _delete_secret(aws: Aws, arn: str, props: Props) -> None:
    if _read_secret(aws, arn, props) is None:
        return  # a second deletion would move the date
    days = props.get("recoveryWindowInDays", 30)
    when = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    aws.call(_SECRETS, "delete_secret", SecretId=arn, **when)


def _create_version(aws: Aws, props: Props) -> str:
    params = pick(props, "secretId", "secretString", "versionStages")
    answer = aws.call(_SECRETS, "put_secret_value", **params)
    return f"{answer['ARN']}|{answer['VersionId']}"


def _version(aws: Aws, identity: str) -> Props | None:
    secret, _, version = identity.partition("|")
    listed = {"SecretId": secret, "VersionId": version}
    return one(lambda: [aws.call(_SECRETS, "get_secret_value", **listed)])


def _update_version(aws: Aws, identity: str, change: Change) -> None:
    before, after = (set(side.get("versionStages", [])) for side in (change.old, change.new))
    for stage in sorted(after - before):
        _move_stage(aws, identity, stage, "MoveToVersionId")
    for stage in sorted(before - after - {_CURRENT}):
        _move_stage(aws, identity, stage, "RemoveFromVersionId")


def _move_stage(aws: Aws, identity: str, stage: str, direction: str) -> None:
    secret, _, version = identity.partition("|")
    aws.call(
        _SECRETS,
        "update_secret_version_stage",
        SecretId=secret,
        VersionStage=stage,
        **{direction: version},
    )


def _read_version(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = _version(aws, identity)
    if found is None:
        return None
    return {
        "arn": found["ARN"],
        "secretArn": found["ARN"],
        "secretString": found.get("SecretString", ""),
        "versionId": found["VersionId"],
        "versionStages": sorted(found.get("VersionStages", [])),
    }


def _delete_version(aws: Aws, identity: str, _props: Props) -> None:
    # AWS keeps the current version as long as the secret is there: only other labels go.
    found = _version(aws, identity) or {}
    for stage in found.get("VersionStages", []):
        if stage != _CURRENT:
            _move_stage(aws, identity, stage, "RemoveFromVersionId")


_SSM = "ssm"
_PARAMETER = {"ResourceType": "Parameter"}


def _put(aws: Aws, props: Props, overwrite: bool, **more: Any) -> None:
    value = props["insecureValue"] if "insecureValue" in props else props["value"]
    params = pick(
        props, "name", "type", "description", "keyId", "tier", "allowedPattern", "dataType"
    )
    aws.call(_SSM, "put_parameter", **params, Value=value, Overwrite=overwrite, **more)


def _create_parameter(aws: Aws, props: Props) -> str:
    name: str = props["name"]
    tags = given_tags(props)
    if props.get("overwrite"):
        _put(aws, props, overwrite=True)  # AWS takes no tags together with it
        if tags:
            aws.call(_SSM, "add_tags_to_resource", **_PARAMETER, ResourceId=name, **tags)
    else:
        _put(aws, props, overwrite=False, **tags)
    return name


_PUT_AGAIN = ("type", "value", "insecureValue", "description", "keyId", "tier", "allowedPattern")


def _update_parameter(aws: Aws, name: str, change: Change) -> None:
    if change.touches(*_PUT_AGAIN):
        _put(aws, change.new, overwrite=change.new.get("overwrite", True))
    added, removed = tag_changes(change)
    named = {**_PARAMETER, "ResourceId": name}
    if removed:
        aws.call(_SSM, "remove_tags_from_resource", **named, TagKeys=removed)
    if added:
        aws.call(_SSM, "add_tags_to_resource", **named, Tags=tag_list(added))


def _read_parameter(aws: Aws, name: str, props: Props) -> Props | None:
    found = one(lambda: [aws.call(_SSM, "get_parameter", Name=name, WithDecryption=True)])
    if found is None:
        return None
    value = found["Parameter"]
    named = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
    (facts,) = aws.call(_SSM, "describe_parameters", ParameterFilters=named)["Parameters"]
    tags = aws.call(_SSM, "list_tags_for_resource", **_PARAMETER, ResourceId=name)["TagList"]
    plain = "insecureValue" in props and value["Type"] != "SecureString"
    return {
        "tagsAll": tag_map(tags),
        "arn": value["ARN"],
        "name": name,
        "type": value["Type"],
        "insecureValue" if plain else "value": value["Value"],
        "description": facts.get("Description", ""),
        "dataType": value.get("DataType", "text"),
        "tier": facts.get("Tier", "Standard"),
        "version": value["Version"],
    }


def _delete_parameter(aws: Aws, name: str, _props: Props) -> None:
    quietly(lambda: aws.call(_SSM, "delete_parameter", Name=name))


SECRETS = [
    ResourceType(
        token="aws:secretsmanager/secret:Secret",
        create=_create_secret,
        read=_read_secret,
        update=_update_secret,
        delete=_delete_secret,
        replaces=("name",),
        updates=("description", "kmsKeyId", "recoveryWindowInDays"),
        computed=("arn",),
        defaults={"recoveryWindowInDays": 30},
        name="name",
    ),
    ResourceType(
        token="aws:secretsmanager/secretVersion:SecretVersion",
        create=_create_version,
        read=_read_version,
        update=_update_version,
        delete=_delete_version,
        replaces=("secretId", "secretString"),
        updates=("versionStages",),
        computed=("arn", "secretArn", "versionId", "versionStages"),
        tagged=False,
        required=("secretId", "secretString"),
    ),
    ResourceType(
        token="aws:ssm/parameter:Parameter",
        create=_create_parameter,
        read=_read_parameter,
        update=_update_parameter,
        delete=_delete_parameter,
        replaces=("name", "dataType"),
        updates=(*_PUT_AGAIN, "overwrite"),
        computed=("arn", "dataType", "tier", "version"),
        volatile=lambda change: ("version",) if change.touches(*_PUT_AGAIN) else (),
        name="name",
        required=("type",),
    ),
]
