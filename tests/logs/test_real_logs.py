"""The mappings of two public logs on the logs themselves, which are not part of the project.

To run these: TRUSTCURVE_DATA=FOLDER, where FOLDER has olist.parquet or completejourney.parquet, made as the
READMEs under examples/ say.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from tests.logs.helpers import CURVE, shares
from trustcurve.logs import LogReplay, load_mapping, replay_log, scan_log
from trustcurve.logs.summary import state_rows

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = os.environ.get("TRUSTCURVE_DATA")


@cache
def whole(name: str, outcome: str | None = None) -> LogReplay:
    """Replay a public log, once, or skip where it is not there."""
    path = Path(DATA or "") / f"{name}.parquet"
    if not DATA or not path.is_file():
        pytest.skip(f"TRUSTCURVE_DATA names no folder with {name}.parquet")
    return replay_log(scan_log(path), load_mapping(EXAMPLES / name / "mapping.toml"), CURVE, outcome=outcome)


@pytest.mark.slow
def test_on_olist_hope_and_distrust_tell_the_stars_that_follow() -> None:
    told = shares(whole("olist", "review_score"), "state", "mean", "low", "high", "count")
    hope, distrust = told["hopeful"], told["distrust.competitive"]
    assert 4.25 < hope[1] < hope[0] < hope[2] < 4.35
    assert 1.70 < distrust[1] < distrust[0] < distrust[2] < 1.85
    assert (hope[3], distrust[3]) == (9294, 3439)


@pytest.mark.slow
def test_on_olist_every_review_is_told() -> None:
    done = whole("olist", "review_score")
    scores = pl.scan_parquet(Path(DATA or "") / "olist.parquet").select(pl.col("review_score").count()).collect().item()
    assert done.outcomes.table.height == scores
    assert sum(count for (count,) in shares(done, "state", "count").values()) == scores


@pytest.mark.slow
@pytest.mark.parametrize("name", ["olist", "completejourney"])
def test_every_row_of_a_public_log_is_accounted_for(name: str) -> None:
    done = whole(name, "review_score" if name == "olist" else None)
    counts = done.counts
    rows = pl.scan_parquet(Path(DATA or "") / f"{name}.parquet").select(pl.len()).collect().item()
    assert rows == counts.rows
    assert counts.rows == counts.used + counts.ignored + counts.broken
    assert sum(reject.at is None for reject in done.rejects) == counts.broken
    assert done.counts.rejected + done.counts.conflict == sum(reject.at is not None for reject in done.rejects)
    assert sum(row.customers for row in state_rows(done)) == len(done.standings)


@pytest.mark.slow
def test_on_olist_it_is_said_that_the_log_runs_dry_before_its_end() -> None:
    assert whole("olist", "review_score").warnings == (
        "400 of 40,061 events lie after 2018-08-26; every customer is observed on 2018-10-22, at the last event: see --until",
        "no rule makes Exchanged, so no customer can become customer_centric or advocate",
    )
