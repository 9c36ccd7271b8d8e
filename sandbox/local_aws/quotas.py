"""Service Quotas for EC2, of which moto knows none."""

from __future__ import annotations

import json
from typing import Any

import moto.servicequotas.urls
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.responses import ServiceQuotasResponse

from sandbox.local_aws.limits import LIMITS, QUOTAS

_SERVICE = "ec2"


class LocalServiceQuotasResponse(ServiceQuotasResponse):
    """As moto's, with EC2's quotas for GPU instances."""

    def get_service_quota(self) -> str:
        """The account's value."""
        return self._one(applied=True) or super().get_service_quota()

    def get_aws_default_service_quota(self) -> str:
        """The value of an account for which nothing was changed."""
        found = self._one(applied=False)
        if found is None:
            raise NoSuchResource
        return found

    def list_service_quotas(self) -> str:
        """All of them."""
        return self._all(applied=True)

    def list_aws_default_service_quotas(self) -> str:
        """The same with the defaults."""
        if self._asked().get("ServiceCode") != _SERVICE:
            return super().list_aws_default_service_quotas()
        return self._all(applied=False)

    def _asked(self) -> dict[str, Any]:
        return json.loads(self.body)

    def _one(self, applied: bool) -> str | None:
        asked = self._asked()
        code = asked.get("QuotaCode", "")
        if asked.get("ServiceCode") != _SERVICE:
            return None
        if code not in QUOTAS:
            raise NoSuchResource
        return json.dumps({"Quota": self._quota(code, applied)})

    def _all(self, applied: bool) -> str:
        if self._asked().get("ServiceCode") != _SERVICE:
            raise NoSuchResource
        return json.dumps({"Quotas": [self._quota(code, applied) for code in QUOTAS]})

    def _quota(self, code: str, applied: bool) -> dict[str, Any]:
        quota = QUOTAS[code]
        place = f"{self.region}:{self.current_account}"
        return {
            "ServiceCode": _SERVICE,
            "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
            "QuotaArn": f"arn:{self.partition}:servicequotas:{place}:{_SERVICE}/{code}",
            "QuotaCode": code,
            "QuotaName": quota.name,
            "Value": LIMITS.quota(code) if applied else quota.default,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


def install() -> None:
    """Make moto's server answer Service Quotas with this class; before its first request."""
    moto.servicequotas.urls.url_paths["{0}/$"] = LocalServiceQuotasResponse.dispatch
