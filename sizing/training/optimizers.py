"""Optimisers and the state that each keeps per trained parameter."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sizing.errors import unknown_name
from sizing.weight import Weight

FUSED_BACKWARD = "-fused-backward"
"""The suffix of an optimiser that steps inside the backward pass, tensor by tensor."""

_BLOCK = 256
"""bitsandbytes and torchao quantise 8-bit states in blocks of this, a float32 scale for each."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """`moments` are kept per parameter, each in the training state's dtype or `moment_bytes`.

    `factored` keeps a row and a column per matrix instead (Adafactor's second moment); `matrices`
    are the moments that hidden matrices have where those differ from the rest (Muon). `paged`
    states lie in unified memory that the driver moves to the host when the GPU is short.
    `in_place` trains 16-bit weights without a float32 copy.
    """

    name: str
    label: str
    moments: int
    moment_bytes: float | None = None
    matrix_moments: int | None = None
    factored: bool = False
    paged: bool = False
    in_place: bool = False
    fused_backward: bool = False
    source: str = ""

    def state_bytes(self, weight: Weight, dtype_bytes: float) -> float:
        """Bytes of this tensor's state (all copies); `dtype_bytes` is an unquantised moment's."""
        if self.factored:
            lines = weight.rows + weight.cols if weight.cols > 1 else weight.rows
            return 4.0 * lines * weight.copies
        moments = self.moments
        if self.matrix_moments is not None and weight.group in ("linear", "expert"):
            moments = self.matrix_moments
        return weight.elements * moments * (self.moment_bytes or dtype_bytes)


_ADAMW = Optimizer(
    "adamw", "AdamW", 2, source="Loshchilov and Hutter, arXiv:1711.05101: two moments"
)
_8BIT = replace(
    _ADAMW,
    name="adamw8bit",
    label="8-bit AdamW",
    moment_bytes=1 + 4 / _BLOCK,
    in_place=True,
    source="Dettmers et al., arXiv:2110.02861: two moments in blocks of 8 bits",
)
OPTIMIZERS: dict[str, Optimizer] = {
    o.name: o
    for o in (
        _ADAMW,
        replace(
            _ADAMW,
            name="adamw-bf16",
            label="AdamW with 16-bit states",
            moment_bytes=2,
            in_place=True,
        ),
        _8BIT,
        replace(_ADAMW, name="paged-adamw", label="paged AdamW", paged=True, in_place=True),
        replace(_8BIT, name="paged-adamw8bit", label="paged 8-bit AdamW", paged=True),
        Optimizer(
            "adafactor",
            "Adafactor",
            0,
            factored=True,
            in_place=True,
            source="Shazeer and Stern, arXiv:1804.04235: a row and a column per matrix",
        ),
        Optimizer(
            "muon",
            "Muon",
            2,
            matrix_moments=1,
            source="Jordan et al. 2024: one momentum per hidden matrix, AdamW for the rest",
        ),
        Optimizer("lion", "Lion", 1, source="Chen et al., arXiv:2302.06675: one moment"),
        Optimizer("sgd", "SGD", 0),
        Optimizer("sgd-momentum", "SGD with momentum", 1),
    )
}
_ALIASES = {
    "adamw-8bit": "adamw8bit",
    "adam8bit": "adamw8bit",
    "adamw_8bit": "adamw8bit",
    "adamw_bnb_8bit": "adamw8bit",
    "paged-adamw-8bit": "paged-adamw8bit",
    "paged_adamw_8bit": "paged-adamw8bit",
    "paged_adamw_32bit": "paged-adamw",
    "adamw_torch": "adamw",
    "adamw_torch_fused": "adamw",
    "adam": "adamw",
}


def parse_optimizer(text: str, key: str = "optimizer") -> Optimizer:
    """The named optimiser, with `-fused-backward` after it if it steps inside the backward pass.

    Raises InputError with the nearest name.
    """
    name = text.strip().lower()
    fused = name.endswith(FUSED_BACKWARD)
    base = name.removesuffix(FUSED_BACKWARD)
    base = _ALIASES.get(base, base)
    if base not in OPTIMIZERS:
        names = [*OPTIMIZERS, *(f"{n}{FUSED_BACKWARD}" for n in ("adamw", "adamw8bit"))]
        raise unknown_name(key, text, names, f", each also with {FUSED_BACKWARD}")
    found = OPTIMIZERS[base]
    if not fused:
        return found
    label = f"{found.label} fused into the backward pass"
    return replace(
        found, name=f"{base}{FUSED_BACKWARD}", label=label, fused_backward=True, in_place=True
    )
