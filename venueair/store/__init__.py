"""Where readings rest: one Protocol (store.py), implementations that behave alike under one test suite."""
