"""Run the command line as a process of its own: in a pipe, or on a terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import pytest

COMMAND = [sys.executable, "-c", "from trustcurve.cli import main; main()"]
LOUD = ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "GITHUB_ACTIONS")
QUIET = {name: value for name, value in os.environ.items() if name not in LOUD}

_PATIENCE = 60  # seconds; nothing here takes that long


def run(*arguments: str, code: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in pipes; the environment says in which encoding, if not in UTF-8."""
    command = COMMAND if code is None else [sys.executable, "-c", code]
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**QUIET, **environment},
        encoding=environment.get("PYTHONIOENCODING", "utf-8"),
    )


def on_terminal(
    *arguments: str, columns: int = 100, interrupt_at: bytes | None = None, interrupt: signal.Signals = signal.SIGINT
) -> tuple[int, str]:
    """Run a command on a terminal of its own, and return its exit code and all that it wrote there.

    Args:
        arguments: The command.
        columns: How wide the terminal is.
        interrupt_at: Press Ctrl-C when this is seen, or send another signal.
        interrupt: The signal.
    """
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**QUIET, "TERM": "xterm", "COLUMNS": str(columns)},
    )
    os.close(follower)
    patience = threading.Timer(_PATIENCE, process.kill)
    patience.start()
    seen = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        seen += chunk
        if interrupt_at is not None and interrupt_at in seen:
            process.send_signal(interrupt)
            interrupt_at = None
    os.close(leader)
    patience.cancel()
    return process.wait(), seen.decode()


def lines_of(seen: str) -> list[str]:
    """Read what stays on a terminal: its lines, without colours and without what is wiped out."""
    stays = seen[seen.rindex("\x1b[2K") :] if "\x1b[2K" in seen else seen
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stays).replace("\r\n", "\n").split("\n")
