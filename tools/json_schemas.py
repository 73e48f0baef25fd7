"""Write the JSON Schemas of the files that people write, and reference them in the shipped files.

    python tools/json_schemas.py

writes docs/schemas/*.schema.json, and the first line, ``#:schema``, of the default curve and of every TOML file in
examples/. Editors with Taplo (Even Better TOML) complete and validate such files.
"""

from __future__ import annotations

import json
import tomllib
from os.path import relpath
from pathlib import Path

from trustcurve.cli.curve_command import DOCUMENTS, schema_of

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "docs" / "schemas"
_TABLES = {
    "policy": "policy",
    "environment": "environment",
    "properties": "property",
    "scenario": "scenario",
    "log": "mapping",
    "curve": "curve",
}


def schemas() -> dict[Path, str]:
    """Return the text of each schema by its path."""
    return {SCHEMAS / f"{name}.schema.json": json.dumps(schema_of(name), indent=2) + "\n" for name in DOCUMENTS}


def documents() -> dict[Path, str]:
    """Return the text of each shipped document, with its ``#:schema`` line, by its path."""
    paths = [ROOT / "src" / "trustcurve" / "core" / "default.toml", *sorted((ROOT / "examples").rglob("*.toml"))]
    found = {}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if text.startswith("#:schema "):
            text = text.partition("\n")[2]
        kind = next(kind for table, kind in _TABLES.items() if table in tomllib.loads(text))
        schema = Path(relpath(SCHEMAS / f"{kind}.schema.json", path.parent)).as_posix()
        found[path] = f"#:schema {schema}\n{text}"
    return found


def main() -> None:
    """Write the files that have changed."""
    SCHEMAS.mkdir(exist_ok=True)
    for path, text in {**schemas(), **documents()}.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
