"""Which models the catalogue lists, under which names people type them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """One catalogue model. `config` names the config file where it is not the id's own.

    `nominal` is the marketed parameter count, for the rule of thumb.
    """

    name: str
    hf_id: str
    nominal: float | None = None
    config: str | None = None
    aliases: tuple[str, ...] = ()


def _meta(name: str, size: str, nominal: float, version: str = "3.1") -> Listed:
    ids = (f"meta-llama/Llama-{version}-{size}", f"meta-llama/Meta-Llama-{version}-{size}-Instruct")
    return Listed(
        name,
        f"meta-llama/Llama-{version}-{size}-Instruct",
        nominal,
        f"meta-llama/Meta-Llama-{version}-{size}",
        (*ids, f"{name}-instruct", f"meta-llama-{version}-{size}"),
    )


MODELS = (
    _meta("llama-3.1-8b", "8B", 8e9),
    _meta("llama-3.1-70b", "70B", 70e9),
    _meta("llama-3.1-405b", "405B", 405e9),
    Listed(
        "llama-3.3-70b",
        "meta-llama/Llama-3.3-70B-Instruct",
        70e9,
        None,
        ("llama-3.3-70b-instruct",),
    ),
    Listed(
        "llama-3.2-3b",
        "meta-llama/Llama-3.2-3B-Instruct",
        3e9,
        None,
        ("llama-3.2-3b-instruct", "meta-llama/Llama-3.2-3B"),
    ),
)
