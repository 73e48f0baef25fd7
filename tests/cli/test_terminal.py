"""What only a real process shows: pipes, terminals, and what happens where an extra is missing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import LOG
from tests.cli.programs import COMMAND, QUIET, lines_of, on_terminal, run
from trustcurve import Curve
from trustcurve.documents.curve_file import curve_toml

pytestmark = pytest.mark.usefixtures("shop")

REPLAY = ["replay", "log.csv", "-m", "m.toml", "--allow-rejects"]


EXPLAIN = ["explain", "log.csv", "-m", "m.toml", "--customer", "4711"]


def write_long_log(rows: int) -> None:
    """Write a log that takes its time."""
    lines = [f"{n},2026-03-01 09:00,{n % 1000 or 4711},letter,,,\n" for n in range(rows)]
    Path("log.csv").write_text(LOG.splitlines()[0] + "\n" + "".join(lines), encoding="utf-8")


@pytest.mark.parametrize("command", [REPLAY, EXPLAIN], ids=["replay", "explain"])
def test_a_terminal_shows_what_the_command_is_at(command: list[str]) -> None:
    write_long_log(9000)
    code, seen = on_terminal(*command)
    assert (code, "reading the log" in seen) == (0, True)
    if command is REPLAY:
        assert "replaying events" in seen
        assert "of 9,000" in seen


def test_a_terminal_shows_colours() -> None:
    _, seen = on_terminal(*REPLAY)
    assert "\x1b[1m2 customers\x1b[0m" in seen


def test_a_terminal_is_left_clean() -> None:
    _, seen = on_terminal(*REPLAY)
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1  # the cursor is shown again
    assert "the log" not in seen[seen.rindex("\x1b[2K") :]  # the bar's line is wiped out


def test_ctrl_c_ends_the_work_without_a_word() -> None:
    write_long_log(300_000)
    code, seen = on_terminal(*REPLAY, interrupt_at=b"reading the log")
    assert code == 130
    assert lines_of(seen)[-1].strip() == ""
    assert "Traceback" not in seen
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_request_to_end_ends_the_work_and_cleans_up(shop: Path) -> None:
    write_long_log(300_000)
    before = set(shop.iterdir())
    code, seen = on_terminal(*REPLAY, "--out", ".", interrupt_at=b"reading the log", interrupt=signal.SIGTERM)
    assert (code, lines_of(seen)[-1].strip()) == (143, "")
    assert "Traceback" not in seen
    assert set(shop.iterdir()) == before


@pytest.mark.parametrize("command", ["replay", "events", "--version", "unknown"])
def test_a_command_is_found_among_all(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == (2 if command == "unknown" else 0)
    assert ("No such command" in done.stderr) == (command == "unknown")


def test_a_pipe_shows_neither(shop: Path) -> None:
    done = run(*REPLAY)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "reading" not in done.stdout
    assert shop.is_dir()


def test_a_pipe_is_a_pipe_where_colours_are_forced() -> None:
    done = run(*REPLAY, FORCE_COLOR="1", COLUMNS="60")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b[1m" in done.stdout
    assert max(map(len, done.stdout.splitlines())) > 100


def test_an_output_that_is_closed_is_no_error() -> None:
    done = run(*REPLAY, code=f"import sys; sys.stdout = None; {COMMAND[-1]}")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("replay", "none.csv", "-m", "m.toml", code=f"import sys; sys.stderr = None; {COMMAND[-1]}")
    assert (done.returncode, done.stdout) == (2, "")


def test_errors_go_to_stderr_and_no_traceback_anywhere() -> None:
    done = run("replay", "none.csv", "-m", "m.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("trustcurve: ")
    assert done.stderr.count("\n") == 1


def test_the_entry_point_is_installed() -> None:
    program = Path(sys.executable).with_name("trustcurve")
    if not program.exists():
        pytest.skip("the tests run without the installed command")
    done = subprocess.run([program, "schema", "standing"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_same_log_says_the_same_in_every_process() -> None:
    first, second = (run(*REPLAY, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first.stdout.splitlines()[1:] == second.stdout.splitlines()[1:]  # the first line has the time it took


@pytest.mark.parametrize("command", [["events"], ["curve"], ["curve", "--toml"], ["schema", "journey"], REPLAY])
def test_a_reader_that_goes_away_is_no_error_to_talk_about(command: list[str]) -> None:
    process = subprocess.Popen([*COMMAND, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=QUIET)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()


@pytest.mark.parametrize("command", [["curve"], REPLAY, EXPLAIN], ids=["curve", "replay", "explain"])
def test_a_reader_that_goes_away_in_between_ends_the_command_quietly(command: list[str]) -> None:
    process = subprocess.Popen([*COMMAND, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=QUIET)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141  # and not 1, which speaks of rows


def test_a_full_disk_is_one_sentence() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("w") as out:
        done = subprocess.run([*COMMAND, "curve"], stdout=out, stderr=subprocess.PIPE, check=False, env=QUIET)
    assert (done.returncode, done.stderr) == (2, b"trustcurve: No space left on device\n")


MISSING = """
import sys
from trustcurve.documents.curve_file import curve_toml


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None


sys.meta_path.insert(0, Missing())
{code}
"""


def without(module: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(*arguments, code=MISSING.format(module=module, code=code))


@pytest.mark.parametrize("module", ["typer", "rich", "polars"])
def test_a_missing_extra_is_one_sentence_with_the_pip_command(module: str) -> None:
    done = without(module, "from trustcurve.cli import main; main()", *REPLAY)
    assert (done.returncode, done.stdout) == (2, "")
    says = f"trustcurve: module '{module}' is not installed: it is part of the extra 'cli'; in a checkout of trustcurve, run pip install '.[cli]'\n"
    assert done.stderr == says


def test_a_missing_writer_of_toml_is_one_sentence_too() -> None:
    Path("mine.toml").write_text(curve_toml(Curve.default()), encoding="utf-8")
    done = without("tomli_w", "from trustcurve.cli import main; main()", "curve", "--toml", "--curve", "mine.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == "trustcurve: module 'tomli_w' is not installed: it is part of the extra 'toml'; in a checkout of trustcurve, run pip install '.[toml]'\n"
    )


def test_logs_without_polars_name_their_extra() -> None:
    done = without("polars", "import trustcurve.logs")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "module 'polars' is not installed: it is part of the extra 'logs'; in a checkout of trustcurve, run pip install '.[logs]'"
    )
