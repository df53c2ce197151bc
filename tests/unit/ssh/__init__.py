"""The console over SSH."""
