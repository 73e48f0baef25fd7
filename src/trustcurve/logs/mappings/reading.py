"""From a mapping file to a ``Mapping``: what is wrong with it, whatever the log, is found in one pass."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Table
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from trustcurve.core.errors import Finding
from trustcurve.core.reader import Reader
from trustcurve.logs.errors import InvalidMappingError
from trustcurve.logs.mappings.mapping import Mapping, Template
from trustcurve.logs.mappings.probes import format_problem, zone_problem
from trustcurve.logs.mappings.rule_reading import read_optional, read_rule, read_template

__all__ = ["load_mapping", "parse_mapping"]

_LOG_KEYS = ("customer", "time", "timezone", "time_format", "id", "tie")


def load_mapping(path: str | PathLike[str]) -> Mapping:
    r"""Load a mapping file and check all of it that can be checked without the log.

    Raises:
        InvalidMappingError: With all findings at once: each names file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.toml")
        ...     _ = path.write_text('[log]\ncustomer = "client"\ntime = "when"\n[[rules]]\nignore = true\n')
        ...     load_mapping(path).customer.columns
        ('client',)
    """
    name = fspath(path)
    try:
        text = Path(name).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidMappingError((Finding(name, "the file", "", f"is not UTF-8: {error}"),)) from None
    return parse_mapping(text, name)


def parse_mapping(text: str, source: str = "the mapping") -> Mapping:
    r"""Read a mapping from TOML; for errors see ``load_mapping``.

    Examples:
        >>> mapping = parse_mapping('''
        ... [log]
        ... customer = "{shop}/{client}"
        ... time = "when"
        ... [[rules]]
        ... when = { what = "order" }
        ... events = [{ event = "Purchased" }]
        ... ''')
        >>> sorted(mapping.columns)
        ['client', 'shop', 'what', 'when']
        >>> parse_mapping("[log]\ncustomer = 'client'\n[[rules]]\nignore = true")
        Traceback (most recent call last):
        ...
        trustcurve.logs.errors.InvalidMappingError: the mapping: [log] time: must be a text that is not empty
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidMappingError((Finding(source, "TOML", "", str(error)),)) from None
    reader = Reader(source)
    whole = reader.table(document, "the file", ("log", "rules"))
    log = reader.table(whole.get("log", {}), "[log]", _LOG_KEYS)
    rules = tuple(read_rule(reader, place, raw) for place, raw in reader.rows(whole.get("rules", []), "rules"))
    if not rules and not reader.findings:
        reader.wrong("[[rules]]", "", "there must be at least one rule")
    mapping = Mapping(
        source=source,
        customer=_identity(reader, "customer", log),
        time=reader.text("[log]", "time", log),
        timezone=_zone(reader, log),
        time_formats=_formats(reader, log),
        id=_identity(reader, "id", log) if "id" in log else None,
        tie=read_optional(reader, "[log]", "tie", log),
        rules=rules,
    )
    if reader.findings:
        raise InvalidMappingError(tuple(reader.findings))
    return mapping


def _identity(reader: Reader, key: str, log: Table[str, Any]) -> Template:
    """Read what tells rows apart: a column's name, or a template where there are braces."""
    text = reader.text("[log]", key, log)
    if "{" not in text:
        return Template.of_column(text)
    template = read_template(reader, "[log]", key, text)
    if template is None:
        return Template.of_column("")
    if template.literal is not None:
        reader.wrong("[log]", key, f"names no column: it would be {template.literal!r} in every row")
    return template


def _zone(reader: Reader, log: Table[str, Any]) -> str | None:
    zone = read_optional(reader, "[log]", "timezone", log)
    problem = zone_problem(zone) if zone else None
    if problem is not None:
        reader.wrong("[log]", "timezone", problem)
    return zone


def _formats(reader: Reader, log: Table[str, Any]) -> tuple[tuple[str, str], ...]:
    """Read the form of text times: one for all columns (under the empty name), or one for each."""
    raw = log.get("time_format", {})
    formats = (
        {f"time_format.{column}": (column, form) for column, form in raw.items()}
        if isinstance(raw, Table)
        else {"time_format": ("", raw)}
    )
    read = []
    for key, (column, form) in formats.items():
        text = reader.text("[log]", key, {key: form})
        problem = format_problem(text) if text else None
        if problem is not None:
            reader.wrong("[log]", key, problem)
        read.append((column, text))
    return tuple(read)
