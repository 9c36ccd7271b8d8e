"""What every Pulumi plugin has in common: a loopback gRPC server whose port is the first line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc

# The SDK's own limit: states with large outputs pass gRPC's default of 4 MB.
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024


def serve(register: Callable[[grpc.Server], None], on_close: Callable[[], None]) -> None:
    """Serve until the engine interrupts us or closes our stdin (it died), then exit at once.

    `register` adds the servicer to the server; `on_close` ends what the plugin started.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # how the engine says that it is done with us
        signal.signal(number, lambda _number, _frame: _exit(on_close))
    server = grpc.server(
        ThreadPoolExecutor(max_workers=32),
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
        ],
    )
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while os.read(0, 4096):
        pass
    _exit(on_close)


def _exit(on_close: Callable[[], None]) -> None:
    on_close()
    os._exit(0)  # a call that still runs must not keep an orphan alive
