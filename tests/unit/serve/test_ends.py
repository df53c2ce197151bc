"""How a daemon ends: part by part, whatever it was that ended it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from podwire.app import Daemon
from podwire.capture import Capture, CoreFailedError
from podwire.settings.serve import ServeSettings


class Running:
    """A daemon in this process, and its packet core."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.socket = folder / "podwire.sock"
        self.made: list[Capture] = []

        def make(**words: object) -> Capture:
            self.made.append(Capture(**words))  # type: ignore[arg-type]
            return self.made[-1]

        monkeypatch.setattr("podwire.app.Capture", make)
        self._daemon = Daemon(ServeSettings(state_dir=str(folder / "state"), socket=str(self.socket)))

    async def start(self) -> asyncio.Task[None]:
        """Start it; return once its socket is there and it heeds signals."""
        task = asyncio.create_task(self._daemon.run())
        while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and not task.done():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        return task


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    return Running(tmp_path, monkeypatch)


async def test_a_signal_ends_it(running: Running) -> None:
    task = await running.start()
    assert running.socket.exists()
    signal.raise_signal(signal.SIGTERM)
    await task
    assert not running.socket.exists()


async def test_a_core_that_has_failed_ends_it_with_the_reason(running: Running) -> None:
    task = await running.start()
    with pytest.raises(CoreFailedError):
        await asyncio.to_thread(running.made[0]._engine.fail)
    with pytest.raises(CoreFailedError, match=r"^The packet core failed \(as asked\): restart podwire"):
        await task
    assert not running.socket.exists()
