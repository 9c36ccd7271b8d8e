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


def _llama31(size: str, nominal: float) -> Listed:
    name = f"llama-3.1-{size.lower()}"
    ids = [f"meta-llama/{p}Llama-3.1-{size}{s}" for p in ("", "Meta-") for s in ("", "-Instruct")]
    config = f"meta-llama/Meta-Llama-3.1-{size}"
    return Listed(name, f"meta-llama/Llama-3.1-{size}-Instruct", nominal, config, tuple(ids))


def _deepseek(version: str, config: str | None = None, *aliases: str) -> Listed:
    name = f"deepseek-{version.lower()}"
    return Listed(name, f"deepseek-ai/DeepSeek-{version}", 671e9, config, aliases)


def _qwen25(size: str, nominal: float, config: str | None = None) -> Listed:
    ids = (f"Qwen/Qwen2.5-{size}",)
    return Listed(
        f"qwen2.5-{size.lower()}", f"Qwen/Qwen2.5-{size}-Instruct", nominal, config or ids[0], ids
    )


def _qwen3(size: str, nominal: float | None, *aliases: str) -> Listed:
    return Listed(f"qwen3-{size.lower()}", f"Qwen/Qwen3-{size}", nominal, None, aliases)


MODELS = (
    _llama31("8B", 8e9),
    _llama31("70B", 70e9),
    _llama31("405B", 405e9),
    Listed("llama-3.3-70b", "meta-llama/Llama-3.3-70B-Instruct", 70e9),
    Listed(
        "llama-3.2-1b",
        "meta-llama/Llama-3.2-1B-Instruct",
        1e9,
        None,
        ("meta-llama/Llama-3.2-1B",),
    ),
    Listed(
        "llama-3.2-3b",
        "meta-llama/Llama-3.2-3B-Instruct",
        3e9,
        None,
        ("meta-llama/Llama-3.2-3B",),
    ),
    Listed(
        "llama-3.2-90b-vision",
        "meta-llama/Llama-3.2-90B-Vision-Instruct",
        90e9,
        None,
        ("meta-llama/Llama-3.2-90B-Vision", "llama-3.2-90b"),
    ),
    Listed(
        "llama-4-scout",
        "meta-llama/Llama-4-Scout-17B-16E-Instruct",
        109e9,
        None,
        ("meta-llama/Llama-4-Scout-17B-16E", "llama-4-scout-17b-16e"),
    ),
    Listed(
        "llama-4-maverick",
        "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
        400e9,
        None,
        ("meta-llama/Llama-4-Maverick-17B-128E", "llama-4-maverick-17b-128e"),
    ),
    Listed(
        "llama-3-8b",
        "meta-llama/Meta-Llama-3-8B-Instruct",
        8e9,
        "meta-llama/Meta-Llama-3-8B",
        ("meta-llama/Llama-3-8B-Instruct",),
    ),
    Listed(
        "llama-3-70b",
        "meta-llama/Meta-Llama-3-70B-Instruct",
        70e9,
        "meta-llama/Meta-Llama-3-70B",
        ("meta-llama/Llama-3-70B-Instruct",),
    ),
    Listed(
        "llama-2-7b",
        "meta-llama/Llama-2-7b-chat-hf",
        7e9,
        None,
        ("meta-llama/Llama-2-7b-hf", "llama-2-7b-hf", "llama-2-7b-chat"),
    ),
    Listed(
        "llama-2-13b",
        "meta-llama/Llama-2-13b-chat-hf",
        13e9,
        None,
        ("meta-llama/Llama-2-13b-hf", "llama-2-13b-hf", "llama-2-13b-chat"),
    ),
    Listed(
        "llama-2-70b",
        "meta-llama/Llama-2-70b-hf",
        70e9,
        None,
        ("meta-llama/Llama-2-70b-chat-hf", "llama-2-70b-hf", "llama-2-70b-chat"),
    ),
    Listed("codellama-34b", "codellama/CodeLlama-34b-hf", 34e9),
    Listed("mistral-7b-v0.3", "mistralai/Mistral-7B-Instruct-v0.3", 7e9, None, ("mistral-7b",)),
    Listed("mistral-7b-v0.1", "mistralai/Mistral-7B-v0.1", 7e9),
    Listed(
        "mistral-nemo", "mistralai/Mistral-Nemo-Instruct-2407", 12e9, None, ("mistral-nemo-12b",)
    ),
    Listed(
        "mistral-small-3.1-24b",
        "mistralai/Mistral-Small-3.1-24B-Instruct-2503",
        24e9,
        None,
        ("mistral-small-3.1",),
    ),
    Listed(
        "mistral-small-24b",
        "mistralai/Mistral-Small-24B-Instruct-2501",
        24e9,
        None,
        ("mistral-small-3",),
    ),
    Listed("codestral-22b", "mistralai/Codestral-22B-v0.1", 22e9),
    Listed(
        "mixtral-8x7b",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        46.7e9,
        None,
        ("mistralai/Mixtral-8x7B-v0.1", "mixtral"),
    ),
    Listed(
        "mixtral-8x22b",
        "mistralai/Mixtral-8x22B-Instruct-v0.1",
        141e9,
        None,
        ("mistralai/Mixtral-8x22B-v0.1",),
    ),
    _qwen25("0.5B", 0.5e9),
    _qwen25("3B", 3e9),
    _qwen25("7B", 7e9),
    _qwen25("72B", 72e9),
    Listed(
        "qwen2.5-32b",
        "Qwen/Qwen2.5-32B-Instruct",
        32e9,
        "Qwen/Qwen2.5-Coder-32B-Instruct",
        ("Qwen/Qwen2.5-32B", "qwen2.5-coder-32b"),
    ),
    Listed(
        "qwen2.5-14b",
        "Qwen/Qwen2.5-14B-Instruct",
        14e9,
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
        ("Qwen/Qwen2.5-14B",),
    ),
    Listed("qwen2-7b", "Qwen/Qwen2-7B-Instruct", 7e9, "Qwen/Qwen2-7B", ("Qwen/Qwen2-7B",)),
    Listed("qwen1.5-moe-a2.7b", "Qwen/Qwen1.5-MoE-A2.7B", 14e9),
    Listed("yi-6b", "01-ai/Yi-6B-Chat", 6e9),
    Listed("qwen2-72b", "Qwen/Qwen2-72B-Instruct", 72e9, None, ("Qwen/Qwen2-72B",)),
    _qwen3("0.6B", 0.6e9),
    _qwen3("1.7B", 1.7e9),
    _qwen3("4B", 4e9),
    _qwen3("8B", 8e9),
    _qwen3("14B", 14e9),
    _qwen3("32B", 32e9),
    _qwen3("30B-A3B", 30e9),
    _qwen3("235B-A22B", 235e9),
    Listed("qwen3-30b-a3b-2507", "Qwen/Qwen3-30B-A3B-Instruct-2507", 30e9),
    Listed(
        "qwen3-235b-a22b-2507",
        "Qwen/Qwen3-235B-A22B-Instruct-2507",
        235e9,
        None,
        ("Qwen/Qwen3-235B-A22B-Thinking-2507",),
    ),
    Listed(
        "qwen3-coder-480b",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct",
        480e9,
        None,
        ("qwen3-coder-480b-a35b",),
    ),
    Listed(
        "qwen3-coder-30b", "Qwen/Qwen3-Coder-30B-A3B-Instruct", 30e9, None, ("qwen3-coder-30b-a3b",)
    ),
    Listed(
        "qwen3-next-80b",
        "Qwen/Qwen3-Next-80B-A3B-Instruct",
        80e9,
        None,
        ("qwen3-next-80b-a3b", "Qwen/Qwen3-Next-80B-A3B-Thinking"),
    ),
    Listed("qwen3-vl-8b", "Qwen/Qwen3-VL-8B-Instruct", 8e9),
    Listed("qwen3-vl-32b", "Qwen/Qwen3-VL-32B-Instruct", 32e9),
    Listed(
        "qwen3-vl-235b-a22b", "Qwen/Qwen3-VL-235B-A22B-Instruct", 235e9, None, ("qwen3-vl-235b",)
    ),
    Listed("qwen3.5-35b-a3b", "Qwen/Qwen3.5-35B-A3B", 35e9),
    Listed("qwen3.5-122b-a10b", "Qwen/Qwen3.5-122B-A10B", 122e9),
    Listed("qwen3.6-27b", "Qwen/Qwen3.6-27B", 27e9),
    Listed("qwen3.6-35b-a3b", "Qwen/Qwen3.6-35B-A3B", 35e9),
    Listed("gpt-oss-20b", "openai/gpt-oss-20b", 21e9),
    Listed("gpt-oss-120b", "openai/gpt-oss-120b", 117e9),
    _deepseek("V3", None, "deepseek-ai/DeepSeek-V3-0324"),
    _deepseek("V3.1"),
    _deepseek("V3.2"),
    _deepseek("R1"),
    _deepseek("R1-0528"),
    Listed("deepseek-v2", "deepseek-ai/DeepSeek-V2", 236e9, None, ("deepseek-ai/DeepSeek-V2.5",)),
    Listed("deepseek-v2-lite", "deepseek-ai/DeepSeek-V2-Lite", 16e9),
    Listed("deepseek-v4-flash", "deepseek-ai/DeepSeek-V4-Flash"),
    Listed("deepseek-v4-pro", "deepseek-ai/DeepSeek-V4-Pro"),
    Listed("deepseek-r1-distill-llama-8b", "deepseek-ai/DeepSeek-R1-Distill-Llama-8B", 8e9),
    Listed("deepseek-r1-distill-llama-70b", "deepseek-ai/DeepSeek-R1-Distill-Llama-70B", 70e9),
    Listed("deepseek-r1-distill-qwen-1.5b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", 1.5e9),
    Listed("deepseek-r1-distill-qwen-14b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", 14e9),
    Listed("deepseek-r1-distill-qwen-32b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", 32e9),
    Listed("kimi-k2", "moonshotai/Kimi-K2-Instruct", 1e12, None, ("moonshotai/Kimi-K2-Base",)),
    Listed("kimi-k2.5", "moonshotai/Kimi-K2.5", 1e12),
    Listed("kimi-k2.6", "moonshotai/Kimi-K2.6", 1e12),
    Listed("glm-4.5", "zai-org/GLM-4.5", 355e9),
    Listed("glm-4.5-air", "zai-org/GLM-4.5-Air", 106e9),
    Listed("glm-4.6", "zai-org/GLM-4.6", 355e9),
    Listed("glm-4.7-flash", "zai-org/GLM-4.7-Flash", 30e9),
    Listed("glm-5", "zai-org/GLM-5", 744e9),
    Listed("glm-5.1", "zai-org/GLM-5.1", 744e9),
    Listed("glm-5.3", "zai-org/GLM-5.3"),
    Listed("glm-4-9b", "THUDM/glm-4-9b", 9e9),
    Listed("minimax-m1", "MiniMaxAI/MiniMax-M1-80k", 456e9, None, ("MiniMaxAI/MiniMax-M1-40k",)),
    Listed("minimax-m2", "MiniMaxAI/MiniMax-M2", 230e9),
    Listed("minimax-m2.5", "MiniMaxAI/MiniMax-M2.5", 230e9),
    Listed("minimax-m2.7", "MiniMaxAI/MiniMax-M2.7", 230e9),
    Listed("gemma-2-9b", "google/gemma-2-9b-it", 9e9, "google/gemma-2-9b", ("google/gemma-2-9b",)),
    Listed("gemma-3-1b", "google/gemma-3-1b-it", 1e9, None, ("google/gemma-3-1b-pt",)),
    Listed("gemma-3-4b", "google/gemma-3-4b-it", 4e9, None, ("google/gemma-3-4b-pt",)),
    Listed("gemma-3-12b", "google/gemma-3-12b-it", 12e9, None, ("google/gemma-3-12b-pt",)),
    Listed("gemma-3-27b", "google/gemma-3-27b-it", 27e9, None, ("google/gemma-3-27b-pt",)),
    Listed(
        "gemma-4-26b-a4b",
        "google/gemma-4-26B-A4B-it",
        26e9,
        "google/gemma-4-26B-A4B",
        ("gemma-4-26b",),
    ),
    Listed("gemma-4-31b", "google/gemma-4-31B-it", 31e9),
    Listed("phi-4", "microsoft/phi-4", 14e9),
    Listed("phi-3-mini", "microsoft/Phi-3-mini-128k-instruct", 3.8e9),
    Listed("phi-3.5-mini", "microsoft/Phi-3.5-mini-instruct", 3.8e9),
    Listed("olmo-2-13b", "allenai/OLMo-2-1124-13B", 13e9),
    Listed("olmo-2-32b", "allenai/OLMo-2-0325-32B", 32e9),
    Listed("olmo-3.1-32b", "allenai/Olmo-3.1-32B-Instruct", 32e9),
    Listed("command-r", "CohereLabs/c4ai-command-r-v01", 35e9),
    Listed("command-r-plus", "CohereLabs/c4ai-command-r-plus", 104e9),
    Listed("command-r7b", "CohereLabs/c4ai-command-r7b-12-2024", 7e9),
    Listed("granite-3.3-8b", "ibm-granite/granite-3.3-8b-instruct", 8e9),
    Listed("jamba-1.5-mini", "ai21labs/AI21-Jamba-1.5-Mini", 52e9),
    Listed("jamba-1.5-large", "ai21labs/AI21-Jamba-1.5-Large", 398e9),
    Listed("nemotron-3-nano", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", 30e9),
    Listed("nemotron-3-ultra", "nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16", 550e9),
    Listed("mimo-v2-flash", "XiaomiMiMo/MiMo-V2-Flash", 309e9),
    Listed("step-3.7-flash", "stepfun-ai/Step-3.7-Flash"),
    Listed("dbrx", "databricks/dbrx-instruct", 132e9),
    Listed("grok-1", "xai-org/grok-1", 314e9),
    Listed("falcon-7b", "tiiuae/falcon-7b", 7e9),
    Listed("falcon-180b", "tiiuae/falcon-180B", 180e9),
    Listed("bloom-7b1", "bigscience/bloom-7b1", 7e9),
    Listed("mpt-30b", "mosaicml/mpt-30b", 30e9),
    Listed("starcoder2-7b", "bigcode/starcoder2-7b", 7e9),
    Listed("starcoder2-15b", "bigcode/starcoder2-15b", 15e9),
    Listed("gpt-neox-20b", "EleutherAI/gpt-neox-20b", 20e9),
    Listed("gpt-j-6b", "EleutherAI/gpt-j-6b", 6e9),
    Listed("opt-66b", "facebook/opt-66b", 66e9),
    Listed("gpt2", "openai-community/gpt2", 124e6),
)
