"""The composition root of the daemon: builds each part, hands it what it needs, starts them, stops them in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib.metadata
import logging
import os
import platform
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from podwire.api.application import make_application
from podwire.api.server import ApiServer
from podwire.capture import Capture, CoreFailedError
from podwire.commands.access import AccessControl
from podwire.commands.capture import CaptureHandler
from podwire.commands.configuring import Configurator
from podwire.commands.dispatch import Commands
from podwire.commands.k8s_cni import finding_columns
from podwire.commands.registry import Workings, every_handler
from podwire.commands.stats_logs import StatsLogs
from podwire.commands.switch_info import SwitchFacts
from podwire.commands.vport_history import VPortHistoryHandler
from podwire.engine.bare import BareFeed
from podwire.engine.clusters import ClusterManager
from podwire.engine.history import HistoryWriter
from podwire.engine.learning import LearningFeed
from podwire.engine.parts import Parts
from podwire.engine.sources import SourceFeed
from podwire.fabric.file_store import FileStore
from podwire.history import HistoryStore
from podwire.settings.configuration import Configuration
from podwire.settings.kube import KubeSettings
from podwire.settings.paths import default_socket, default_state_dir
from podwire.settings.serve import ServeSettings
from podwire.support.clock import SystemClock
from podwire.support.errors import UnavailableError
from podwire.support.tasks import end_task, run_supervised

_log = logging.getLogger("podwire")


class Daemon:
    """One switch: the parts that `podwire serve` runs."""

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        self._name = settings.switch_name or platform.node().partition(".")[0] or "switch"
        self._clock = SystemClock()
        self._state_dir = Path(settings.state_dir or default_state_dir())
        self._store = FileStore(self._state_dir, clock=self._clock)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until a signal ends it. Raises PodwireError where a part cannot be started, or the core has failed."""
        # What was started last is stopped first.
        async with contextlib.AsyncExitStack() as stack:
            # The lock comes first: a file that looks damaged may be another podwire's, half written.
            stack.enter_context(_locked(self._state_dir))
            self._store.open()
            if self._store.warning:
                _log.warning("%s", self._store.warning)
            capture = Capture(
                mode=self._settings.mode,
                max_memory_bytes=self._settings.connection_max_memory,
                threads=self._settings.threads,
            )
            stack.callback(capture.close)
            await self._run_parts(Parts(capture=capture, clock=self._clock), stack)

    async def _run_parts(self, parts: Parts, stack: contextlib.AsyncExitStack) -> None:
        sources = SourceFeed(self._settings.interfaces, parts=parts, ring_bytes=self._settings.ring_bytes)
        clusters = ClusterManager(
            parts=parts,
            settings=KubeSettings(kube_exec_plugins=self._settings.kube_exec_plugins),
            native_vlan=self._settings.native_vlan,
        )
        history = self._history(parts, sources)
        logs = StatsLogs(self._state_dir / "log", clock=self._clock)

        async def apply(configuration: Configuration) -> None:
            stats = configuration.connection_stats
            parts.capture.set_collecting(stats.enable)
            parts.capture.set_max_memory(stats.connection_max_memory or self._settings.connection_max_memory)
            history.configure(configuration.history)
            logs.configure(stats)
            await clusters.apply(configuration)

        configurator = Configurator(self._store, apply=apply)
        facts = self._facts()
        workings = Workings(configurator, clusters, sources, history)
        handlers = every_handler(parts, workings, facts=facts, settings=self._settings)
        commands = Commands(handlers, clock=self._clock)
        logs.ask(commands)
        path = Path(self._settings.socket or default_socket())
        access = AccessControl(configurator)
        server = ApiServer(make_application(commands, version=facts.version, access=access), path=path)
        server.open()
        stack.callback(server.close)
        history.store.open()
        stack.push_async_callback(clusters.close)
        stack.push_async_callback(asyncio.to_thread, history.stop)
        await apply(configurator.configuration)
        history.start()
        loops = _start_loops(
            {
                "the packet sources": sources.run,
                "learning from the wire": LearningFeed(parts, clusters.learned).run,
                "comparing paths with the wire": BareFeed(parts, clusters.learned).run,
                "the logs of sums": logs.run,
            },
            stack,
        )
        serving = asyncio.create_task(server.run())
        stack.push_async_callback(_end_serving, server, serving)
        await self._open_console(access, path, stack)
        self._handle_signals()
        _log.info("podwire %s serves %s; its state is in %s", facts.version, path, self._state_dir)
        await self._first_end([serving, *loops], stack)
        _log.info("podwire stops")

    async def _first_end(self, tasks: list[asyncio.Task[None]], stack: contextlib.AsyncExitStack) -> None:
        """Wait for a signal, or for a task that ends by itself; raise what that raised."""
        stopped = asyncio.create_task(self._stopping.wait())
        stack.callback(stopped.cancel)
        await asyncio.wait((stopped, *tasks), return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()

    async def _open_console(self, access: AccessControl, socket: Path, stack: contextlib.AsyncExitStack) -> None:
        if not self._settings.ssh:
            return
        from podwire.ssh.server import SshServer  # noqa: PLC0415 - 14 MB, which only a daemon that is reached so needs

        console = SshServer(access, socket=socket, folder=self._state_dir / "ssh", clock=self._clock)
        stack.push_async_callback(console.close)
        address = self._settings.ssh_address
        port = await console.open(address, self._settings.ssh)
        _log.info("the console is served over SSH on %s port %d", address or "all addresses", port)
        if not self._store.read()[0].users:
            _log.warning("nobody can log in over SSH yet: make a user with podwire cli user-create")

    def _facts(self) -> SwitchFacts:
        version = importlib.metadata.version("podwire")
        folder = os.fspath(self._state_dir)
        return SwitchFacts(self._name, version, self._clock.now_ns(), folder, warning=self._store.warning)

    def _history(self, parts: Parts, sources: SourceFeed) -> HistoryWriter:
        return HistoryWriter(
            HistoryStore(self._state_dir / "history", switch=self._name, clock=self._clock),
            parts,
            native_vlan=self._settings.native_vlan,
            capture_rows=CaptureHandler(parts, sources).rows,
            finding_words=finding_columns,
            claim_rows=VPortHistoryHandler(parts).rows_of,
        )

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)


def _start_loops(
    loops: dict[str, Callable[[], Awaitable[None]]], stack: contextlib.AsyncExitStack
) -> list[asyncio.Task[None]]:
    """Keep each loop running until the stack ends it. The task of one that meets a failed core ends with that."""
    tasks = [asyncio.create_task(run_supervised(name, loop, fatal=(CoreFailedError,))) for name, loop in loops.items()]
    for task in tasks:
        stack.push_async_callback(end_task, task)
    return tasks


async def _end_serving(server: ApiServer, serving: asyncio.Task[None]) -> None:
    """Have the server finish the answers under way."""
    server.stop()
    await serving


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the state folder for this process alone, so that two daemons never write over each other."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / "lock").open("w")
    except OSError as error:
        msg = f"The state folder {folder} cannot be used: {error.strerror}. Choose another with --state-dir."
        raise UnavailableError(msg) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            msg = f"Another podwire uses the state in {folder}; stop it, or choose another with --state-dir."
            raise UnavailableError(msg) from error
        yield
