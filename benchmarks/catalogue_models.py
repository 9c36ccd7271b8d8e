"""Writes the model catalogue from a folder of config.json files.

    python -m benchmarks.catalogue_models CONFIGS [--sources ORACLE]

CONFIGS holds `organisation__model.json` files; ORACLE is a list of records with `hf_id`,
`source_config` and `published`, from which each model's source is taken.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any, cast

from benchmarks.catalogue_names import MODELS, Listed
from sizing.census import params_total
from sizing.configs import load_json, spec_from_config
from sizing.model import ModelSpec

AS_OF = date(2026, 11, 23)
TARGET = Path(__file__).parent.parent / "sizing" / "catalog" / "models"


def main() -> None:
    """Reads every listed model's config and writes the catalogue."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("configs", type=Path)
    parser.add_argument("--sources", type=Path)
    options = parser.parse_args()
    sources = _sources(options.sources)
    specs = [_spec(listed, options.configs, sources) for listed in MODELS]
    _write(specs, TARGET)
    for spec in specs:
        print(f"{spec.name:32} {params_total(spec):>18,} {spec.hf_id}")


def _spec(listed: Listed, configs: Path, sources: dict[str, str]) -> ModelSpec:
    config = listed.config or listed.hf_id
    file = configs / f"{config.replace('/', '__')}.json"
    spec = spec_from_config(
        load_json(file),
        name=listed.name,
        hf_id=listed.hf_id,
        source=sources.get(config, f"config.json of {config}"),
    )
    aliases = _aliases(listed, config)
    return spec.model_copy(
        update={"aliases": aliases, "nominal_params": listed.nominal, "as_of": AS_OF}
    )


def _aliases(listed: Listed, config: str) -> tuple[str, ...]:
    """The listed ones, the config's own id, and every id without its organisation."""
    others = {model.hf_id for model in MODELS if model is not listed}
    ids = [i for i in (listed.hf_id, config, *listed.aliases) if i not in others]
    names = {alias.lower() for alias in (*ids, *(i.rpartition("/")[2] for i in ids))}
    return tuple(sorted(names - {listed.name, listed.hf_id.lower()}))


def _sources(oracle: Path | None) -> dict[str, str]:
    if oracle is None:
        return {}
    rows = cast(list[dict[str, Any]], json.loads(oracle.read_text("utf-8")))
    return {str(row["hf_id"]): f"config.json: {row['source_config']}" for row in rows}


def _write(specs: list[ModelSpec], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for spec in specs:
        text = json.dumps(spec.to_catalogue(), indent=1, sort_keys=False)
        (folder / f"{spec.name}.json").write_text(text + "\n", "utf-8")
    rows = {
        s.name: {"hf_id": s.hf_id, "family": s.family, "aliases": list(s.aliases)}
        for s in sorted(specs, key=lambda s: s.name)
    }
    (folder / "index.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
