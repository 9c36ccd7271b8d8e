"""Real boto3 clients with set answers, in any order of the questions."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from tests.cluster.preflight.answers import REGION

_SERVICES = ("ec2", "service-quotas", "secretsmanager")


class StubbedAccount:
    """Answers are given by service and operation; an operation without one is denied.

    `asked` records every call, as (operation, its arguments).
    """

    def __init__(self, **answers: Any) -> None:
        session = cast("Any", import_module("boto3.session")).Session(
            aws_access_key_id="dummy", aws_secret_access_key="dummy"
        )
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers
        self._clients = {s: self._stubbed(session.client(s, region_name=REGION)) for s in _SERVICES}

    def client(self, service: str, region: str) -> Any:
        """A client that answers as set."""
        assert region == REGION
        return self._clients[service]

    def operations(self) -> set[str]:
        """The operations that were called."""
        return {operation for operation, _ in self.asked}

    def _stubbed(self, client: Any) -> Any:
        stubber = cast("Any", import_module("botocore.stub")).Stubber(client)

        def answer(operation: str, arguments: dict[str, Any]) -> Any:
            self.asked.append((operation, arguments))
            name = _snake(operation)
            given = self._answers.get(name, ("UnauthorizedOperation", "not allowed"))
            if callable(given):
                given = given(**arguments)
            # The stubber checks both the arguments and the answer against AWS's own model.
            stubber.activate()
            if isinstance(given, tuple):
                code, message = cast("tuple[str, str]", given)
                stubber.add_client_error(name, code, message, 400)
            else:
                stubber.add_response(name, given)
            try:
                return original(operation, arguments)
            finally:
                stubber.deactivate()

        original = client._make_api_call
        client._make_api_call = answer
        return client


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
