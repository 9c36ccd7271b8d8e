"""Which repository serves a model at a precision: the one named, its own, or a known copy."""

from __future__ import annotations

import re
from typing import NamedTuple

from sizing.catalog.checkpoint_rows import Row, find, gated, is_as_catalogued, rows, variants
from sizing.catalog.model_store import canonical, find_name
from sizing.checkpoint import Checkpoint
from sizing.errors import InputError
from sizing.model import Dense, Gqa, ModelSpec
from sizing.precision import GGUF_KINDS, PRECISIONS, Precision, native_precision, same_kind
from sizing.resolve import is_path, precision_in_name

_HUB_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_S3 = re.compile(r"s3://[\w.-]{3,63}(/[^\s@]*)?")
_REVISION = re.compile(r"[\w./-]{1,200}")
_SIXTEEN_BITS = ("bf16", "fp16")
# vLLM's tests/quantization/test_bitsandbytes.py and docs (BitsAndBytes), and their like.
_QUANTISED_WHILE_LOADING = {
    f"{family}ForCausalLM" for family in ("Llama", "Mistral", "OPT", "Qwen2", "Qwen3")
}


class _Meant(NamedTuple):
    """The repository that a name stands for, and how it stores the model (None: not as sized)."""

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
        return _checkpoint(meant.repository, meant.source, meant.as_of, None, "bitsandbytes")
    return None


def known_checkpoints(spec: ModelSpec, named: str | None = None) -> dict[str, Checkpoint]:
    """Every precision that can be served, by name; 16 bits once, as the files have them."""
    native = native_precision(spec)
    own = native.name if native.name in _SIXTEEN_BITS else "bf16"
    names = [n for n in PRECISIONS if n not in _SIXTEEN_BITS or n == own]
    asked = {n: native if n == native.name else PRECISIONS[n] for n in names}
    found = ((n, checkpoint_for(spec, precision, named)) for n, precision in asked.items())
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


def stored_format(planned: Precision, checkpoint: Checkpoint) -> Precision:
    """How the checkpoint's files are known to store the model; as planned where nothing differs."""
    known = find(checkpoint.repository)
    return known.row.format if known else planned


def parse_checkpoint(text: str, key: str = "serving.checkpoint") -> Checkpoint | None:
    """The checkpoint that a user names, None for an empty text. Raises InputError for another."""
    text = text.strip()
    if not text:
        return None
    repository, at, revision = text.partition("@")
    well_formed = _HUB_ID.fullmatch(repository) or (_S3.fullmatch(repository) and not at)
    if not well_formed or (at and not _REVISION.fullmatch(revision)):
        raise InputError(key, text, "a Hugging Face id, with @revision if need be, or s3://...")
    return _checkpoint(repository, f"named in {key}", None, revision or None)


def _meant(spec: ModelSpec, named: str | None) -> _Meant | None:
    """What a name stands for; None for a path, and for a name that no repository is known by."""
    text = (named or spec.hf_id or "").strip()
    if not text or is_path(text):
        return None
    if find_name(text):
        return _catalogued(spec, text)
    if "/" in text:
        return _named(spec, text)
    quantised = precision_in_name(text)
    return _catalogued(spec, quantised.base) if quantised and find_name(quantised.base) else None


def _named(spec: ModelSpec, text: str) -> _Meant:
    """An id that is no catalogue model's own: a quantised copy, a fine-tune, any on the hub."""
    known = find(text)
    if known:
        row = known.row
        return _Meant(row.repository, PRECISIONS[row.precision], row.source, row.as_of)
    quantised = precision_in_name(text)
    stored = quantised.precision if quantised else native_precision(spec)
    return _Meant(text, stored, "the model that was named")


def _catalogued(spec: ModelSpec, text: str) -> _Meant | None:
    """The catalogue's own repository or, where the name says so, another of the same shape."""
    if spec.hf_id is None:
        return None
    repository = _repository(spec, spec.hf_id, text)
    stored = native_precision(spec) if is_as_catalogued(repository) else None
    as_of = spec.as_of.isoformat() if spec.as_of else None
    return _Meant(repository, stored, "the model's own checkpoint", as_of)


def _repository(spec: ModelSpec, own: str, text: str) -> str:
    """The full id that a catalogue name, an alias or another id stands for, in its own case."""
    if canonical(text) == spec.name:
        return own
    full = "/" in text
    for repository in (own, *variants(spec.name)):
        if _plain(text) == _plain(repository if full else repository.rpartition("/")[2]):
            # An old, longer name still leads there; a shorter one never existed.
            renamed = full and len(text) > len(repository)
            return text if renamed else repository
    return text if full else own


def _row(spec: ModelSpec, precision: Precision, repository: str) -> Row | None:
    """The first row of these weights in that very format, else in one that people mean by it."""
    fitting = [
        row
        for row in rows(spec.name)
        if _plain(row.of or spec.hf_id or "") == _plain(repository)
        and serves(precision, PRECISIONS[row.precision])
    ]
    return min(fitting, key=lambda row: row.precision != precision.name, default=None)


def _made_while_loading(spec: ModelSpec, precision: Precision, stored: Precision) -> bool:
    """vLLM makes nf4 from 16 bits, cut for any layout, for certain where its tests and docs do."""
    wanted = precision.name == "nf4" and stored.name in _SIXTEEN_BITS
    return wanted and spec.architecture in _QUANTISED_WHILE_LOADING and is_dense_text(spec)


def is_dense_text(spec: ModelSpec) -> bool:
    """Plain attention and MLPs and nothing else, where quantisers treat every layer alike."""
    return not spec.towers and all(
        isinstance(b.attention, Gqa) and isinstance(b.ffn, Dense) for b in spec.blocks.values()
    )


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
        gated=gated(repository),
        quantization=quantization,
        source=source,
        as_of=as_of,
    )


def _plain(repository: str) -> str:
    """An id as it is compared; Meta renamed its repositories, dropping a prefix."""
    organisation, _, short = canonical(repository).rpartition("/")
    return f"{organisation}/{short.removeprefix('meta-')}"
