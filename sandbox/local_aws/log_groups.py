"""CloudWatch Logs as moto serves it, with the retentions that AWS knows."""

from __future__ import annotations

import moto.logs.urls
from moto.logs.exceptions import InvalidParameterException
from moto.logs.responses import LogsResponse

_DAYS = {
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
}  # fmt: skip


class LocalLogsResponse(LogsResponse):
    """The action that differs from moto's."""

    def put_retention_policy(self) -> str:
        """moto takes any number of days."""
        days = self._get_param("retentionInDays")
        if int(days) not in _DAYS:
            raise InvalidParameterException(
                constraint=f"Member must satisfy enum value set: {sorted(_DAYS)}",
                parameter="retentionInDays",
                value=days,
            )
        return super().put_retention_policy()


def install() -> None:
    """Make moto's server answer CloudWatch Logs with this class; before its first request."""
    moto.logs.urls.url_paths["{0}/$"] = LocalLogsResponse.dispatch
