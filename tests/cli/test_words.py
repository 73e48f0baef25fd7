"""Words of a log are words: brackets, colons, control characters, and letters that an encoding does not have."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import LOG, MAPPING, Trustcurve
from tests.cli.programs import COMMAND, QUIET, run
from trustcurve import Curve
from trustcurve.documents.curve_file import curve_toml

pytestmark = pytest.mark.usefixtures("shop")

HEADING = LOG.splitlines()[0]
ODD_WORDS = ["[/b]", "[red]", "a [link=x]", "[bold]x[/bold]", ":smile:", "a\\[b]", "$&%"]


def write_log(name: str, *rows: str, heading: str = HEADING) -> None:
    Path(name).write_text("\n".join([heading, *rows, ""]), encoding="utf-8")


@pytest.mark.parametrize("word", ODD_WORDS)
def test_words_of_a_row_are_told_as_they_are(trustcurve: Trustcurve, word: str) -> None:
    write_log("odd.csv", f"1,2026-03-01 09:00,4711,{word},,,")
    said = trustcurve("replay", "odd.csv", "-m", "m.toml")
    assert (said.code, said.err) == (1, "")
    assert f"event={word}" in said.out
    said = trustcurve("explain", "odd.csv", "-m", "m.toml", "--customer", "4711")
    assert f"event={word}\n" in said.out


@pytest.mark.parametrize("word", ODD_WORDS)
def test_ids_and_notes_are_told_as_they_are(trustcurve: Trustcurve, word: str) -> None:
    Path("noted.toml").write_text(MAPPING.replace('by = "company"', 'by = "company"\nnote = "{order}"'))
    write_log("odd.csv", f"1,2026-03-01 09:00,{word},letter,,,", f"2,2026-03-02 09:00,{word},letter,{word},,")
    said = trustcurve("explain", "odd.csv", "-m", "noted.toml", "--customer", word)
    assert (said.code, said.err) == (0, "")
    assert f"the company asks [{word}] (row 2)\n" in said.out


@pytest.mark.parametrize("word", ODD_WORDS)
def test_names_of_columns_and_folders_are_told_as_they_are(trustcurve: Trustcurve, word: str) -> None:
    Path("odd.csv").write_text(LOG.replace("stars", f"stars {word}"), encoding="utf-8")
    folder = f"new {word}".replace("/", "|")
    said = trustcurve("replay", "odd.csv", "-m", "m.toml", "--outcome", f"stars {word}", "--out", folder)
    assert f"stars {word} by what was known just before: all customers" in said.out
    assert f"No stars {word} of customers with two or more promises by then." in said.out
    assert f"wrote {folder}/transitions.parquet" in said.out


@pytest.mark.parametrize("word", ODD_WORDS)
def test_errors_tell_words_as_they_are(trustcurve: Trustcurve, word: str) -> None:
    for arguments in (
        ["replay", f"{word}.csv", "-m", "m.toml"],
        ["replay", "log.csv", "-m", f"{word}.toml"],
        ["replay", "log.csv", "-m", "m.toml", "--until", word],
        ["replay", "log.csv", "-m", "m.toml", "--outcome", word],
        ["explain", "log.csv", "-m", "m.toml", "--customer", word],
        ["schema", word],
        [word],
    ):
        said = trustcurve(*arguments)
        assert said.code == 2
        assert word in said.err or repr(word)[1:-1] in said.err


def test_a_curve_tells_words_as_they_are(trustcurve: Trustcurve) -> None:
    wild = curve_toml(Curve.default()).replace('name = "default"', 'name = "[red]mine[/red] :smile:"')
    Path("mine.toml").write_text(wild.replace("the customer left", "[/b] left"), encoding="utf-8")
    said = trustcurve("curve", "-c", "mine.toml")
    assert (said.code, said.err) == (0, "")
    assert said.lines[0].startswith("curve [red]mine[/red] :smile:, fingerprint ")
    assert "[/b] left" in said.out


@pytest.mark.parametrize("control", ["\x1b[31m", "\x1b]0;x\x07", "\x9b1m", "\x00", "\x08", "\x7f"])
def test_a_log_cannot_steer_the_terminal(trustcurve: Trustcurve, control: str) -> None:
    write_log("odd.csv", f"1,2026-03-01 09:00,a{control}b,x{control}y,,,")
    for command in (["replay"], ["explain", "--customer", f"a{control}b"]):
        said = trustcurve(*command, "odd.csv", "-m", "m.toml")
        assert (said.code, said.err) == (1, "")
        assert control not in said.out
        assert f"event=x{control!r}y".replace("'", "") in said.out
    said = trustcurve("replay", f"a{control}b".replace("\x00", "\x01"), "-m", "m.toml")
    assert (said.code, control in said.err) == (2, False)


def test_a_note_of_several_lines_cannot_pass_for_lines_of_the_story(trustcurve: Trustcurve) -> None:
    Path("noted.toml").write_text(MAPPING.replace('by = "company"', 'by = "company"\nnote = "{order}"'))
    write_log("odd.csv", "1,2026-03-01 09:00,x,letter,,,", '2,2026-03-02 09:00,x,letter,"a\nstands at advocate",,')
    said = trustcurve("explain", "odd.csv", "-m", "noted.toml", "--customer", "x")
    assert "the company asks [a stands at advocate] (row 2)\n" in said.out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_an_output_says_what_its_encoding_can(encoding: str) -> None:
    write_log("odd.csv", "1,2026-03-01,Zoë,ärger,,,", "2,2026-03-01,日本,letter,,,")
    done = run("replay", "odd.csv", "-m", "m.toml", "--allow-rejects", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    for customer in ("Zoë", "日本"):
        done = run("explain", "odd.csv", "-m", "m.toml", "--customer", customer, PYTHONIOENCODING=encoding)
        assert (done.returncode, done.stderr) == (int(customer == "Zoë"), "")
    done = run("explain", "odd.csv", "-m", "m.toml", "--customer", "Zoe", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("trustcurve: customer 'Zoe' is unknown; did you mean 'Zo")


def test_a_file_is_utf_8_whatever_the_encoding_of_the_output() -> None:
    Path("mine.toml").write_text(curve_toml(Curve.default()).replace('"default"', '"Zoë"', 1), encoding="utf-8")
    with Path("again.toml").open("wb") as file:
        command = [*COMMAND, "curve", "--toml", "-c", "mine.toml"]
        subprocess.run(command, stdout=file, check=True, env={**QUIET, "PYTHONIOENCODING": "ascii"})
    assert tomllib.loads(Path("again.toml").read_text(encoding="utf-8"))["curve"]["name"] == "Zoë"
