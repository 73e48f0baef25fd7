#!/bin/sh
# Make a virtual environment: sh tools/make_venv.sh DIRECTORY [PYTHON]
# Without PYTHON, takes the newest Python that we support and that can make one.
set -eu

venv=$1
candidates=${2:-"python3.13 python3.12 python3.11 python3"}

supported() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
complete() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

if [ -x "$venv/bin/python" ] && supported "$venv/bin/python"; then
    python=
else
    python= incomplete=
    for candidate in $candidates; do
        supported "$candidate" || continue
        if complete "$candidate"; then
            python=$candidate
            break
        fi
        incomplete=${incomplete:-$candidate}
    done
    if [ -z "$python" ] && [ -n "$incomplete" ]; then
        version=$("$incomplete" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "error: $incomplete cannot make virtual environments: its venv or ensurepip is missing." >&2
        echo "       On Debian and Ubuntu: apt-get install python$version-venv" >&2
        exit 1
    fi
    if [ -z "$python" ]; then
        echo "error: trustcurve needs Python 3.11 or newer; looked for: $candidates" >&2
        echo "       Name one with: make PYTHON=/path/to/python3" >&2
        exit 1
    fi
    echo "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi

# Groups of dependencies need pip 25.1.
if ! "$venv/bin/python" -c 'import pip, sys; sys.exit(tuple(map(int, pip.__version__.split(".")[:2])) < (25, 1))'; then
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --upgrade 'pip>=25.1'
fi
