"""The plugin process: `python -m sandbox.aws_provider`."""

from __future__ import annotations

from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.aws_provider.provider import AwsProvider
from sandbox.plugin_server import serve
from sandbox.plugins import sdk_version


def main() -> None:
    """Serve until the engine is done with us."""
    provider = AwsProvider(version=sdk_version())
    serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server),
        on_close=lambda: None,
    )


if __name__ == "__main__":
    main()
