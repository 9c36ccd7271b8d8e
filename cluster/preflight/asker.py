"""Questions that AWS may refuse: a refusal is an answer too, and never stops a preview."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cluster.preflight.facts import Unanswered
from cluster.preflight.session import NO_ROLE
from sizing.aws import AwsError
from sizing.errors import InputError

_T = TypeVar("_T")
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
# After one of these every further question would only wait for the same time-out.
_NO_WAY = frozenset(
    {
        NO_ROLE,
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "SSLError",
    }
)
_CREDENTIALS = "AWS credentials"
_NOISE = "Encoded authorization failure message"
_SHOWN = 200


class Asker:
    """Asks AWS until there turn out to be no credentials or no way to it."""

    def __init__(self) -> None:
        self._hopeless: Unanswered | None = None

    def ask(self, action: str, question: Callable[[], _T]) -> _T | Unanswered:
        """The answer, or why there is none. `action` is the IAM action that the question takes.

        An InputError of the question's own passes; that there are no credentials is no error here.
        """
        if self._hopeless:
            return self._hopeless
        try:
            return question()
        except AwsError as error:
            refused = Unanswered(_reason(action, error))
            if error.code in _NO_WAY:
                self._hopeless = refused
            return refused
        except InputError as error:
            if error.key != _CREDENTIALS:
                raise
            self._hopeless = Unanswered(_short(error.message))
            return self._hopeless


def _reason(action: str, error: AwsError) -> str:
    if error.code in DENIED:
        return f"AWS denies {action} ({error.code})"
    return _short(str(error))


def _short(text: str) -> str:
    said = text.partition(_NOISE)[0].strip()
    return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 3]}..."
