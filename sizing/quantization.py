"""A checkpoint's own `quantization_config`, read into facts, a reader per method."""

from __future__ import annotations

from collections.abc import Callable

from sizing.architectures.facts import Facts
from sizing.errors import InputError, unknown_name
from sizing.kept import MAX_NAMES, check_kept
from sizing.model import Quantization, Scaling

_KEYS = ("quantization_config", "compression_config")
_KEEP_KEYS = ("modules_to_not_convert", "ignored_layers", "ignore", "exclude_modules", "exclude")


def read_quantization(facts: Facts) -> Quantization | None:
    """How the checkpoint is quantised, or None.

    Raises InputError for a method, a scheme or a mixture that is not known.
    """
    holder = facts if any(key in facts for key in _KEYS) else facts.part("text_config")
    key = holder.first(*_KEYS)
    if key not in holder:
        return None
    q = holder.sub(key)
    method = q.text("quant_method", default="").replace("_", "-").lower()
    if method not in _METHODS:
        raise unknown_name(q.key("quant_method"), method, _METHODS)
    found = _METHODS[method](q)
    if holder.text("expert_dtype", default="") == "fp4":
        return found.model_copy(update={"experts": "mxfp4"})
    return found


def _fp8(q: Facts) -> Quantization:
    """DeepSeek's blocks where `weight_block_size` is given, else a scale per tensor."""
    block = q.sizes("weight_block_size", at_most=2)
    if not block:
        return Quantization(method="fp8", format="fp8", scaling="tensor", keep=_kept(q))
    if len(block) != 2 or 0 in block:
        raise InputError(q.key("weight_block_size"), block, "two whole numbers", "[128, 128]")
    return Quantization(method="fp8", format="fp8-block", block=(block[0], block[1]), keep=_kept(q))


def _fbgemm(q: Facts) -> Quantization:
    return Quantization(method="fbgemm-fp8", format="fp8", keep=_kept(q))


def _mxfp4(q: Facts) -> Quantization:
    return Quantization(method="mxfp4", format="mxfp4", keep=_kept(q))


def _awq(q: Facts) -> Quantization:
    bits = q.size("bits", "w_bit", default=4, high=8)
    return Quantization(
        method="awq",
        format=_integer_format(q, bits, "awq"),
        bits=bits,
        group_size=_group(q),
        zero_points=q.flag("zero_point", default=True),
        keep=_kept(q),
    )


def _gptq(q: Facts) -> Quantization:
    """GPTQ files store packed zeros whether or not they are symmetric."""
    bits = q.size("bits", default=4, high=8)
    return Quantization(
        method="gptq",
        format=_integer_format(q, bits, "gptq"),
        bits=bits,
        group_size=_group(q),
        scaling="group" if _group(q) else "channel",
        zero_points=True,
        keep=_kept(q),
    )


def _auto_round(q: Facts) -> Quantization:
    return (_awq if "awq" in q.text("packing_format", default="") else _gptq)(q)


def _bitsandbytes(q: Facts) -> Quantization:
    name = "llm_int8_skip_modules"
    keep = check_kept(q.texts(name, at_most=MAX_NAMES), q.key(name))
    if q.flag("load_in_8bit", "_load_in_8bit", default=False):
        return Quantization(method="bitsandbytes", format="int8", keep=keep)
    return Quantization(
        method="bitsandbytes",
        format="nf4",
        double_quant=q.flag("bnb_4bit_use_double_quant", default=False),
        keep=keep,
    )


def _modelopt(q: Facts) -> Quantization:
    inner = q.part("quantization")
    name = inner.text("quant_algo", "quant_method").upper()
    if name not in _MODELOPT:
        raise unknown_name(inner.key("quant_algo"), name, _MODELOPT)
    return Quantization(
        method="modelopt",
        format=_MODELOPT[name],
        group_size=inner.opt_size("group_size") if _MODELOPT[name] == "nvfp4" else None,
        keep=_kept(inner),
        kv_cache="fp8" if "kv_cache_quant_algo" in inner else None,
    )


