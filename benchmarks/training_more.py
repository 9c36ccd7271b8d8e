"""Further published peak memories of training runs, table by table as their sources have them.

Each table names its source and date, the settings that all its runs share, and one figure a run.
A figure of None is a run that was out of memory.
"""

from __future__ import annotations

from benchmarks import (
    training_tables_axolotl,
    training_tables_litgpt,
    training_tables_qwen,
    training_tables_torch,
)

TABLES = (
    *training_tables_torch.TABLES,
    *training_tables_litgpt.TABLES,
    *training_tables_qwen.TABLES,
    *training_tables_axolotl.TABLES,
)
