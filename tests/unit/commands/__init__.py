"""The show engine and the commands."""
