"""Which reader turns which architecture's config into a ModelSpec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from sizing.architectures.facts import Facts
from sizing.model import Block, Dtype, Mtp, Run, Tensor, Tower


@dataclass(frozen=True, kw_only=True)
class Layers:
    """What an architecture's reader returns: its blocks in order, and what surrounds them."""

    hidden: int
    vocab: int
    tied: bool
    order: list[str]
    blocks: Mapping[str, Block]
    max_context: int | None = None
    norm_bias: bool = False
    final_norm: bool = True
    lm_head_bias: bool = False
    positions: int = 0
    tensors: tuple[Tensor, ...] = ()
    towers: tuple[Tower, ...] = ()
    mtp: Mtp | None = None
    notes: tuple[str, ...] = ()
    state_dtype: Dtype = "float32"

    def stack(self) -> tuple[Run, ...]:
        """Consecutive equal layers as runs."""
        return tuple(Run(block=name, count=len(list(run))) for name, run in groupby(self.order))

    def with_rest(self, tensors: tuple[Tensor, ...], note: str) -> Layers:
        """With parameters that are known to exist but not where."""
        return replace(self, tensors=(*self.tensors, *tensors), notes=(*self.notes, note))

    def used_blocks(self) -> dict[str, Block]:
        """The blocks that occur, in order of first use."""
        return {name: self.blocks[name] for name in dict.fromkeys(self.order)}


Reader = Callable[[Facts], Layers]


@dataclass(frozen=True)
class Architecture:
    """A reader and the family name it belongs to."""

    family: str
    read: Reader


_READERS: dict[str, Architecture] = {}


def register(family: str, *names: str, read: Reader) -> None:
    """Reads configs whose `architectures[0]` or `model_type` is one of `names` with `read`."""
    for name in names:
        _READERS[name] = Architecture(family, read)


def known() -> tuple[str, ...]:
    """Every architecture and model type that can be read."""
    return tuple(_READERS)


def find(architecture: str | None, model_type: str | None) -> Architecture | None:
    """The reader for this architecture, else for this model type, else None."""
    return _READERS.get(architecture or "") or _READERS.get(model_type or "")
