"""Serves the REST application on the unix socket that the local command line uses."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

import uvicorn
from litestar import Litestar

from podwire.support.errors import UnavailableError

_BACKLOG = 128


class ApiServer:
    """One server on one unix socket. Who may open the socket may command the switch, so it is for its owner alone."""

    def __init__(self, application: Litestar, *, path: Path) -> None:
        self._path = path
        config = uvicorn.Config(
            application, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=2
        )
        self._server = _Server(config)
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Take the socket. Raises UnavailableError when another podwire has it or the folder does not allow it."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Only the last folder is made: a path that is wrong further up is more likely a slip than a wish.
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            _check_folder(self._path.parent)
            self._remove_stale()
            listener.bind(os.fspath(self._path))
            self._path.chmod(0o600)
            # From here on clients wait for their answer; a socket that does not listen would look like a dead server's.
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            msg = f"The socket {self._path} cannot be used: {error.strerror or error}. Choose another with --socket."
            raise UnavailableError(msg) from error
        except UnavailableError:
            listener.close()
            raise
        self._socket = listener

    async def run(self) -> None:
        """Serve until `stop`."""
        assert self._socket is not None
        await self._server.serve([self._socket])

    def stop(self) -> None:
        """Let `run` finish the answers under way and return."""
        self._server.should_exit = True

    def close(self) -> None:
        """Give the socket up and remove its file."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _remove_stale(self) -> None:
        """Remove the file of a server that is gone; refuse to take it from one that answers."""
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            msg = f"{self._path} exists and is no socket; choose another with --socket."
            raise UnavailableError(msg)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            try:
                probe.connect(os.fspath(self._path))
            except ConnectionRefusedError:
                self._path.unlink()
                return
        msg = f"Another podwire serves {self._path}; stop it, or choose another socket with --socket."
        raise UnavailableError(msg)


def _check_folder(folder: Path) -> None:
    """Refuse a folder in which somebody else could put a socket of their own in place of ours."""
    found = folder.stat()
    is_ours = found.st_uid in (0, os.geteuid())
    is_open = bool(found.st_mode & 0o022) and not found.st_mode & stat.S_ISVTX
    if not is_ours or is_open:
        msg = f"Others may write to {folder}, so that the socket is not safe there; choose another with --socket."
        raise UnavailableError(msg)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the composition root has them."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield
