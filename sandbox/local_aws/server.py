"""The local AWS's process: `python -m sandbox.local_aws.server FOLDER`.

It binds a free port on loopback, writes its URL to FOLDER/endpoint once it answers, and records
each request in FOLDER/requests.jsonl. It runs until it is told to stop.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any

from sandbox.local_aws.recorder import Environ, Recorder, StartResponse, WsgiApp, credential_scope

ENDPOINT_FILE = "endpoint"
REQUESTS_FILE = "requests.jsonl"
CONTROL_PREFIX = "/sandbox/"
HEALTH_PATH = f"{CONTROL_PREFIX}health"

# Read by moto when it is imported: AWS's own policies exist, an unknown image is an error.
_MOTO_SETTINGS = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_ENABLE_AMI_VALIDATION": "true"}
_SEEDED_SERVICES = ("ec2", "ssm")
_ACCOUNT = "123456789012"


class LocalAws:
    """moto's server as one WSGI application, with the control paths and the seeded images."""

    def __init__(self) -> None:
        os.environ.update(_MOTO_SETTINGS)
        # Imported after the settings, which moto reads once.
        from sandbox.local_aws import ec2, load_balancing, log_groups, quotas, topics
        from sandbox.local_aws.control import control
        from sandbox.local_aws.images import seed_images

        for service in (ec2, load_balancing, log_groups, quotas, topics):
            service.install()
        self._control = control
        server = _moto_server()
        self._moto: WsgiApp = server.DomainDispatcherApplication(server.create_backend_app)
        self._seed_images = seed_images
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO"))
        if path == HEALTH_PATH:  # also while a long request is at work
            return self._answer(environ, path, start_response)
        with self._lock:  # moto's in-memory stores are not safe to change from several threads
            if path.startswith(CONTROL_PREFIX):
                return self._answer(environ, path, start_response)
            service, region = credential_scope(environ) or ("", "")
            if service in _SEEDED_SERVICES:
                self._seed_images(_ACCOUNT, region)
            return self._moto(environ, start_response)

    def _answer(
        self, environ: Environ, path: str, start_response: StartResponse
    ) -> Iterable[bytes]:
        body: bytes = environ["wsgi.input"].read()  # the recorder has made it whole
        status, text = self._control(environ["REQUEST_METHOD"], path, body, _ACCOUNT)
        start_response(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", "text/plain")])
        return [text.encode()]


def main() -> None:
    """Serve until SIGTERM."""
    from werkzeug.serving import make_server

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    app = Recorder(LocalAws(), folder / REQUESTS_FILE)
    listener = _listen(folder)
    host, port = listener.getsockname()
    handler = _quiet_handler()
    server = make_server(
        host, port, app, threaded=True, request_handler=handler, fd=listener.fileno()
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal is not for us
    _announce(folder, port)
    server.serve_forever()


def _listen(folder: Path) -> socket.socket:
    """A free port; after a restart the last one again if it is free, so that exports still hold."""
    try:
        last = int((folder / ENDPOINT_FILE).read_text().rpartition(":")[2])
        return socket.create_server(("127.0.0.1", last))
    except (OSError, ValueError):
        return socket.create_server(("127.0.0.1", 0))


def _moto_server() -> Any:
    return import_module("moto.moto_server.werkzeug_app")  # without types


def _quiet_handler() -> Any:
    """moto's handler without a log line for each request: the recorder has them."""
    return type("QuietHandler", (_moto_server().MotoRequestHandler,), {"log_request": _no_line})


def _no_line(*_: object) -> None:
    return None


def _announce(folder: Path, port: int) -> None:
    """Write the URL whole: a reader never sees half of it."""
    partial = folder / f"{ENDPOINT_FILE}.partial"
    partial.write_text(f"http://127.0.0.1:{port}")
    partial.rename(folder / ENDPOINT_FILE)


if __name__ == "__main__":
    main()
