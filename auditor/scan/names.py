"""Names of models: written alike, and whose they are (`data/models/names.toml`).

Leaves out what terms apply to a model.
"""

from __future__ import annotations

import tomllib
from functools import cache

from auditor import shipped


def plain(model: str) -> str:
    """Write a name as the patterns do: "meta-llama/Meta-Llama-3-8B:free" is "meta-llama-3-8b-free"."""
    name = model.strip().lower().rstrip("/").rsplit("/", 1)[-1]
    return "-".join(name.replace("_", "-").replace(":", "-").split())


@cache
def provider_of() -> dict[str, str]:
    """Return known names of models -> provider."""
    table = tomllib.loads(shipped.path("models/names.toml").read_text(encoding="utf-8"))
    return {name: provider for provider, names in table.items() for name in names}
