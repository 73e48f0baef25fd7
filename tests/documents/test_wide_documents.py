"""Documents with very many problems: they are found in time in proportion to the document, and the first ones are shown."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import pytest

from tests.documents.doors import DOORS
from tests.documents.time_limit import within
from trustcurve.core.curve import default_toml
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidDocumentError
from trustcurve.logs import parse_mapping
from trustcurve.policies import parse_policy
from trustcurve.simulation import parse_scenario
from trustcurve.verification import parse_properties

LONG = {"policy", "property", "scenario"}
"""Documents whose very many problems take some seconds to find."""

MANY = 10_000
"""With a search through all findings for each entry, this many would take a quarter of an hour."""


@pytest.mark.parametrize(
    ("parse", "table"),
    [
        (parse_policy, "[[rules]]"),
        (parse_mapping, "[[rules]]"),
        (parse_scenario, "[[segments]]"),
        (parse_properties, "[[properties]]"),
        (parse_curve, "[[rules]]"),
        (parse_curve, "[[stages]]"),
    ],
)
def test_every_entry_of_a_wide_document_is_found(parse: Callable[[str], Any], table: str) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        parse("".join(f"{table}\nodd = {number}\n" for number in range(MANY)))
    assert len(caught.value.findings) >= MANY
    assert len({finding.table for finding in caught.value.findings}) >= MANY


def typos(
    parse: Callable[[str], Any], text: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[InvalidDocumentError, list[int]]:
    """Return the error of a document, and with how many known words each search for a similar one compares."""
    compared: list[int] = []
    search = difflib.get_close_matches

    def counting(word: str, among: list[str], **more: Any) -> list[str]:
        assert max(map(len, among), default=0) < 100
        assert len(word) < 100
        compared.append(len(among))
        return search(word, among, **more)

    monkeypatch.setattr(difflib, "get_close_matches", counting)
    with pytest.raises(InvalidDocumentError) as caught:
        parse(text)
    return caught.value, compared


def with_parameters(number: int, name: str = "parameter_number_{}_a") -> str:
    rows = "".join(f"{name.format(each)} = 1\n" for each in range(number))
    return default_toml().replace("[parameters]\n", f"[parameters]\n{rows}", 1)


def rule(number: int, when: str) -> str:
    return f'[[rules]]\nname = "r{number}"\nsignal = "exchange"\nbecause = "so"\nwhen = {{ {when} }}\n'


TYPOS = {
    "parameters": (parse_curve, with_parameters(2_000) + "".join(rule(n, f'doubt = "parameter_numbr_{n}_b"') for n in range(2_000))),
    "bounds": (parse_curve, with_parameters(2_000).replace("_a = 1", '_a = { value = 1, above = "parameter_b" }')),
    "keys": (parse_policy, '[policy]\nname = "x"\n[[rules]]\ndo = "ask"\n' + "".join(f"dos{n} = 1\n" for n in range(2_000))),
    "words": (parse_policy, '[policy]\nname = "x"\n' + '[[rules]]\ndo = "aks"\n' * 2_000),
    "stages": (parse_policy, '[policy]\nname = "x"\n[[rules]]\ndo = "ask"\nwhen = { stage = [' + '"hopefl", ' * 2_000 + "] }"),
    "kinds": (parse_mapping, DOORS["mapping"].right + "[[rules]]\nevents = [" + '{ event = "Excanged" }, ' * 2_000 + "]"),
    "units": (parse_mapping, DOORS["mapping"].right + "[[rules]]\nevents = [" + '{ event = "PromiseMade", promise = "p", due = { after = { dayz = 1 } } }, ' * 2_000 + "]"),
    "predicates": (parse_properties, '[[properties]]\nname = "x"\nnever = { any = [' + '{ met = { stage = "hopefl" } }, ' * 2_000 + "] }"),
    "moves": (DOORS["scenario"].parse, DOORS["scenario"].right + "[[segments]]\npolicy = 'x'\n[segments.moves]\n" + "".join(f"purchse{n} = 1\n" for n in range(2_000))),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPOS)
def test_only_the_first_of_very_many_findings_get_a_hint(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error, compared = typos(*TYPOS[name], monkeypatch)
    assert len(error.findings) >= 2_000
    assert 0 < len(compared) <= 20
    assert sum(compared) <= 20_000
    assert "did you mean" in str(error)
    assert len(str(error)) < 20_000
    assert str(error).endswith(f"and {len(error.findings) - 40:,} more findings")


def test_a_list_of_known_words_ends() -> None:
    known = with_parameters(2_000, "parameter_number_{}_with_a_name_of_seventy_characters_or_a_little_more_or_less")
    with pytest.raises(InvalidDocumentError, match=r"'x'; known: .* and 1,979 more\n") as caught:
        parse_curve(known + rule(0, 'doubt = "x"'))
    assert len(str(caught.value)) < 4_000


@pytest.mark.parametrize("table", ["[[rules]]", "[[stages]]", "[[settling]]"])
def test_a_long_name_is_shown_once(table: str) -> None:
    long = "x" * 100_000
    with pytest.raises(InvalidDocumentError) as caught:
        parse_curve(
            f'{table}\nname = "{long}"\n[{table.strip("[]")}.{long}]\n' + "".join(f"k{n} = 1\n" for n in range(2_000))
        )
    assert sum(len(str(finding)) for finding in caught.value.findings) < 2_000_000


def test_rows_that_can_never_match_do_not_repeat_a_long_name() -> None:
    late = "".join(rule(n, "") for n in range(2_000))
    first = rule(0, "").replace("r0", "x" * 100_000)
    with pytest.raises(InvalidDocumentError, match="can never match: x") as caught:
        parse_curve(default_toml().replace("[[rules]]", f"{first}[[rules]]", 1) + late)
    assert sum(len(str(finding)) for finding in caught.value.findings) < 2_000_000


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow) if kind in LONG else kind for kind in DOORS]
)
def test_after_very_many_problems_later_entries_are_not_read(kind: str) -> None:
    name = {"scenario": "segments", "property": "properties", "environment": "environment.moves"}.get(kind, "rules")
    with within(60), pytest.raises(DOORS[kind].error) as caught:
        DOORS[kind].parse(f"{name} = [{'{},' * 200_000}]")
    last = next(each for each in caught.value.findings if "later entries" in each.problem)
    place = ("[environment]", "moves") if kind == "environment" else (f"[[{name}]]", "")
    assert (last.table, last.key) == place
    assert last.problem == "has at least 40,000 problems; later entries are not read"
    assert len(caught.value.findings) < 50_000


def test_a_long_line_of_dotted_words_is_read_soon() -> None:
    dotted = ".".join("a" * 33)
    with within(20), pytest.raises(InvalidDocumentError, match="x: unknown table"):
        parse_curve(f'x = "{f"{dotted} " * 14_000}"')


def test_parameters_that_nothing_uses_are_found_soon() -> None:
    with within(30), pytest.warns(match="is not used"):
        parse_curve(with_parameters(25_000))


def test_of_very_many_unknown_keys_the_first_are_found() -> None:
    with pytest.raises(InvalidDocumentError, match="k0: unknown table") as caught:
        parse_curve("".join(f"k{number} = 1\n" for number in range(60_000)))
    assert 40_000 <= len(caught.value.findings) < 40_020
