"""Documents with very many entries, all of them wrong: every one is found, in time in proportion to their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidDocumentError
from trustcurve.logs import parse_mapping
from trustcurve.policies import parse_policy
from trustcurve.simulation import parse_scenario

MANY = 10_000
"""With a search through all findings for each entry, this many would take a quarter of an hour."""


@pytest.mark.parametrize(
    ("parse", "table"),
    [
        (parse_policy, "[[rules]]"),
        (parse_mapping, "[[rules]]"),
        (parse_scenario, "[[segments]]"),
        (parse_curve, "[[rules]]"),
        (parse_curve, "[[stages]]"),
    ],
)
def test_every_entry_of_a_wide_document_is_found(parse: Callable[[str], Any], table: str) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        parse("".join(f"{table}\nodd = {number}\n" for number in range(MANY)))
    assert len(caught.value.findings) >= MANY
    assert len({finding.table for finding in caught.value.findings}) >= MANY
