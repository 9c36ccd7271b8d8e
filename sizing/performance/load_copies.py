"""How many copies a load takes by simulation, and what those copies carry at the most."""

from __future__ import annotations

from math import ceil

from sizing.performance.load_options import Option, load_of_request
from sizing.performance.trial import Served, Trial, attempt
from sizing.request import Request

# Copies are found to this share: of a hundred it does not matter whether one fewer would do.
_FINE = 0.02
# More copies than this many times what means ask for: the targets are out of reach.
_MOST_TIMES = 16
# How much further each try goes than the one before it.
_GROWTH = 1.25
# What copies carry is found by halving this often between the load and what means allow.
_HALVINGS = 4


def least_copies(request: Request, option: Option) -> Trial:
    """The trial on the fewest copies that keep the targets, which `option` then has.

    `option.copies` are known not to. Where many times as many do not either, their trial.
    """
    low, most = option.copies, option.whole_nodes(option.copies * _MOST_TIMES)
    high, best, growth = low, None, _GROWTH
    while best is None:
        high = min(most, option.whole_nodes(max(high + 1, ceil(high * growth))))
        trial = _attempt(request, option, high)
        if trial.holds:
            best = trial
        elif high == most:
            return trial
        else:
            low, growth = high, growth * _GROWTH
    while high - low > max(option.copies_per_node, high * _FINE):
        middle = option.whole_nodes((low + high) // 2)
        if middle in (low, high):
            break
        trial = _attempt(request, option, middle)
        low, high, best = (low, middle, trial) if trial.holds else (middle, high, best)
    option.copies = high
    return best


def served(request: Request, option: Option, trial: Trial) -> Served:
    """How the option serves the load, with what its copies carry within the targets."""
    low, high = 1.0, option.highest * option.copies / trial.per_second
    for _ in range(_HALVINGS if high > low else 0):
        middle = (low + high) / 2
        times = _attempt(request, option, option.copies, middle)
        low, high = (middle, high) if times.holds else (low, middle)
    return Served(option.setup, option.copies, trial, low * trial.per_second)


def _attempt(request: Request, option: Option, copies: int, times: float = 1.0) -> Trial:
    return attempt(load_of_request(request), option.setup, option.screen, copies, times)
