"""What only a real process shows: pipes, terminals, and what happens where an extra is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trustcurve import Curve

pytestmark = pytest.mark.usefixtures("shop")

COMMAND = [sys.executable, "-c", "from trustcurve.cli import main; main()"]
REPLAY = ["replay", "log.csv", "-m", "m.toml", "--allow-rejects"]
QUIET = {
    name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TERM")
}


def run(*arguments: str, code: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = COMMAND if code is None else [sys.executable, "-c", code]
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**QUIET, **environment},
        encoding="utf-8",
    )


def on_terminal(*arguments: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; answer with its exit code and all that it wrote there."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**QUIET, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(follower)
    seen = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(leader)
    return process.wait(), seen.decode()


def test_a_terminal_shows_a_progress_bar_and_colours() -> None:
    code, seen = on_terminal(*REPLAY)
    assert code == 0
    assert "replaying" in seen
    assert "\x1b[" in seen
    assert "Where customers stand" in seen
    code, seen = on_terminal("explain", "log.csv", "-m", "m.toml", "--customer", "4711")
    assert (code, "replaying" in seen) == (0, True)


def test_a_terminal_is_left_clean() -> None:
    _, seen = on_terminal(*REPLAY)
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1  # the cursor is shown again
    assert "replaying" not in seen[seen.rindex("\x1b[2K") :]  # the bar's line is wiped out


def test_a_pipe_shows_neither(shop: Path) -> None:
    done = run(*REPLAY)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "replaying" not in done.stdout
    assert shop.is_dir()


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


@pytest.mark.xfail(strict=True, reason="what a narrow encoding cannot say ends in a UnicodeEncodeError")
def test_an_output_in_ascii_says_what_it_can() -> None:
    Path("odd.csv").write_text("row,time,customer,event,order,promised\n1,2026-03-01,Zoë,ärger,,\n", encoding="utf-8")
    done = run("replay", "odd.csv", "-m", "m.toml", "--allow-rejects", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")


MISSING = """
import sys


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
    assert (done.returncode, done.stdout) == (1, "")
    says = f"trustcurve: this needs {module}, which is not installed: pip install 'trustcurve[cli]'\n"
    assert done.stderr == says


def test_a_missing_writer_of_toml_is_one_sentence_too() -> None:
    Path("mine.toml").write_text(Curve.default().to_toml(), encoding="utf-8")
    done = without("tomli_w", "from trustcurve.cli import main; main()", "curve", "--toml", "--curve", "mine.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "trustcurve: this needs tomli_w, which is not installed: pip install 'trustcurve[toml]'\n"


def test_logs_without_polars_name_their_extra() -> None:
    done = without("polars", "import trustcurve.logs")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "this needs polars, which is not installed: pip install 'trustcurve[logs]'"
    )
