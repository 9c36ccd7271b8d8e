"""From what a user typed to a model: catalogue, path, checkpoint name, hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sizing.catalog.checkpoint_rows import find
from sizing.catalog.model_store import canonical, find_name, index, load
from sizing.errors import InputError, unknown_name
from sizing.evidence import Evidence
from sizing.model import ModelSpec
from sizing.precision import GGUF_KINDS, PRECISIONS, Precision, parse_precision, same_kind

HUB_TIMEOUT_S = 5.0
MAX_PARAMS = 10**14
_HUB_ID = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_SUFFIXES: tuple[tuple[str, str], ...] = (
    (r"fp8-block", "fp8-block"),
    (r"fp8(-(dynamic|static|kv|per-channel|per-tensor|e4m3))*", "fp8"),
    (r"(quantized\.)?w8a8(-fp8)?", "int8"),
    (r"(quantized\.)?w8a16", "w8a16"),
    (r"gptq-(int8|8bit)", "w8a16"),
    (r"(quantized\.)?w4a16(-g128|-asym|-awq)*", "int4"),
    (r"int8", "int8"),
    (r"gptq(-(int4|4bit|128g|marlin))*", "gptq"),
    (r"awq(-(int4|4bit|marlin))*", "awq"),
    (r"(int4|4bit)(-(awq|gptq|autoround))?", "int4"),
    (r"(unsloth-)?(bnb-4bit|bnb|nf4)", "nf4"),
    (r"(nv)?fp4(a16|-w4a16)?(-v2)?", "nvfp4"),
    (r"mxfp4(a16)?", "mxfp4"),
    (r"(bf16|bfloat16)", "bf16"),
    (r"(fp16|float16)", "fp16"),
    *((rf"(gguf-)?{kind.replace('_', '-')}(-gguf)?", kind) for kind in GGUF_KINDS),
    (r"gguf", "q4_k_m"),
)
_NO_TUNE = re.compile(r"eagle|medusa|draft|lora|adapter|embed|reward|rerank|speculator|mtp|guard")
_TUNED = re.compile(r"-(instruct|chat|it|hf|base|thinking)$")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A model, and the precision that its name gives away, if it does."""

    spec: ModelSpec
    precision_from_name: Precision | None = None


def resolve(model: str, *, precision: str | None = None, params: int | None = None) -> Resolved:
    """The model that `model` stands for.

    A catalogue name, alias or Hugging Face id; a path to a config.json or its folder; the id of a
    quantised or tuned checkpoint of a catalogue model; any id on the hub, where it is reachable.
    `params` makes a config of an unknown architecture readable. Raises InputError for an unknown
    name, or a `precision` that the named checkpoint is not.
    """
    if params is not None and not 1 <= params <= MAX_PARAMS:
        raise InputError("params", params, f"1 to {MAX_PARAMS}", min(max(params, 1), MAX_PARAMS))
    asked = parse_precision(precision) if precision else None
    found = _from_catalogue(model) or _from_path(model, params) or _from_checkpoint_name(model)
    found = found or _from_hub(model, params)
    named = found.precision_from_name
    if asked and named and not same_kind(asked, named):
        raise InputError("precision", precision, f"{named.name}, which {model} stores", named.name)
    return found


def _from_catalogue(model: str) -> Resolved | None:
    name = find_name(model)
    return Resolved(load(name)) if name else None


def _from_path(model: str, params: int | None) -> Resolved | None:
    path = _path(model)
    if path is None:
        return None
    from sizing.configs import read_config

    return Resolved(read_config(path, params=params))


def is_path(model: str) -> bool:
    """Whether this stands for a config.json or its folder: no name that the catalogue knows."""
    return find_name(model) is None and _path(model) is not None


def _path(model: str) -> Path | None:
    """The path that this is meant to be, or None for a name."""
    try:
        path = Path(model).expanduser()
        if model.startswith((".", "/", "~")) or model.endswith(".json"):
            return path
        return path if (path / "config.json").is_file() else None
    except (OSError, RuntimeError):
        # Too long for a path, or the home folder of nobody.
        return None


def _from_checkpoint_name(model: str) -> Resolved | None:
    known = find(model)
    if known:
        return Resolved(load(known.model), known.row.format)
    organisation, _, short = canonical(model).rpartition("/")
    for base, precision in _quantised_names(short):
        spec = _base(base, organisation)
        if spec:
            return Resolved(spec, PRECISIONS[_published(precision, organisation)])
    spec = _base(short, organisation)
    return Resolved(spec) if spec else None


@dataclass(frozen=True, slots=True)
class Quantised:
    """What the name of a quantised checkpoint says: its base model's name and its precision."""

    base: str
    precision: Precision


def precision_in_name(model: str) -> Quantised | None:
    """The base, as names are compared, and the precision; None where the name says neither."""
    organisation, _, short = canonical(model).rpartition("/")
    for base, precision in _quantised_names(short):
        if _base(base, organisation):
            return Quantised(base, PRECISIONS[_published(precision, organisation)])
    return None


def _quantised_names(short: str) -> Iterator[tuple[str, str]]:
    """What may be a base name and a format, the likeliest reading first."""
    for suffix, precision in _SUFFIXES:
        match = re.match(rf"^(.+?)[-.]{suffix}$", short)
        if match:
            yield match.group(1), precision


def _published(precision: str, organisation: str) -> str:
    """Qwen publishes its own FP8 checkpoints in 128x128 blocks."""
    return "fp8-block" if precision == "fp8" and organisation == "qwen" else precision


def _base(short: str, organisation: str) -> ModelSpec | None:
    """The catalogue model under a checkpoint's short name, with and without its tuning."""
    plain = short.removeprefix("meta-").removesuffix("-unsloth")
    for candidate in (f"{organisation}/{short}", short, plain, _TUNED.sub("", plain)):
        name = find_name(candidate)
        if name:
            return load(name)
    return _tuned(plain) if organisation and not _NO_TUNE.search(plain) else None


def _tuned(short: str) -> ModelSpec | None:
    """A fine-tune that carries its base model's name at the end, such as Hermes-3-Llama-3.1-8B."""
    parts = short.split("-")
    tails = ("-".join(parts[i:]) for i in range(1, len(parts) - 1))
    name = next((n for n in map(find_name, tails) if n), None)
    if name is None:
        return None
    spec = load(name)
    note = f"taken for a fine-tune of {name} by its name, {short}"
    return spec.model_copy(
        update={
            "notes": (*spec.notes, note),
            "evidence": Evidence.ESTIMATED,
            "nominal_params": None,
        }
    )


def _from_hub(model: str, params: int | None) -> Resolved:
    if not _HUB_ID.fullmatch(model.strip()):
        raise _unknown(model)
    from sizing.hub import fetch_config

    try:
        return Resolved(fetch_config(model.strip(), HUB_TIMEOUT_S, params))
    except InputError as error:
        if error.key != "model" or error.nearest is not None:
            raise
        nearest = _unknown(model.rpartition("/")[2]).nearest
        raise InputError(error.key, error.value, error.allowed, nearest) from None


def _unknown(model: str) -> InputError:
    known = [alias for name, entry in index().items() for alias in (name, *entry["aliases"])]
    error = unknown_name("model", model, known)
    allowed = f"a catalogue name (`sizing models` lists {len(index())}), a Hugging Face id, a path"
    return InputError("model", model, allowed, find_name(str(error.nearest)))
