"""Tests of the room `kube`, against a server of their own that misbehaves on demand."""
