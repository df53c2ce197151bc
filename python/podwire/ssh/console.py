"""One session: `podwire cli` in a process of its own, joined to the SSH channel."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import shlex
import signal
import struct
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncssh

from podwire.settings.paths import SESSION_TOKEN_VARIABLE, SESSION_USER_VARIABLE, SOCKET_VARIABLE

_PIECE_BYTES = 1 << 16
_END_SECONDS = 2.0
"""How long a console may take to end when its client has gone."""

_PLAIN_TERMINALS = frozenset({"", "dumb", "network", "unknown", "vt100"})
"""Terminal types that programs name which read lines (netmiko: vt100): they get no escape sequence but line ends."""

_SHELL_NAMES = frozenset({"cli", "/usr/bin/cli"})


def console_words(command: str | None) -> list[str]:
    """Return the words behind `podwire cli` for an exec request: a command, or a call of NetVisor's `cli`."""
    if command is None:
        return []
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if words[:2] == ["podwire", "cli"]:
        return words[2:]
    return words[1:] if words[:1] and words[0] in _SHELL_NAMES else ["-c", command]


def environment_of(user: str, token: str, *, socket: Path, folder: Path, terminal: str) -> dict[str, str]:
    """Return the environment of a console: nothing of the client's but its terminal, nothing of ours but the path."""
    home = folder / "users" / user
    passed = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "TZ") if name in os.environ}
    return passed | {
        "HOME": os.fspath(home),
        "XDG_STATE_HOME": os.fspath(home),
        "LANG": "C.UTF-8",
        # Without it, the pager could start any program and open any file with the switch's rights.
        "LESSSECURE": "1",
        "LESSHISTFILE": "-",
        "TERM": "dumb" if terminal in _PLAIN_TERMINALS else terminal,
        SOCKET_VARIABLE: os.fspath(socket),
        SESSION_TOKEN_VARIABLE: token,
        SESSION_USER_VARIABLE: user,
    }


class Console:
    """The process of one session."""

    def __init__(self, channel: asyncssh.SSHServerProcess[bytes], environment: Mapping[str, str]) -> None:
        self._channel = channel
        self._environment = dict(environment)

    async def run(self) -> int:
        """Run until the console ends or the client has gone; return the exit status."""
        words = console_words(self._channel.command)
        return await (self._on_terminal(words) if self._channel.term_type is not None else self._on_pipes(words))

    async def _start(self, words: Sequence[str], *, module: str, **streams: Any) -> asyncio.subprocess.Process:
        command = [sys.executable, "-m", module, "cli", *words]
        return await asyncio.create_subprocess_exec(
            *command, env=self._environment, cwd="/", start_new_session=True, **streams
        )

    async def _on_pipes(self, words: Sequence[str]) -> int:
        pipe = asyncio.subprocess.PIPE
        process = await self._start(words, module="podwire", stdin=pipe, stdout=pipe, stderr=pipe)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        outputs = [(process.stdout, self._channel.stdout), (process.stderr, self._channel.stderr)]
        return await self._joined(process, process.stdin, outputs, on_resize=None)

    async def _on_terminal(self, words: Sequence[str]) -> int:
        ours, theirs = pty.openpty()
        try:
            _set_size(ours, self._channel.term_size)
            process = await self._start(
                words, module="podwire.ssh.terminal", stdin=theirs, stdout=theirs, stderr=theirs
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        reader, writer = await _streams(ours)
        try:
            return await self._joined(process, writer, [(reader, self._channel.stdout)], on_resize=ours)
        finally:
            writer.close()

    async def _joined(
        self,
        process: asyncio.subprocess.Process,
        writer: asyncio.StreamWriter,
        outputs: Sequence[tuple[asyncio.StreamReader, Any]],
        *,
        on_resize: int | None,
    ) -> int:
        """Pass everything on until the process has ended and all it printed is sent, or the client has gone."""
        copies = [asyncio.create_task(_copy(reader, target)) for reader, target in outputs]
        feed = asyncio.create_task(self._feed(writer, process, on_resize))
        gone = asyncio.create_task(self._channel.channel.wait_closed())
        sent = asyncio.gather(*copies, return_exceptions=True)
        try:
            await asyncio.wait((sent, gone), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return await _ended(process)
            return await process.wait()
        finally:
            for task in (feed, gone, *copies):
                task.cancel()
            await asyncio.gather(feed, gone, *copies, return_exceptions=True)
            await _ended(process)

    async def _feed(
        self, writer: asyncio.StreamWriter, process: asyncio.subprocess.Process, on_resize: int | None
    ) -> None:
        """Pass on what the client types, the size of its window, and its signals."""
        while True:
            try:
                content = await self._channel.stdin.read(_PIECE_BYTES)
            except asyncssh.TerminalSizeChanged as change:
                if on_resize is not None:
                    _set_size(on_resize, change.term_size)
                continue
            except (asyncssh.BreakReceived, asyncssh.SignalReceived):
                _send(process, signal.SIGINT)
                continue
            if not content:
                break
            writer.write(content)
            await writer.drain()
        if on_resize is not None:
            # End of input, as a terminal says it.
            writer.write(b"\x04")
        else:
            writer.close()


async def _copy(reader: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
    # The far side of a pseudo-terminal that nobody holds open any more is an error when read, not an end.
    with contextlib.suppress(OSError):
        while content := await reader.read(_PIECE_BYTES):
            target.write(content)
            await target.drain()


async def _streams(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the two directions of our side of a pseudo-terminal; closing the writer closes what it has."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await loop.connect_read_pipe(lambda: protocol, os.fdopen(os.dup(descriptor), "rb", 0))
    transport, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(descriptor, "wb", 0))
    return reader, asyncio.StreamWriter(transport, flow, None, loop)


def _set_size(descriptor: int, size: tuple[int, int, int, int]) -> None:
    columns, rows, x_pixels, y_pixels = (min(max(number, 0), 0xFFFF) for number in size)
    with contextlib.suppress(OSError):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, x_pixels, y_pixels))


def _send(process: asyncio.subprocess.Process, number: int) -> None:
    """Send a signal to the console and what it has started, its pager."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


async def _ended(process: asyncio.subprocess.Process) -> int:
    """Have the process end, and return its status."""
    _send(process, signal.SIGHUP)
    try:
        return await asyncio.wait_for(process.wait(), _END_SECONDS)
    except TimeoutError:
        _send(process, signal.SIGKILL)
        return await process.wait()
