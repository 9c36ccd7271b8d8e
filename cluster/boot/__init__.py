"""The software of a node: user data, units, scripts, and the engine's command line."""

from cluster.boot.container import container_image, lacks_efa
from cluster.boot.document import MAX_BYTES, user_data
from cluster.boot.flags import streams

__all__ = ["MAX_BYTES", "container_image", "lacks_efa", "streams", "user_data"]
