"""Asking an AWS account: clients made late, polite to rate limits, errors in one line."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

from sizing.errors import InputError

_T = TypeVar("_T")
_MAX_ATTEMPTS = 10
_TIMEOUT_S = 20


class Clients(Protocol):
    """Makes boto3 clients."""

    def client(self, service: str, region: str) -> Any:
        """A client of that service in that region."""
        ...


class BotoClients:
    """Clients with the credentials that boto3 finds, retrying at the pace that AWS allows."""

    def __init__(self) -> None:
        # boto3 has no types, and takes a second to import.
        self._session = cast("Any", import_module("boto3.session")).Session()
        self._config = cast("Any", import_module("botocore.config")).Config(
            retries={"mode": "adaptive", "max_attempts": _MAX_ATTEMPTS},
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
        )

    def client(self, service: str, region: str) -> Any:
        """A client of that service in that region."""
        return self._session.client(service, region_name=region, config=self._config)


class AwsError(Exception):
    """What AWS or the way to it answered instead of a result, in one line; `code` is AWS's."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


def asked(call: Callable[[], _T]) -> _T:
    """The result of a call. Raises InputError without credentials, AwsError for any other no."""
    errors = cast("Any", import_module("botocore.exceptions"))
    # A proxy's page of HTML: botocore raises this outside its own hierarchy.
    unreadable = cast("Any", import_module("botocore.parsers")).ResponseParserError
    try:
        return call()
    except (
        errors.NoCredentialsError,
        errors.PartialCredentialsError,
        errors.ProfileNotFound,
        errors.CredentialRetrievalError,
    ) as error:
        allowed = "an account's credentials: AWS_PROFILE, AWS_ACCESS_KEY_ID, `aws configure`"
        raise InputError("AWS credentials", None, f"{allowed} ({_line(error)})") from None
    except errors.ClientError as error:
        said = error.response.get("Error", {})
        raise AwsError(said.get("Code", "ClientError"), _line(said.get("Message", ""))) from None
    except (errors.BotoCoreError, unreadable) as error:
        raise AwsError(type(error).__name__, _line(error)) from None


def pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    """Every item under `key` of every page."""
    paginator = client.get_paginator(operation)
    return asked(lambda: [x for page in paginator.paginate(**arguments) for x in page.get(key, [])])


def _line(text: object) -> str:
    return " ".join(str(text).split())
