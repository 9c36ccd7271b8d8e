"""How fast a layout serves: time of a step, latency and throughput under a load, energy, money."""
