"""The parcel shop's log: the same every time, dirty as announced, and the world it says it is."""

import csv
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from trustcurve import Curve
from trustcurve.logs import LogReplay, load_mapping, replay_log, scan_log

EXAMPLE = Path(__file__).parents[2] / "examples" / "parcelshop"
COLUMNS = [
    "row", "time", "customer", "event", "order", "promised_on", "carrier",
    "campaign", "ticket", "amount", "rating", "channel", "comment",
]  # fmt: skip
KINDS_OF_DIRT = {
    "bad time", "no customer", "unknown event", "unknown order", "ragged line",
    "duplicate", "out of order", "rating that is not a number",
}  # fmt: skip
FAILURES = ("bad time", "no customer", "unknown event", "unknown order", "ragged line")

Row = dict[str, str]
Log = tuple[Path, Counter[str]]


def make(out: Path, *options: str) -> Counter[str]:
    """Run the script, and return the dirt that it announces."""
    command = [sys.executable, str(EXAMPLE / "make_log.py"), "--out", str(out), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not done.stdout
    return Counter({name: int(count) for count, name in re.findall(r"^ +(\d+)  (.+)$", done.stderr, re.MULTILINE)})


def read(path: Path) -> list[Row]:
    """Read the lines that have as many fields as the heading."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        heading = next(lines)
        assert heading == COLUMNS
        return [dict(zip(heading, line, strict=True)) for line in lines if len(line) == len(heading)]


def readable(time: str) -> bool:
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return False
    return True


def words_of(mapping: dict[str, list[dict[str, dict[str, str | list[str]]]]]) -> set[str]:
    """Every event word that the mapping names."""
    named = [rule["when"]["event"] for rule in mapping["rules"]]
    return {word for each in named for word in ([each] if isinstance(each, str) else each)}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    path = tmp_path_factory.mktemp("parcelshop") / "log.csv"
    return path, make(path, "--customers", "400")


@pytest.fixture(scope="module")
def clean(log: Log) -> list[Row]:
    """The rows without dirt, each once, by time."""
    words = words_of(tomllib.loads((EXAMPLE / "mapping.toml").read_text(encoding="utf-8")))
    placed = {row["order"] for row in read(log[0]) if row["event"] == "order"}
    known = [
        row
        for row in read(log[0])
        if readable(row["time"]) and row["customer"] and row["event"] in words
        and (row["event"] != "delivered" or row["order"] in placed)
    ]  # fmt: skip
    return sorted({row["row"]: row for row in known}.values(), key=lambda row: row["time"])


def test_the_same_seed_gives_the_same_bytes(log: Log, tmp_path: Path):
    again = make(tmp_path / "again.csv", "--customers", "400")
    assert (tmp_path / "again.csv").read_bytes() == log[0].read_bytes()
    assert again == log[1]


def test_another_seed_gives_another_world(log: Log, tmp_path: Path):
    make(tmp_path / "other.csv", "--customers", "400", "--seed", "8")
    assert (tmp_path / "other.csv").read_bytes() != log[0].read_bytes()


def test_more_customers_leave_the_others_as_they_were(clean: list[Row], tmp_path: Path):
    make(tmp_path / "fewer.csv", "--customers", "20")
    words = {row["event"] for row in clean}

    def lives(rows: list[Row]) -> set[tuple[str, ...]]:
        return {
            (row["time"], row["customer"], row["event"], row["order"])
            for row in rows
            if row["customer"] in first_20 and row["event"] in words and readable(row["time"])
        }

    first_20 = {f"C{number:05d}" for number in range(1, 21)}
    orders = {row["order"] for row in clean if row["event"] == "order"}
    fewer = [row for row in read(tmp_path / "fewer.csv") if not row["order"] or row["order"] in orders]
    assert lives(fewer) == lives(clean)


def test_it_starts_when_it_is_told(tmp_path: Path):
    make(tmp_path / "later.csv", "--customers", "20", "--start", "2021-06-15")
    times = [row["time"] for row in read(tmp_path / "later.csv") if readable(row["time"])]
    assert min(times) >= "2021-06-15"
    assert "2023-05" < max(times) < "2023-06-15"


def test_all_kinds_of_dirt_are_there_about_one_row_in_300(log: Log):
    path, dirt = log
    assert set(dirt) == KINDS_OF_DIRT
    rows = len(path.read_text(encoding="utf-8").splitlines()) - 1
    assert 250 < rows / dirt.total() < 350


def test_the_announced_dirt_is_in_the_file(log: Log, clean: list[Row]):
    path, dirt = log
    rows = read(path)
    with path.open(encoding="utf-8", newline="") as file:
        assert sum(len(line) != len(COLUMNS) for line in csv.reader(file)) == dirt["ragged line"] == 1
    assert sum(not readable(row["time"]) for row in rows) == dirt["bad time"]
    assert sum(not row["customer"] for row in rows) == dirt["no customer"]
    words = {row["event"] for row in clean}
    assert sum(row["event"] not in words for row in rows) == dirt["unknown event"]
    orders = {row["order"] for row in clean if row["event"] == "order"}
    assert sum(row["event"] == "delivered" and row["order"] not in orders for row in rows) == dirt["unknown order"]
    assert (
        sum(row["event"] == "rated" and row["rating"] not in "12345" for row in rows)
        == dirt["rating that is not a number"]
    )
    whole = Counter(tuple(row.values()) for row in rows)
    assert sum(count - 1 for count in whole.values()) == dirt["duplicate"]


def test_some_rows_stand_later_than_they_happened(log: Log):
    path, dirt = log
    numbers = [int(row["row"][1:]) for row in read(path)]
    seen, late = 0, 0
    for number in numbers:
        late += number < seen
        seen = max(seen, number)
    assert dirt["out of order"] <= late <= dirt["out of order"] + dirt["duplicate"]


def test_every_failed_line_is_followed_by_the_right_one(log: Log, clean: list[Row]):
    path, dirt = log
    ids = {row["row"] for row in clean}
    assert ids == {f"R{number:06d}" for number in range(1, len(ids) + 1)}
    extra = sum(dirt[name] for name in FAILURES) + dirt["duplicate"]
    assert len(read(path)) + dirt["ragged line"] == len(clean) + extra


def test_the_mapping_knows_every_word_and_names_no_other(clean: list[Row]):
    mapping = tomllib.loads((EXAMPLE / "mapping.toml").read_text(encoding="utf-8"))
    assert words_of(mapping) == {row["event"] for row in clean}


def test_the_mapping_does_not_see_the_rating():
    text = (EXAMPLE / "mapping.toml").read_text(encoding="utf-8")
    rules = tomllib.loads(text)["rules"]
    (rated,) = (rule for rule in rules if "rated" in rule["when"]["event"])
    assert rated["ignore"]
    assert "rating" not in str(rules)


def test_nobody_promises_a_day_that_has_passed(clean: list[Row]):
    promised = [row for row in clean if row["promised_on"]]
    assert promised
    assert all(date.fromisoformat(row["promised_on"]) > datetime.fromisoformat(row["time"]).date() for row in promised)
    assert all(date.fromisoformat(row["promised_on"]).weekday() != 6 for row in promised)


def late_shares(clean: list[Row], key: Callable[[Row], object]) -> dict[object, float]:
    """Return the share of deliveries after the day first promised, by a key of the order's row."""
    orders = {row["order"]: row for row in clean if row["event"] == "order"}
    counts: Counter[tuple[object, bool]] = Counter()
    for row in clean:
        if row["event"] == "delivered":
            order = orders[row["order"]]
            counts[key(order), row["time"][:10] > order["promised_on"]] += 1
    keys = {each for each, _ in counts}
    return {each: counts[each, True] / (counts[each, True] + counts[each, False]) for each in keys}


def test_the_carriers_differ_and_december_is_bad(clean: list[Row]):
    by_carrier = late_shares(clean, lambda order: order["carrier"])
    assert by_carrier["falcon"] < by_carrier["badger"] < by_carrier["turtle"]
    december = late_shares(clean, lambda order: order["time"][5:7] == "12")
    assert december[True] > 1.5 * december[False]


def test_stars_tell_late_parcels_from_others(clean: list[Row]):
    orders = {row["order"]: row["promised_on"] for row in clean if row["event"] == "order"}
    came = {row["order"]: row["time"][:10] for row in clean if row["event"] == "delivered"}
    stars: dict[bool, list[int]] = {True: [], False: []}
    for row in clean:
        if row["event"] == "rated" and row["rating"].isdigit() and row["order"] in came:
            stars[came[row["order"]] > orders[row["order"]]].append(int(row["rating"]))
    late, in_time = (sum(given) / len(given) for given in (stars[True], stars[False]))
    assert in_time > late + 0.8
    assert {1, 2, 3, 4, 5} <= {*stars[True], *stars[False]}


# --- the log on the curve ---------------------------------------------------------------------------


def replay(log: Path, outcome: str | None = None) -> LogReplay:
    return replay_log(scan_log(log), load_mapping(EXAMPLE / "mapping.toml"), Curve.default(), outcome=outcome)


def test_dirt_moves_nobody(log: Log, clean: list[Row], tmp_path: Path):
    path, dirt = log
    with (tmp_path / "clean.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(clean)
    dirty, without = replay(path), replay(tmp_path / "clean.csv")
    assert dirty.standings == without.standings
    assert not without.rejects
    assert without.counts.duplicate == 0
    assert dirty.counts.applied == without.counts.applied
    assert dirty.counts.conflict == 0
    assert dirty.counts.duplicate >= dirt["duplicate"], "a row may make several events"
    assert len(dirty.rejects) == sum(dirt[name] for name in FAILURES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Log:
    path = tmp_path_factory.mktemp("parcelshop") / "parcelshop.csv"
    return path, make(path)


@pytest.fixture(scope="module")
def readme() -> str:
    return (EXAMPLE / "README.md").read_text(encoding="utf-8")


def trustcurve(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a wide terminal."""
    command = [str(Path(sys.executable).with_name("trustcurve")), *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "160", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    return subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=environment)


@pytest.mark.slow
def test_the_command_shows_all_seven_states(whole: Log, readme: str, tmp_path: Path):
    mapping = EXAMPLE / "mapping.toml"
    done = trustcurve("replay", whole[0], "--mapping", mapping, "--out", tmp_path, "--format", "csv")
    assert done.returncode == 1, "there are rejects, and nobody allowed them"
    with (tmp_path / "observed.csv").open(encoding="utf-8", newline="") as file:
        states = Counter(row["state"] for row in csv.DictReader(file))
    assert set(states) == set(Curve.default().states)
    assert min(states.values()) >= 0.01 * states.total()
    for state, count in states.items():
        assert re.search(rf"{re.escape(state)}\W+{count:,}\W+{count / states.total():.1%}", done.stdout)
        assert f"| `{state}` | {count} | {count / states.total():.1%} |".replace("%", " %") in readme
    counts = re.findall(r"^([\d,]+) (?:rows|events): (.*)$", done.stdout, re.MULTILINE)
    assert len(counts) == 2
    for total, parts in counts:
        for number in (total, *re.findall(r"[\d,]*\d", parts)):
            assert number in readme


def test_the_command_allows_rejects_where_it_is_told_to(log: Log):
    done = trustcurve("replay", log[0], "--mapping", EXAMPLE / "mapping.toml", "--allow-rejects")
    assert done.returncode == 0
    rejected = log[1]["unknown order"]
    assert f"{sum(log[1][name] for name in FAILURES) - rejected} broken" in done.stdout
    assert f"{rejected} rejected" in done.stdout


@pytest.mark.slow
def test_the_command_tells_the_story_of_the_customer_in_the_readme(whole: Log, readme: str):
    (customer,) = re.findall(r"--customer (C\d+)", readme)
    done = trustcurve("explain", whole[0], "--mapping", EXAMPLE / "mapping.toml", "--customer", customer)
    reached = re.findall(r"(?:rose|fell): \S+ -> (\S+)", done.stdout)
    assert [state for state in reached if state in ("advocate", "departed")] == ["advocate", "departed"]
    assert reached[-1].startswith("distrust.")


@pytest.mark.slow
def test_the_readme_tells_the_ratings_by_state(whole: Log, readme: str):
    shares = replay(whole[0], outcome="rating").outcomes.shares().filter(whose="all")
    for group, count, mean in shares.filter(known_by="state").select("group", "count", "mean").iter_rows():
        assert f"| `{group}` | {count} | {mean:.2f} |" in readme
    for count, mean in shares.filter(known_by="last promise").select("count", "mean").iter_rows():
        assert f"{mean:.2f}" in readme
        assert f"{count}" in readme


@pytest.mark.slow
def test_the_readme_shows_the_dirt_that_is_announced(whole: Log, readme: str):
    path, dirt = whole
    assert all(f"{count:7d}  {name}\n" in readme for name, count in dirt.items())
    lines = path.read_text(encoding="utf-8").count("\n") - 1
    assert f"parcelshop.csv: {lines:,} rows" in readme
    assert f"{dirt.total()} rows (one in {lines // dirt.total()})" in readme
