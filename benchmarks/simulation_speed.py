"""How long simulating 100,000 requests takes, on one core.

    python benchmarks/simulation_speed.py

Cases differ in what cuts runs of equal steps short: how often requests arrive, how much they vary,
how many copies share them, and a cache that is full all the time.
"""

from __future__ import annotations

import sys
import time

from sizing.catalog.gpus import gpu
from sizing.deployment import make_deployment
from sizing.performance.arrivals import Lengths, poisson_arrivals
from sizing.performance.replica import Server
from sizing.performance.simulation import simulate
