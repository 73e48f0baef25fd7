"""Files are written aside and renamed: whatever ends the writing, each file is wholly the old one or wholly the new one."""

from __future__ import annotations

import ast
import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest

import trustcurve
from trustcurve.records import FileFormat, write_tables
from trustcurve.records.whole_files import WholeFiles, write_whole

SOURCE = Path(trustcurve.__file__).parent
OLD, NEW = pl.DataFrame({"n": [1]}), pl.DataFrame({"n": [2]})
ROWS = 200_000
WRITER = textwrap.dedent(f"""
    import itertools, sys
    import polars as pl
    from trustcurve.records import write_tables

    for n in itertools.count(1):
        frame = pl.DataFrame({{"n": n}}).select(pl.col("n").repeat_by({ROWS}).explode())
        write_tables({{"a": frame, "b": frame}}, sys.argv[1], sys.argv[2])
        print(n, flush=True)
""")
LIMITED = textwrap.dedent("""
    import resource, sys
    import polars as pl
    from trustcurve.records import write_tables

    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    frame = pl.DataFrame({"n": [3]})
    large = pl.DataFrame({"n": pl.int_range(200_000, eager=True).hash()})
    write_tables({"a": frame, "b": large}, sys.argv[1], sys.argv[2])
""")


class Interrupted(Mapping[str, pl.DataFrame]):
    """Tables, of which the last cannot be made: something ends the writing."""

    def __init__(self, end: BaseException) -> None:
        self.end = end

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[str]:
        yield "a"
        yield "b"

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name == "b":
            raise self.end
        return NEW


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def numbers(folder: Path, ending: str) -> list[int]:
    """Read the two tables of the writer, and return the number that all rows of a table have."""
    read = pl.read_parquet if ending == "parquet" else pl.read_csv
    found = []
    for name in ("a", "b"):
        column = read(folder / f"{name}.{ending}")["n"]
        assert (len(column), column.n_unique()) == (ROWS, 1)
        found.append(column[0])
    return found


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(143), OSError("no"), ValueError("no")], ids=repr)
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_what_ends_the_writing_leaves_all_files_as_they_were(
    tmp_path: Path, ending: FileFormat, end: BaseException
) -> None:
    write_tables({"a": OLD, "b": OLD}, tmp_path, ending)
    before = contents(tmp_path)
    with pytest.raises(type(end)):
        write_tables(Interrupted(end), tmp_path, ending)
    assert contents(tmp_path) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_ended_leaves_whole_files(tmp_path: Path, ending: str, number: signal.Signals) -> None:
    for delay in (0.0, 0.002, 0.005, 0.011):
        command = [sys.executable, "-c", WRITER, str(tmp_path), ending]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            for _ in range(3):
                process.stdout.readline()
            threading.Event().wait(delay)
            process.send_signal(number)
            last = int((process.stdout.read().split() or [b"3"])[-1])
        assert process.returncode == -number
        first, second = numbers(tmp_path, ending)
        assert last <= second <= first <= last + 1
        hidden = [name for name in contents(tmp_path) if name.startswith(".")]
        assert all(name.endswith(".part") for name in hidden)
        if number == signal.SIGINT:
            assert hidden == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_file_that_does_not_fit_is_an_error_that_names_it(tmp_path: Path, ending: FileFormat) -> None:
    write_tables({"a": OLD, "b": OLD}, tmp_path, ending)
    before = contents(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), ending], capture_output=True, text=True, check=False
    )
    path = tmp_path / f"b.{ending}"
    assert done.stderr.splitlines()[-1] == f"OSError: [Errno {errno.EFBIG}] {os.strerror(errno.EFBIG)}: {str(path)!r}"
    assert contents(tmp_path) == before


def test_an_error_of_the_system_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(OSError, match=r"b\.csv"):
        write_tables({"a": OLD, "b": OLD}, tmp_path, "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv"]
    with pytest.raises(FileNotFoundError, match=r"there.txt"):
        write_whole(tmp_path / "not" / "there.txt", "x")


def test_a_link_stays_a_link_and_a_file_keeps_its_mode(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_whole(link, "new")
    assert (link.is_symlink(), file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (True, "new", 0o640)
    write_whole(tmp_path / "other", "new")
    (tmp_path / "usual").write_text("new")
    assert (tmp_path / "other").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_long_name_is_no_problem(tmp_path: Path) -> None:
    name = "x" * 255
    write_whole(tmp_path / name, b"new")
    assert contents(tmp_path) == {name: b"new"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, "new")
    reader.join()
    assert (read, pipe.is_fifo()) == ([b"new"], True)


def test_files_of_one_block_get_their_names_together(tmp_path: Path) -> None:
    with WholeFiles() as files:
        for name in ("a", "b"):
            with files.open(tmp_path / name) as file:
                file.write(b"new")
        assert all(name.startswith(".") for name in contents(tmp_path))
    assert contents(tmp_path) == {"a": b"new", "b": b"new"}


WRITES = {"write_text", "write_bytes", "savefig", "write_parquet", "write_csv", "sink_parquet", "sink_csv"}
KNOWN = {
    "records/table_files.py": 2,  # into a file that is written whole
    "records/whole_files.py": 2,
    "logs/spilled_tables.py": 1,  # in a temporary folder
    "report/canvas.py": 1,
    "cli/screen.py": 1,  # the null device
    "simulation/replication.py": 1,  # in a temporary folder
}


def writes_of(path: Path) -> int:
    """Count the calls in a module that write files."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = [getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls]
    modes = [
        name == "open"
        and any(isinstance(each, ast.Constant) and set("wxa") & set(str(each.value)) for each in call.args)
        for name, call in zip(named, calls, strict=True)
    ]
    return sum(modes) + sum(name in WRITES for name in named)


def test_nothing_else_writes_files() -> None:
    found = {path.relative_to(SOURCE).as_posix(): writes_of(path) for path in SOURCE.rglob("*.py")}
    assert {name: count for name, count in found.items() if count} == KNOWN
