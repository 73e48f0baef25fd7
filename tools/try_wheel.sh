#!/bin/sh
# Build the wheel from the sdist, install it where nothing else is, and do the main job with it.
# Needs what `make check` installs: sh tools/try_wheel.sh
set -eu

python=${VENV:-.venv}/bin/python
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$python" -m build --outdir "$folder/dist" . >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"$python" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet "$(echo "$folder"/dist/*.whl)[all]"
"$folder/venv/bin/python" examples/parcelshop/make_log.py --out "$folder/log.csv"
"$folder/venv/bin/trustcurve" replay "$folder/log.csv" --mapping examples/parcelshop/mapping.toml \
    --allow-rejects --out "$folder/out"
ls -l "$folder/out"
test -n "$(ls -A "$folder/out")"
