"""Which Hugging Face repository stores a model at a precision.

A row is there only where its source names exactly that repository: one that a naming habit
suggests but nobody published would show when the nodes are already running.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from sizing.catalog.model_store import canonical, find_name
from sizing.catalog.store import read
from sizing.checkpoint import Checkpoint
from sizing.errors import InputError
from sizing.model import Dense, Gqa, ModelSpec, Scaling
from sizing.precision import GGUF_KINDS, PRECISIONS, Precision, native_precision, same_kind
from sizing.resolve import is_path, precision_in_name

_HUB_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_S3 = re.compile(r"s3://[\w.-]{3,63}(/[^\s@]*)?")
_REVISION = re.compile(r"[\w./-]{1,200}")
_SIXTEEN_BITS = ("bf16", "fp16")


class Row(BaseModel):
    """A repository that stores a catalogue model at a precision.

    `of` is the model's id whose weights these are, where that is not the catalogue's own (a base
    beside its Instruct). `keep`, `scaling` and `group_size` are how the files differ from the named
    format, where a source says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: str
    repository: str
    revision: str | None = None
    of: str | None = None
    keep: tuple[str, ...] = ()
    scaling: Scaling | None = None
    group_size: int | None = None
    source: str
    as_of: str

    @property
    def format(self) -> Precision:
        """The named format with this repository's own deviations."""
        named = PRECISIONS[self.precision]
        scaling = self.scaling or named.scaling
        group = (self.group_size or named.group_size) if scaling == "group" else 0
        return replace(named, keep=self.keep, scaling=scaling, group_size=group)


class _Meant(NamedTuple):
    """The repository that a name stands for, and how it stores the model."""

    repository: str
    stored: Precision | None
    source: str
    as_of: str | None = None


def checkpoint_for(
    spec: ModelSpec, precision: Precision, named: str | None = None
) -> Checkpoint | None:
    """The files that hold `spec` at `precision`, None where none are known.

    `named` is the model as the user typed it: a full `org/name` id is served as it stands if it
    stores that precision, and other weights than those it names are never put in its place.
    """
    meant = _meant(spec, named)
    if meant is None or spec.unsupported_reason or precision.name in GGUF_KINDS:
        return None
    if meant.stored and serves(precision, meant.stored):
        return _checkpoint(meant.repository, meant.source, meant.as_of)
    row = _row(spec, precision, meant.repository)
    if row:
        return _checkpoint(row.repository, row.source, row.as_of, row.revision)
    if meant.stored and _made_while_loading(spec, precision, meant.stored):
        return _checkpoint(meant.repository, meant.source, meant.as_of, quantization="bitsandbytes")
    return None


def known_checkpoints(spec: ModelSpec, named: str | None = None) -> dict[str, Checkpoint]:
    """Every precision that can be served, by name; 16 bits once, as the files have them."""
    native = native_precision(spec).name
    own = native if native in _SIXTEEN_BITS else "bf16"
    names = [n for n in PRECISIONS if n not in _SIXTEEN_BITS or n == own]
    found = ((n, checkpoint_for(spec, _as_stored(spec, n), named)) for n in names)
    return {name: checkpoint for name, checkpoint in found if checkpoint}


def serves(asked: Precision, stored: Precision) -> bool:
    """Whether files that store `stored` serve what was sized as `asked`.

    16 bits serve each other: vLLM casts, and casts 32 down. Blocks do not serve a plain fp8: they
    restrict the layouts.
    """
    if asked.name in _SIXTEEN_BITS:
        return stored.name in (*_SIXTEEN_BITS, "fp32")
    if asked.name == "fp8":
        return stored.name == "fp8"
    return same_kind(asked, stored)


def stored_format(spec: ModelSpec, planned: Precision, checkpoint: Checkpoint) -> Precision:
    """How the checkpoint's files are known to store the model; as planned where nothing differs."""
    rows = (row for row in _rows(spec.name) if row.repository == checkpoint.repository)
    row = next(rows, None)
    return row.format if row else planned


