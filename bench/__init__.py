"""Benchmarks: ingest beside its peers, on the same machine, in the same run. Never part of the tests."""
