"""Tests of snapshots: golden files of every version, round trips, schemas, errors, migrations."""
