"""Whoever asks for a report at a terminal is told what it waits for; a pipe gets nothing but the report."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
import threading
from pathlib import Path

from .conftest import write_kubeconfig


def read_all(descriptor: int) -> bytes:
    told = b""
    while True:
        try:
            part = os.read(descriptor, 4096)
        except OSError:
            return told
        if not part:
            return told
        told += part


def test_a_silent_server_is_named_while_it_is_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        kubeconfig = write_kubeconfig(tmp_path / "config", f"http://127.0.0.1:{port}")
        near, far = pty.openpty()
        code = "import sys; from podwire.check import run_check; sys.exit(run_check(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "--kube-config", str(kubeconfig), "--json"]
        process = subprocess.Popen(command, stderr=far, stdout=subprocess.PIPE)
        os.close(far)
        told = b""
        while b"to answer, at most 15 s" not in told:
            told += os.read(near, 4096)
        assert f"waiting for http://127.0.0.1:{port} to answer".encode() in told
        # The server gives up: what was told is wiped out before the report.
        server.accept()[0].close()
        rest: list[bytes] = []
        thread = threading.Thread(target=lambda: rest.append(read_all(near)))
        thread.start()
        # aiohttp asks once more where a connection was closed without an answer.
        server.settimeout(0.2)
        while process.poll() is None:
            try:
                server.accept()[0].close()
            except TimeoutError:
                continue
        thread.join()
        os.close(near)
    assert process.returncode == 1
    assert (told + rest[0]).rstrip().endswith(b"\r\x1b[K")
    assert process.stdout is not None
    assert b"closes the connection" in process.stdout.read()
    process.stdout.close()


def test_a_pipe_is_told_nothing(tmp_path: Path) -> None:
    code = "import sys; from podwire.check import run_check; sys.exit(run_check(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--kube-config", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"")