_MODELOPT = {
    "FP8": "fp8",
    "FP8_PER_CHANNEL_PER_TOKEN": "fp8",
    "FP8_PB_WO": "fp8-block",
    "NVFP4": "nvfp4",
    "NVFP4_AWQ": "nvfp4",
    "W4A16_NVFP4": "nvfp4",
    "W4A16_AWQ": "awq",
    "INT4_AWQ": "awq",
    "W8A8_SQ_PER_CHANNEL": "int8",
    "W8A16": "w8a16",
    "MXFP4": "mxfp4",
}


def _compressed_tensors(q: Facts) -> Quantization:
    """One weight scheme for all groups; a mixture is refused."""
    groups = q.sub("config_groups")
    schemes = [_scheme(groups.sub(name)) for name in groups.names()]
    if not schemes:
        raise InputError(q.key("config_groups"), "nothing", "at least one group of weights")
    if any(s != schemes[0] for s in schemes):
        raise InputError(q.key("config_groups"), "several schemes", "one scheme for all weights")
    return schemes[0].model_copy(
        update={"keep": _kept(q), "kv_cache": "fp8" if "kv_cache_scheme" in q else None}
    )


def _scheme(group: Facts) -> Quantization:
    w = group.sub("weights")
    bits, kind = w.size("num_bits", high=16), w.text("type", default="int")
    strategy = w.text("strategy", default="tensor")
    block = w.sizes("block_structure", at_most=2)
    return Quantization(
        method="compressed-tensors",
        format=_scheme_format(
            w, bits, kind, strategy, weight_only="input_activations" not in group
        ),
        bits=bits,
        scaling=_SCALINGS.get(strategy, "group"),
        group_size=w.opt_size("group_size"),
        block=(block[0], block[1]) if len(block) == 2 and 0 not in block else None,
        zero_points=None if kind == "float" else not w.flag("symmetric", default=True),
    )


_SCALINGS: dict[str, Scaling] = {
    "tensor": "tensor",
    "channel": "channel",
    "block": "block",
    "group": "group",
}


def _scheme_format(w: Facts, bits: int, kind: str, strategy: str, *, weight_only: bool) -> str:
    match kind, bits:
        case "float", 8:
            return "fp8-block" if strategy == "block" else "fp8"
        case "float", 4:
            return "mxfp4" if w.opt_size("group_size") == 32 else "nvfp4"
        case "int", 8:
            return "w8a16" if weight_only else "int8"
        case "int", 4:
            return "int4"
        case _:
            raise InputError(w.key("num_bits"), bits, f"4 or 8 bits for {kind} weights", 8)


def _quark(q: Facts) -> Quantization:
    w = q.sub("global_quant_config").sub("weight")
    name = w.text("dtype")
    if name not in _QUARK:
        raise unknown_name(w.key("dtype"), name, _QUARK)
    return Quantization(method="quark", format=_QUARK[name], keep=_kept(q))


_QUARK = {"fp8_e4m3": "fp8", "fp4": "mxfp4", "int4": "int4", "int8": "int8"}


def _kept(q: Facts) -> tuple[str, ...]:
    name = q.first(*_KEEP_KEYS)
    return check_kept(q.texts(name, at_most=MAX_NAMES), q.key(name))


def _group(q: Facts) -> int | None:
    """Weights per scale; -1 stands for a whole row."""
    size = q.size("group_size", "q_group_size", default=128, low=-1)
    return size if size > 0 else None


def _integer_format(q: Facts, bits: int, four: str) -> str:
    if bits not in (4, 8):
        raise InputError(q.key("bits"), bits, "4 or 8", 4)
    return four if bits == 4 else "w8a16"


_METHODS: dict[str, Callable[[Facts], Quantization]] = {
    "fp8": _fp8,
    "fbgemm-fp8": _fbgemm,
    "mxfp4": _mxfp4,
    "awq": _awq,
    "gptq": _gptq,
    "auto-round": _auto_round,
    "intel/auto-round": _auto_round,
    "bitsandbytes": _bitsandbytes,
    "modelopt": _modelopt,
    "compressed-tensors": _compressed_tensors,
    "quark": _quark,
}
