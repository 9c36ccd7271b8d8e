"""Times reading a config.json and counting everything in it, in one warm process.

python -m benchmarks.inspect_speed CONFIG [CONFIG ...]
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from sizing import census
from sizing.configs import read_config
from sizing.precision import checkpoint_bytes

ROUNDS = 200


def main() -> None:
    """Prints the median and the worst of `ROUNDS` rounds for each file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("configs", type=Path, nargs="+")
    for file in parser.parse_args().configs:
        times = sorted(measure(file) for _ in range(ROUNDS))
        median, worst = statistics.median(times) * 1e3, times[-1] * 1e3
        print(f"{file.stem:56} median {median:6.3f} ms, worst of {ROUNDS} {worst:6.3f} ms")


def measure(file: Path) -> float:
    """Seconds to read the file and count parameters, cache, state and bytes."""
    start = time.perf_counter()
    spec = read_config(file)
    census.params_by_group(spec)
    census.params_active(spec)
    census.kv_bytes(spec, 8192)
    census.state_bytes_per_sequence(spec)
    checkpoint_bytes(spec)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
