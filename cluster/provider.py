"""The one AWS provider that every resource of a stack uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from cluster import tags

# The provider's 25 retries hold a launch that has no capacity for most of an hour; 8 give up
# after some minutes and still ride out throttling.
_MAX_RETRIES = 8
_TEXT = ("profile",)
_SECRET = ("accessKey", "secretKey", "token")
_STRUCTURED = (
    "allowedAccountIds",
    "assumeRoles",
    "assumeRoleWithWebIdentity",
    "forbiddenAccountIds",
    "maxRetries",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
)


def aws_provider(region: str, model: str, own: Mapping[str, str] | None = None) -> aws.Provider:
    """The provider of a region, which tags all it makes and honours the stack's `aws:` keys."""
    own_tags = {tags.PROJECT: pulumi.get_project()}
    shared = tags.shared_tags(pulumi.get_stack(), model, own)
    settings: dict[str, Any] = {
        "max_retries": _MAX_RETRIES,
        **_stack_settings(pulumi.Config("aws")),
    }
    default_tags = aws.ProviderDefaultTagsArgs(tags={**own_tags, **shared})
    return aws.Provider("aws", region=region, default_tags=default_tags, **settings)


def _stack_settings(config: pulumi.Config) -> dict[str, Any]:
    """The `aws:` keys: unlike the default provider, an explicit one does not read them itself."""
    found: dict[str, Any] = {key: config.get(key) for key in _TEXT}
    found |= {key: config.get_secret(key) for key in _SECRET}
    found |= {key: config.get_object(key) for key in _STRUCTURED}
    return {_snake(key): value for key, value in found.items() if value is not None}


def _snake(key: str) -> str:
    return re.sub(r"[A-Z]", lambda upper: f"_{upper.group().lower()}", key)
