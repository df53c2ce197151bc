"""The keys by which clients know this switch: made once, kept in the state folder."""

from __future__ import annotations

import os
from pathlib import Path

import asyncssh

from podwire.support.errors import UnavailableError

_ALGORITHMS = ("ssh-ed25519", "ecdsa-sha2-nistp256")
"""Ed25519, and for older clients ECDSA."""


def host_keys(folder: Path) -> list[asyncssh.SSHKey]:
    """Return the host keys in `folder`, made where they are not there yet. Raises UnavailableError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [_key(folder / f"host-key-{algorithm}", algorithm) for algorithm in _ALGORITHMS]
    except (OSError, asyncssh.KeyImportError) as error:
        reason = getattr(error, "strerror", None) or error
        msg = f"The host keys in {folder} cannot be used: {reason}. Put them right, or remove them to have new ones."
        raise UnavailableError(msg) from error


def _key(path: Path, algorithm: str) -> asyncssh.SSHKey:
    if not path.exists():
        key = asyncssh.generate_private_key(algorithm)
        beside = path.with_name(f".{path.name}.new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.export_private_key())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    return asyncssh.read_private_key(str(path))
