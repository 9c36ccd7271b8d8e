"""IMDSv2: a node's credentials must not be had by one unguarded request."""

from __future__ import annotations

from policy.resources import LAUNCHES, Resource
from policy.values import UNKNOWN, block


def weak_metadata(resource: Resource) -> str | None:
    """What is wrong where the metadata service answers without a session token."""
    options = resource.props.get("metadataOptions")
    if resource.kind not in LAUNCHES or options is UNKNOWN:
        return None
    tokens, endpoint = block(options).get("httpTokens"), block(options).get("httpEndpoint")
    if tokens in ("required", UNKNOWN) or endpoint in ("disabled", UNKNOWN):
        return None
    if tokens is None and resource.has_template:
        return None  # the template says it, and is checked itself
    found = "is not set" if tokens is None else f"is {tokens!r}"
    return f"metadataOptions.httpTokens {found}: it must be 'required' (IMDSv2)"
