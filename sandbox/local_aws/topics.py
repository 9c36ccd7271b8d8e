"""SNS as moto serves it, where an address must first say yes."""

from __future__ import annotations

from typing import Any, cast

import moto.sns.urls
from moto.core.responses import ActionResult
from moto.sns.responses import SNSResponse

_ASKED_FIRST = ("email", "email-json", "http", "https")


class LocalSnsResponse(SNSResponse):
    """The action that differs from moto's."""

    def subscribe(self) -> ActionResult:
        """moto takes every subscription for confirmed."""
        result = super().subscribe()
        if self._get_param("Protocol") in _ASKED_FIRST:
            arn = cast("dict[str, str]", result.result)["SubscriptionArn"]
            attributes: dict[str, Any] = self.backend.subscriptions[arn].attributes
            attributes.update(PendingConfirmation="true", ConfirmationWasAuthenticated="false")
        return result


def install() -> None:
    """Make moto's server answer SNS with this class; before its first request."""
    moto.sns.urls.url_paths["{0}/$"] = LocalSnsResponse.dispatch
