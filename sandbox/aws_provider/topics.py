"""The table's SNS types: topics, their policies and subscriptions."""

from __future__ import annotations

from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    given_tags,
    one,
    quietly,
    retag_by_arn,
)
from sandbox.aws_provider.values import Props, tag_map

_SNS = "sns"
# Property -> the attribute's name; each is set by a call of its own.
_TOPIC = {
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}


def _create_topic(aws: Aws, props: Props) -> str:
    attributes = {name: str(props[key]) for key, name in _TOPIC.items() if props.get(key)}
    answer = aws.call(
        _SNS, "create_topic", Name=props["name"], Attributes=attributes, **given_tags(props)
    )
    return answer["TopicArn"]


def _topic(aws: Aws, arn: str) -> Props | None:
    found = one(lambda: [aws.call(_SNS, "get_topic_attributes", TopicArn=arn)])
    return found["Attributes"] if found else None


def _set_topic(aws: Aws, arn: str, name: str, value: str) -> None:
    aws.call(_SNS, "set_topic_attributes", TopicArn=arn, AttributeName=name, AttributeValue=value)


def _update_topic(aws: Aws, arn: str, change: Change) -> None:
    for key, name in _TOPIC.items():
        if change.touches(key):
            _set_topic(aws, arn, name, str(change.new.get(key, "")))
    retag_by_arn(aws, _SNS, "ResourceArn", arn, change)


def _read_topic(aws: Aws, arn: str, props: Props) -> Props | None:
    found = _topic(aws, arn)
    if found is None:
        return None
    tags = aws.call(_SNS, "list_tags_for_resource", ResourceArn=arn)["Tags"]
    # A policy may be a TopicPolicy's: only the topic's own can drift here.
    ours = {key: name for key, name in _TOPIC.items() if key != "policy" or key in props}
    return {
        **{key: found[name] for key, name in ours.items() if found.get(name)},
        "tagsAll": tag_map(tags),
        "arn": arn,
        "name": arn.rpartition(":")[2],
        "owner": found["Owner"],
    }


def _delete_topic(aws: Aws, arn: str, _props: Props) -> None:
    quietly(lambda: aws.call(_SNS, "delete_topic", TopicArn=arn))


def _put_policy(aws: Aws, props: Props) -> str:
    _set_topic(aws, props["arn"], "Policy", props["policy"])
    return props["arn"]


def _update_policy(aws: Aws, _identity: str, change: Change) -> None:
    _put_policy(aws, change.new)


def _read_policy(aws: Aws, arn: str, _props: Props) -> Props | None:
    found = _topic(aws, arn)
    return {"arn": arn, "policy": found["Policy"], "owner": found["Owner"]} if found else None


def _delete_policy(aws: Aws, arn: str, _props: Props) -> None:
    # A topic always has a policy: what is left is AWS's own, which lets its owner in.
    default = (
        '{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":'
        '"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":'
        '["SNS:Publish","SNS:Subscribe"],"Resource":"%s","Condition":{"StringEquals":'
        '{"AWS:SourceOwner":"%s"}}}]}'
    )
    quietly(lambda: _set_topic(aws, arn, "Policy", default % (arn, aws.account_id)))


_SUBSCRIPTION = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
}


def _attribute(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _subscribe(aws: Aws, props: Props) -> str:
    given = {name: _attribute(props[key]) for key, name in _SUBSCRIPTION.items() if key in props}
    answer = aws.call(
        _SNS,
        "subscribe",
        TopicArn=props["topic"],
        Protocol=props["protocol"],
        Endpoint=props["endpoint"],
        Attributes=given,
        ReturnSubscriptionArn=True,
    )
    return answer["SubscriptionArn"]


def _update_subscription(aws: Aws, arn: str, change: Change) -> None:
    for key, name in _SUBSCRIPTION.items():
        if change.touches(key):
            aws.call(
                _SNS,
                "set_subscription_attributes",
                SubscriptionArn=arn,
                AttributeName=name,
                AttributeValue=_attribute(change.new.get(key, "")),
            )


def _read_subscription(aws: Aws, arn: str, _props: Props) -> Props | None:
    found = one(lambda: [aws.call(_SNS, "get_subscription_attributes", SubscriptionArn=arn)])
    if found is None:
        return None
    live: Props = found["Attributes"]
    return {
        **({"filterPolicy": live["FilterPolicy"]} if live.get("FilterPolicy") else {}),
        "arn": arn,
        "topic": live["TopicArn"],
        "protocol": live["Protocol"],
        "endpoint": live["Endpoint"],
        "ownerId": live["Owner"],
        "rawMessageDelivery": live.get("RawMessageDelivery") == "true",
        "pendingConfirmation": live.get("PendingConfirmation") == "true",
        "confirmationWasAuthenticated": live.get("ConfirmationWasAuthenticated") == "true",
    }


def _unsubscribe(aws: Aws, arn: str, _props: Props) -> None:
    quietly(lambda: aws.call(_SNS, "unsubscribe", SubscriptionArn=arn))


TOPICS = [
    ResourceType(
        token="aws:sns/topic:Topic",
        create=_create_topic,
        read=_read_topic,
        update=_update_topic,
        delete=_delete_topic,
        replaces=("name",),
        updates=tuple(_TOPIC),
        computed=("arn", "owner"),
        name="name",
    ),
    ResourceType(
        token="aws:sns/topicPolicy:TopicPolicy",
        create=_put_policy,
        read=_read_policy,
        update=_update_policy,
        delete=_delete_policy,
        replaces=("arn",),
        updates=("policy",),
        computed=("owner",),
        tagged=False,
        required=("arn", "policy"),
    ),
    ResourceType(
        token="aws:sns/topicSubscription:TopicSubscription",
        create=_subscribe,
        read=_read_subscription,
        update=_update_subscription,
        delete=_unsubscribe,
        replaces=("topic", "protocol", "endpoint"),
        updates=(*_SUBSCRIPTION, "confirmationTimeoutInMinutes", "endpointAutoConfirms"),
        computed=("arn", "confirmationWasAuthenticated", "ownerId", "pendingConfirmation"),
        defaults={
            "confirmationTimeoutInMinutes": 1,
            "endpointAutoConfirms": False,
            "rawMessageDelivery": False,
        },
        tagged=False,
        required=("topic", "protocol", "endpoint"),
    ),
]
