"""Every request as it came in, one JSON line each, for tests and curious users."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

# How newer SDKs call a service that speaks CBOR, as CloudWatch does.
_OPERATION = re.compile(r"^/service/[^/]+/operation/(?P<action>\w+)$")
_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")


# Stands in the record for a value that must not lie in a file.
SECRET = "(secret)"


@dataclass(frozen=True)
class RecordedRequest:
    """One API call. `params` are flat, as sent: {"NetworkInterface.1.DeviceIndex": "0", ...}."""

    time: str
    service: str
    action: str
    region: str
    params: dict[str, Any]

    @property
    def nested(self) -> dict[str, Any]:
        """`params` as nested mappings and lists: {"NetworkInterface": [{"DeviceIndex": "0"}]}."""
        tree: dict[str, Any] = {}
        for path, value in self.params.items():
            _place(tree, path.split("."), value)
        return cast("dict[str, Any]", _with_lists(tree))


class Recorder:
    """WSGI middleware that appends each AWS request to a file; headers are never kept."""

    def __init__(self, app: WsgiApp, log: Path) -> None:
        self._app = app
        self._log = log
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = _body(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        if scope := credential_scope(environ):
            self._append(environ, body, *scope)
        return self._app(environ, start_response)

    def _append(self, environ: Environ, body: bytes, service: str, region: str) -> None:
        action, params = _call(environ, body)
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": service,
            "action": action,
            "region": region,
            "params": params,
        }
        with self._lock, self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_requests(log: Path, action: str | None = None) -> list[RecordedRequest]:
    """The recorded requests in the order they came, or only those of one action."""
    if not log.exists():
        return []
    lines = log.read_text(encoding="utf-8").splitlines()
    found = [RecordedRequest(**json.loads(line)) for line in lines]
    return [request for request in found if action in (None, request.action)]


def credential_scope(environ: Environ) -> tuple[str, str] | None:
    """(service, region) that a signed request is for; None for an unsigned one."""
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return (found["service"], found["region"]) if found else None


def _body(environ: Environ) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length:
        return environ["wsgi.input"].read(length)
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        return environ["wsgi.input"].read()
    return b""


def _call(environ: Environ, body: bytes) -> tuple[str, dict[str, Any]]:
    """(action, parameters) of a query request (EC2, IAM, STS), a JSON one (SSM) or a REST one."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        params: dict[str, Any] = json.loads(body or b"{}")
        action = str(target).rpartition(".")[2]
        return action, _without_secrets(action, params)
    if "form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        form.pop("Version", None)
        return form.pop("Action", ""), dict(form)
    path = str(environ.get("PATH_INFO", ""))
    if found := _OPERATION.search(path):
        return found["action"], {}  # a binary body
    return f"{environ['REQUEST_METHOD']} {path}", {}


def _without_secrets(action: str, params: dict[str, Any]) -> dict[str, Any]:
    """A secret parameter's or secret's value is not for the record."""
    # A parameter's type may be left out when it is overwritten: then it may be a secret one.
    plain = action != "PutParameter" or params.get("Type") in ("String", "StringList")
    hidden = ("SecretString", "SecretBinary", "" if plain else "Value")
    return {key: SECRET if key in hidden else value for key, value in params.items()}


def _place(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _with_lists(value: Any) -> Any:
    """Mappings whose keys are 1, 2, ... become lists."""
    if not isinstance(value, dict):
        return value
    node = cast("Mapping[str, Any]", value)
    inner = {key: _with_lists(item) for key, item in node.items()}
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
