"""Reads a config.json (a file, or a folder with its safetensors index) into a ModelSpec.

Bounded in size, depth and numbers: whatever the file holds, the answer is a ModelSpec or one
InputError.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from sizing.architectures import find_architecture, known_architectures
from sizing.architectures.facts import Facts, Json
from sizing.architectures.generic import read_generic
from sizing.architectures.registry import Layers
from sizing.errors import InputError, unknown_name
from sizing.evidence import Evidence
from sizing.model import Dtype, ModelSpec
from sizing.precision import checkpoint_bytes
from sizing.quantization import read_quantization

MAX_BYTES = 4_000_000
MAX_INDEX_BYTES = 64_000_000
INDEX_FILE = "model.safetensors.index.json"
_DTYPES: dict[str, Dtype] = {
    "float32": "float32",
    "bfloat16": "bfloat16",
    "float16": "float16",
}


def read_config(path: Path, *, params: int | None = None) -> ModelSpec:
    """The model that a config.json, or the folder that holds one, describes.

    `params` is the parameter count that the user vouches for, or None; a folder's
    `model.safetensors.index.json` serves instead. Either makes an unknown architecture readable.
    Raises InputError when the file is missing, too large, no JSON object or not understood.
    """
    file = path / "config.json" if path.is_dir() else path
    name = file.parent.name if file.name == "config.json" else file.stem
    config, stored = load_json(file), index_bytes(file.parent / INDEX_FILE)
    params = params or _implied_params(config, stored)
    spec = spec_from_config(config, name=name or "model", source=str(file), params=params)
    return spec if stored is None else _compared(spec, stored)


def index_bytes(file: Path) -> int | None:
    """The `total_size` of a safetensors index, or None where there is no such file."""
    if not file.is_file():
        return None
    metadata = Facts(load_json(file, MAX_INDEX_BYTES), f"{file.name}: ").sub("metadata")
    return metadata.size("total_size", high=10**15)


def load_json(file: Path, limit: int = MAX_BYTES) -> Json:
    """A JSON object from a file of at most `limit` bytes, without NaN or Infinity."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(limit + 1)
    except OSError as error:
        raise InputError("model", str(file), f"a readable config.json ({error.strerror})") from None
    if len(raw) > limit:
        raise InputError("model", str(file), f"a {file.name} of at most {limit} bytes")
    return parse_json(raw, str(file))


def parse_json(raw: bytes, name: str) -> Json:
    """A JSON object from bytes, within the same limits."""
    try:
        data = json.loads(raw, parse_constant=_refuse_constant)
    except RecursionError:
        raise InputError("model", name, "JSON that is not nested that deep") from None
    except ValueError as error:
        raise InputError("model", name, f"valid JSON ({_first_line(error)})") from None
    if not isinstance(data, dict):
        raise InputError("model", name, "a JSON object")
    return cast(Json, data)


def spec_from_config(
    config: Json,
    *,
    name: str,
    hf_id: str | None = None,
    source: str = "",
    params: int | None = None,
) -> ModelSpec:
    """The ModelSpec of a parsed config.json.

    Raises InputError for an architecture that is not known, unless `params` says how many
    parameters it has, or for a config that contradicts itself.
    """
    facts = Facts(config)
    names = facts.texts("architectures", at_most=16)
    model_type = facts.text("model_type", default="") or None
    architecture = find_architecture(names[0] if names else None, model_type)
    if architecture is None and params is None:
        raise _unknown_architecture(names, model_type)
    try:
        if architecture is None:
            layers, family = read_generic(facts, params or 0), "unknown"
        else:
            layers, family = architecture.read(facts), architecture.family
        return _spec(facts, layers, family, names, name, hf_id, source)
    except ValidationError as error:
        raise _contradiction(error) from None


def _spec(
    facts: Facts,
    layers: Layers,
    family: str,
    names: list[str],
    name: str,
    hf_id: str | None,
    source: str,
) -> ModelSpec:
    return ModelSpec(
        name=name,
        hf_id=hf_id,
        family=family,
        architecture=names[0] if names else facts.text("model_type", default="unknown"),
        hidden=layers.hidden,
        vocab=layers.vocab,
        tied=layers.tied,
        max_context=layers.max_context,
        blocks=layers.used_blocks(),
        stack=layers.stack(),
        norm_bias=layers.norm_bias,
        final_norm=layers.final_norm,
        lm_head_bias=layers.lm_head_bias,
        positions=layers.positions,
        tensors=layers.tensors,
        towers=layers.towers,
        mtp=layers.mtp,
        dtype=_dtype(facts),
        state_dtype=layers.state_dtype,
        quantization=read_quantization(facts),
        source=source,
        evidence=Evidence.ESTIMATED if family == "unknown" else Evidence.DERIVED,
        notes=layers.notes,
    )


def _dtype(facts: Facts) -> Dtype:
    """The stored dtype; bfloat16 where the config says none, as engines assume."""
    text = facts.sub("text_config") if "text_config" in facts else facts
    name = facts.first("torch_dtype", "dtype")
    given = facts.text(name, default="") or text.text("torch_dtype", "dtype", default="bfloat16")
    return _DTYPES.get(given.removeprefix("torch."), "bfloat16")


def _contradiction(error: ValidationError) -> InputError:
    """Sizes that are fine alone but impossible together."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "config.json"
    return InputError(key, first["input"], first["msg"])


def _unknown_architecture(names: list[str], model_type: str | None) -> InputError:
    if not names and model_type is None:
        return InputError("architectures", None, "this key or model_type is needed")
    given = names[0] if names else str(model_type)
    nearest = unknown_name("architectures", given, known_architectures()).nearest
    allowed = (
        f"one of {len(known_architectures())} known architectures, or the parameter count "
        "(--params, or a safetensors index beside the config)"
    )
    return InputError("architectures", given, allowed, nearest)


def _compared(spec: ModelSpec, stored: int) -> ModelSpec:
    """The spec, with a note where the checkpoint's size is not the one the facts imply."""
    implied = checkpoint_bytes(spec)
    if abs(implied - stored) <= _INDEX_TOLERANCE * stored:
        return spec
    note = f"the safetensors index says {stored:,} bytes, these facts give {implied:,}"
    return spec.model_copy(update={"notes": (*spec.notes, note)})


def _implied_params(config: Json, stored: int | None) -> int | None:
    """Parameters of an unquantised checkpoint of this size; None where that says nothing."""
    if stored is None or read_quantization(Facts(config)) is not None:
        return None
    return stored // (4 if _dtype(Facts(config)) == "float32" else 2)


_INDEX_TOLERANCE = 0.01


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0][:80]
