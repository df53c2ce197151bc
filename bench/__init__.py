"""Measurements, not tests: each module measures one thing as a user meets it and prints a table (`make bench`)."""
