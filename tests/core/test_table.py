"""The table: the curve unrolled once, in plain tuples, and as an array where numpy is at hand."""

from __future__ import annotations

import numpy as np
import pytest

from trustcurve import Curve, Position
from trustcurve.documents.curve_file import read_curve
from trustcurve.errors import InvalidPositionError


def test_the_table_is_the_curve(curve: Curve) -> None:
    table = curve.table()
    assert len(table) == len(table.positions) == len(table.reactions) == len(table.ranks) == 524
    assert table.signals == curve.signals
    assert table.states == curve.states
    for number, (position, row) in enumerate(zip(table.positions, table.reactions, strict=True)):
        assert table.number(position) == table.numbers[position] == number
        assert table.ranks[number] == curve.rank(position)
        for signal, reaction, leads in zip(table.signals, row, table.next[number], strict=True):
            assert reaction == curve.react(position, signal)
            assert table.positions[leads] == reaction.after


def test_number_0_is_the_start_and_each_position_is_reached_by_an_earlier_one(curve: Curve) -> None:
    table = curve.table()
    assert table.positions[0] == curve.start
    assert len(set(table.positions)) == len(table)
    first_seen: dict[int, int] = {}
    for number, row in enumerate(table.next):
        for leads in row:
            first_seen.setdefault(leads, number)
    assert all(first_seen[number] < number for number in range(1, len(table)))
    # Breadth first: nobody is numbered before one who is fewer signals away.
    away = [0] * len(table)
    for number in range(1, len(table)):
        away[number] = away[first_seen[number]] + 1
    assert away == sorted(away)


def test_it_is_made_once_and_equal_curves_make_equal_ones(curve: Curve) -> None:
    assert curve.table() is curve.table()
    again = read_curve(curve.to_plain()).table()
    assert again is not curve.table()
    assert again.next == curve.table().next
    assert again.positions == curve.table().positions


def test_reactions_from_the_table_are_the_ones_that_react_answers_with(curve: Curve) -> None:
    table = curve.table()
    assert all(curve.react(row[0].before, row[0].signal) is row[0] for row in table.reactions)
    interned = {id(reaction.after) for row in table.reactions for reaction in row}
    assert len(interned) <= len(table), "positions repeat, and are shared"


def test_a_position_out_of_reach_has_no_number(curve: Curve) -> None:
    nowhere = Position("advocate", 0, 0, 0, "breach")
    with pytest.raises(InvalidPositionError):
        curve.table().number(nowhere)
    assert curve.react(nowhere, "repair").after == Position("advocate", 0, 0, 0, "due"), "yet it reacts"


def test_the_buffer_is_an_array_without_a_copy(curve: Curve) -> None:
    table = curve.table()
    leads = np.asarray(table.buffer)
    assert leads.shape == (524, 16)
    assert leads.dtype == np.int32
    assert leads.tolist() == [list(row) for row in table.next]
    assert np.shares_memory(leads, np.asarray(table.buffer))
    assert not leads.flags.writeable
    assert not leads.flags.owndata


def test_a_table_says_its_size(curve: Curve) -> None:
    assert repr(curve.table()) == "<Table of 524 positions and 16 signals>"
