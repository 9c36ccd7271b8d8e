"""The table's IAM types: roles, their policies, instance profiles."""

from __future__ import annotations

import json
from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    given_tags,
    live_tags,
    one,
    quietly,
    tag_changes,
)
from sandbox.aws_provider.values import Props, pick, tag_list


def _retag(aws: Aws, kind: str, parameter: str, name: str, change: Change) -> None:
    added, removed = tag_changes(change)
    named = {parameter: name}
    if removed:
        aws.iam(f"untag_{kind}", **named, TagKeys=removed)
    if added:
        aws.iam(f"tag_{kind}", **named, Tags=tag_list(added))


def _document(policy: Any) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)


def _create_role(aws: Aws, props: Props) -> str:
    aws.iam(
        "create_role",
        RoleName=props["name"],
        AssumeRolePolicyDocument=_document(props["assumeRolePolicy"]),
        **pick(props, "description", "maxSessionDuration", "path"),
        **given_tags(props),
    )
    return props["name"]


def _update_role(aws: Aws, identity: str, change: Change) -> None:
    if change.touches("assumeRolePolicy"):
        document = _document(change.new["assumeRolePolicy"])
        aws.iam("update_assume_role_policy", RoleName=identity, PolicyDocument=document)
    if change.touches("description", "maxSessionDuration"):
        aws.iam(
            "update_role",
            RoleName=identity,
            **pick(change.new, "description", "maxSessionDuration"),
        )
    _retag(aws, "role", "RoleName", identity, change)


def _read_role(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = one(lambda: [aws.iam("get_role", RoleName=identity)["Role"]])
    if found is None:
        return None
    return {
        **live_tags(found),
        "arn": found["Arn"],
        "name": found["RoleName"],
        "uniqueId": found["RoleId"],
        "assumeRolePolicy": json.dumps(found["AssumeRolePolicyDocument"]),
        "createDate": str(found["CreateDate"]),
    }


def _delete_role(aws: Aws, identity: str, _props: Props) -> None:
    quietly(lambda: aws.iam("delete_role", RoleName=identity))


def _policy_id(props: Props) -> str:
    return f"{props['role']}:{props['name']}"


def _create_role_policy(aws: Aws, props: Props) -> str:
    document = _document(props["policy"])
    names = {"RoleName": props["role"], "PolicyName": props["name"]}
    aws.iam("put_role_policy", **names, PolicyDocument=document)
    return _policy_id(props)


def _update_role_policy(aws: Aws, _identity: str, change: Change) -> None:
    _create_role_policy(aws, change.new)


def _read_role_policy(aws: Aws, _identity: str, props: Props) -> Props | None:
    names = {"RoleName": props["role"], "PolicyName": props["name"]}
    found = one(lambda: [aws.iam("get_role_policy", **names)])
    return {"policy": json.dumps(found["PolicyDocument"])} if found else None


def _delete_role_policy(aws: Aws, _identity: str, props: Props) -> None:
    names = {"RoleName": props["role"], "PolicyName": props["name"]}
    quietly(lambda: aws.iam("delete_role_policy", **names))


def _create_attachment(aws: Aws, props: Props) -> str:
    aws.iam("attach_role_policy", RoleName=props["role"], PolicyArn=props["policyArn"])
    return f"{props['role']}/{props['policyArn']}"


def _read_attachment(aws: Aws, _identity: str, props: Props) -> Props | None:
    attached = one(
        lambda: [aws.iam("list_attached_role_policies", RoleName=props["role"], MaxItems=1000)]
    )
    arns = {policy["PolicyArn"] for policy in (attached or {}).get("AttachedPolicies", [])}
    return {} if props["policyArn"] in arns else None


def _delete_attachment(aws: Aws, _identity: str, props: Props) -> None:
    names = {"RoleName": props["role"], "PolicyArn": props["policyArn"]}
    quietly(lambda: aws.iam("detach_role_policy", **names))


def _create_profile(aws: Aws, props: Props) -> str:
    name: str = props["name"]
    aws.iam(
        "create_instance_profile",
        InstanceProfileName=name,
        **pick(props, "path"),
        **given_tags(props),
    )
    if role := props.get("role"):
        aws.iam("add_role_to_instance_profile", InstanceProfileName=name, RoleName=role)
    return name


def _drop_role(aws: Aws, profile: str, role: str | None) -> None:
    names = {"InstanceProfileName": profile, "RoleName": role}
    if role:
        quietly(lambda: aws.iam("remove_role_from_instance_profile", **names))


def _update_profile(aws: Aws, identity: str, change: Change) -> None:
    if change.touches("role"):
        _drop_role(aws, identity, change.old.get("role"))
        aws.iam(
            "add_role_to_instance_profile",
            InstanceProfileName=identity,
            RoleName=change.new["role"],
        )
    _retag(aws, "instance_profile", "InstanceProfileName", identity, change)


def _read_profile(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = one(
        lambda: [aws.iam("get_instance_profile", InstanceProfileName=identity)["InstanceProfile"]]
    )
    if found is None:
        return None
    return {
        **live_tags(found),
        "arn": found["Arn"],
        "name": found["InstanceProfileName"],
        "uniqueId": found["InstanceProfileId"],
        "createDate": str(found["CreateDate"]),
        "role": found["Roles"][0]["RoleName"] if found["Roles"] else "",
    }


def _delete_profile(aws: Aws, identity: str, props: Props) -> None:
    _drop_role(aws, identity, props.get("role"))  # a profile with a role cannot be deleted
    quietly(lambda: aws.iam("delete_instance_profile", InstanceProfileName=identity))


IDENTITY = [
    ResourceType(
        token="aws:iam/role:Role",
        create=_create_role,
        read=_read_role,
        update=_update_role,
        delete=_delete_role,
        replaces=("name", "path"),
        updates=("assumeRolePolicy", "description", "maxSessionDuration"),
        computed=("arn", "createDate", "uniqueId"),
        defaults={"path": "/"},
        name="name",
        required=("assumeRolePolicy",),
    ),
    ResourceType(
        token="aws:iam/rolePolicy:RolePolicy",
        create=_create_role_policy,
        read=_read_role_policy,
        update=_update_role_policy,
        delete=_delete_role_policy,
        replaces=("name", "role"),
        updates=("policy",),
        name="name",
        tagged=False,
        required=("role", "policy"),
    ),
    ResourceType(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        create=_create_attachment,
        read=_read_attachment,
        delete=_delete_attachment,
        replaces=("role", "policyArn"),
        tagged=False,
        required=("role", "policyArn"),
    ),
    ResourceType(
        token="aws:iam/instanceProfile:InstanceProfile",
        create=_create_profile,
        read=_read_profile,
        update=_update_profile,
        delete=_delete_profile,
        replaces=("name", "path"),
        updates=("role",),
        computed=("arn", "createDate", "uniqueId"),
        defaults={"path": "/"},
        name="name",
    ),
]  # fmt: skip
