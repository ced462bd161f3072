"""The vocabulary and plumbing that all parts of venueair share; it imports none of them (cli.py excepted)."""
