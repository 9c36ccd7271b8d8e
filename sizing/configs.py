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
from sizing.architectures.registry import Layers
from sizing.errors import InputError, unknown_name
from sizing.evidence import Evidence
from sizing.model import Dtype, ModelSpec
from sizing.quantization import read_quantization

MAX_BYTES = 4_000_000
INDEX_FILE = "model.safetensors.index.json"
_DTYPES: dict[str, Dtype] = {
    "float32": "float32",
    "bfloat16": "bfloat16",
    "float16": "float16",
}


def read_config(path: Path) -> ModelSpec:
    """The model that a config.json, or the folder that holds one, describes.

    Raises InputError when the file is missing, too large, no JSON object or not understood.
    """
    file = path / "config.json" if path.is_dir() else path
    name = file.parent.name if file.name == "config.json" else file.stem
    return spec_from_config(load_json(file), name=name or "model", source=str(file))


def load_json(file: Path) -> Json:
    """A JSON object from a file of at most 4 MB, without NaN or Infinity."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError("model", str(file), f"a readable config.json ({error.strerror})") from None
    if len(raw) > MAX_BYTES:
        raise InputError("model", str(file), f"a config.json of at most {MAX_BYTES} bytes")
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
    config: Json, *, name: str, hf_id: str | None = None, source: str = ""
) -> ModelSpec:
    """The ModelSpec of a parsed config.json.

    Raises InputError for an architecture that is not known or a config that contradicts itself.
    """
    facts = Facts(config)
    names = facts.texts("architectures", at_most=16)
    model_type = facts.text("model_type", default="") or None
    architecture = find_architecture(names[0] if names else None, model_type)
    if architecture is None:
        raise _unknown_architecture(names, model_type)
    try:
        layers = architecture.read(facts)
        return _spec(facts, layers, architecture.family, names, name, hf_id, source)
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
        architecture=names[0] if names else facts.text("model_type"),
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
        evidence=Evidence.DERIVED,
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
    return unknown_name(
        "architectures", names[0] if names else str(model_type), known_architectures()
    )


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0][:80]
