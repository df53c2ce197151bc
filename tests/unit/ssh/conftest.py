"""A real daemon with its console over SSH on loopback, two users, and a key."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

ADMIN, READER = ("bob", "battery staple"), ("ann", "correct horse")


@dataclass
class Switch:
    """A running daemon."""

    folder: Path
    port: int
    key: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def cli(self, *words: str) -> str:
        """Run a command as the owner of the socket."""
        return run(["cli", "--socket", str(self.folder / "s"), *words])


def run(words: list[str]) -> str:
    """Run `podwire` and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "podwire", *words], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def serve(folder: Path) -> Iterator[Switch]:
    """Run a daemon until the caller has had enough."""
    port = free_port()
    words = ["serve", "--state-dir", str(folder / "state"), "--socket", str(folder / "s"), "--switch-name", "leaf1"]
    words += ["--ssh", str(port), "--ssh-address", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "podwire", *words], stderr=subprocess.PIPE, bufsize=0)
        assert process.stderr is not None
        for line in process.stderr:
            log.write(line)
            if b" serves " in line:
                break
        else:
            pytest.fail((folder / "log").read_text(encoding="utf-8"))
        # The rest of the log goes on into the file.
        copy = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(folder / "id"))
        (folder / "id").chmod(0o600)
        switch = Switch(folder, port, folder / "id", process)
        public = key.export_public_key().decode().strip()
        switch.cli("user-create", "name", ADMIN[0], "role", "network-admin", "password", ADMIN[1], "ssh-key", public)
        switch.cli("user-create", "name", READER[0], "role", "read-only", "password", READER[1])
        yield switch
        process.terminate()
        process.stderr.close()
        process.wait(30)
        copy.wait(30)


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    yield from serve(tmp_path_factory.mktemp("ssh"))
