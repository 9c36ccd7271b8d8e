"""Reads a model's config.json from the Hugging Face hub: data only, never remote code."""

from __future__ import annotations

from pathlib import Path

from sizing.configs import MAX_BYTES, load_json, spec_from_config
from sizing.errors import InputError
from sizing.model import ModelSpec

_UNREACHABLE = (
    "a catalogue name, or a path to its config.json (the hub could not be reached to look it up)"
)


def fetch_config(hf_id: str, timeout_s: float, params: int | None = None) -> ModelSpec:
    """The model behind a hub id; cached, with a token from the environment if there is one.

    Raises InputError when the hub is not reachable, has no such model, or asks for a token.
    """
    file = _cached(hf_id) or _download(hf_id, timeout_s)
    name = hf_id.rpartition("/")[2].lower()
    return spec_from_config(
        load_json(file), name=name, hf_id=hf_id, source=f"hub {hf_id}", params=params
    )


def _cached(hf_id: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(hf_id, "config.json")
    return Path(path) if isinstance(path, str) else None


def _download(hf_id: str, timeout_s: float) -> Path:
    import huggingface_hub as hub
    from huggingface_hub.errors import HfHubHTTPError

    try:
        _check_size(hf_id, timeout_s)
        return Path(hub.hf_hub_download(hf_id, "config.json", etag_timeout=timeout_s))  # pyright: ignore[reportUnknownMemberType]
    except InputError:
        raise
    except HfHubHTTPError as error:
        raise InputError("model", hf_id, _refusal(error.response.status_code)) from None
    except Exception:  # the client lets its HTTP library's own errors through
        raise InputError("model", hf_id, _UNREACHABLE) from None


def _check_size(hf_id: str, timeout_s: float) -> None:
    import huggingface_hub as hub

    url = hub.hf_hub_url(hf_id, "config.json")
    size = hub.get_hf_file_metadata(url, timeout=timeout_s).size  # pyright: ignore[reportUnknownMemberType]
    if size is not None and size > MAX_BYTES:
        raise InputError("model", hf_id, f"a config.json of at most {MAX_BYTES} bytes")


def _refusal(status: int) -> str:
    if status in (401, 403):
        return "a model that the hub lets you read: it is gated or absent; set HF_TOKEN"
    return f"a model with a config.json on the hub (it answered {status})"