def parse_checkpoint(text: str, key: str = "serving.checkpoint") -> Checkpoint | None:
    """The checkpoint that a user names, None for an empty text. Raises InputError for another."""
    text = text.strip()
    if not text:
        return None
    repository, _, revision = text.partition("@")
    well_formed = _HUB_ID.fullmatch(repository) or (_S3.fullmatch(repository) and "@" not in text)
    if not well_formed or ("@" in text and not _REVISION.fullmatch(revision)):
        raise InputError(key, text, "a Hugging Face id, with @revision if need be, or s3://...")
    return _checkpoint(repository, f"named in {key}", None, revision or None)


def _meant(spec: ModelSpec, named: str | None) -> _Meant | None:
    """What a name stands for; None for a path, and for a name that no repository is known by."""
    text = (named or spec.hf_id or "").strip()
    if not text or is_path(text):
        return None
    if find_name(text):
        return _catalogued(spec, text)
    quantised = precision_in_name(text)
    if "/" in text:
        stored = quantised[1] if quantised else native_precision(spec)
        return _Meant(text, stored, "the model that was named")
    known = quantised is not None and find_name(quantised[0])
    return _catalogued(spec, quantised[0]) if quantised and known else None


def _catalogued(spec: ModelSpec, text: str) -> _Meant | None:
    """The catalogue's own repository or, where the name says so, another of the same shape."""
    if spec.hf_id is None:
        return None
    repository = _repository(spec, spec.hf_id, text)
    as_of = spec.as_of.isoformat() if spec.as_of else None
    other = repository in read("checkpoints.json")["not_as_catalogued"]
    stored = None if other else native_precision(spec)
    return _Meant(repository, stored, "the model's own checkpoint", as_of)


def _repository(spec: ModelSpec, own: str, text: str) -> str:
    """The full id that a catalogue name, an alias or another id stands for, in its own case."""
    if canonical(text) == spec.name:
        return own
    full = "/" in text
    for repository in (own, *_variants(spec.name)):
        if _plain(text) == _plain(repository if full else repository.rpartition("/")[2]):
            renamed = full and len(canonical(text)) > len(repository)
            return text if renamed else repository
    return text if full else own


def _row(spec: ModelSpec, precision: Precision, repository: str) -> Row | None:
    """The first row of these weights in that very format, else in one that people mean by it."""
    rows = [
        row
        for row in _rows(spec.name)
        if _plain(row.of or spec.hf_id or "") == _plain(repository)
        and serves(precision, PRECISIONS[row.precision])
    ]
    return min(rows, key=lambda row: row.precision != precision.name, default=None)


def _made_while_loading(spec: ModelSpec, precision: Precision, stored: Precision) -> bool:
    """vLLM makes nf4 from 16 bits and cuts it for tensor parallelism; certain for dense text."""
    dense = all(
        isinstance(b.attention, Gqa) and isinstance(b.ffn, Dense) for b in spec.blocks.values()
    )
    return precision.name == "nf4" and stored.name in _SIXTEEN_BITS and dense and not spec.towers


def _as_stored(spec: ModelSpec, name: str) -> Precision:
    """The precision of that name, as the model's own checkpoint has it where it does."""
    native = native_precision(spec)
    return native if native.name == name else PRECISIONS[name]


def _checkpoint(
    repository: str,
    source: str,
    as_of: str | None,
    revision: str | None = None,
    quantization: str | None = None,
) -> Checkpoint:
    return Checkpoint(
        repository=repository,
        revision=revision,
        gated=_gated(repository),
        quantization=quantization,
        source=source,
        as_of=as_of,
    )


def _gated(repository: str) -> bool | None:
    """What a source says of this very repository, else of its publisher."""
    rules = {r["ids"].lower(): r for r in read("checkpoints.json")["gated"]}
    name = repository.lower()
    matching = (p for p in rules if p == name or (p.endswith("*") and name.startswith(p[:-1])))
    longest = max(matching, key=len, default=None)
    return rules[longest]["gated"] if longest else None


def _plain(repository: str) -> str:
    """An id as it is compared; Meta renamed its repositories, dropping a prefix."""
    organisation, _, short = canonical(repository).rpartition("/")
    return f"{organisation}/{short.removeprefix('meta-')}"


def _variants(name: str) -> tuple[str, ...]:
    return tuple(row["repository"] for row in read("checkpoints.json")["variants"].get(name, ()))


@cache
def _rows(name: str) -> tuple[Row, ...]:
    rows: list[dict[str, Any]] = read("checkpoints.json")["checkpoints"].get(name, [])
    return tuple(Row.model_validate(row) for row in rows)
