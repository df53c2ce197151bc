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
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from podwire.api.application import make_application
from podwire.api.server import ApiServer
from podwire.capture import Capture
from podwire.commands.access import AccessControl
from podwire.commands.capture import CaptureHandler
from podwire.commands.configuring import Configurator
from podwire.commands.connection import ConnectionHandler
from podwire.commands.connection_counters import ConnectionCountersHandler
from podwire.commands.connection_notes import ConnectionNotes
from podwire.commands.connection_stats_settings import ConnectionStatsSettingsHandler, memory_for
from podwire.commands.dispatch import Commands
from podwire.commands.encrypted import EncryptedHandler
from podwire.commands.handlers import Handler
from podwire.commands.history import HistoryHandler, writing_state
from podwire.commands.history_settings import HistorySettingsHandler
from podwire.commands.k8s_cni import CniHandler, finding_columns
from podwire.commands.k8s_connection import KubernetesConnectionHandler
from podwire.commands.k8s_path import PathHandler
from podwire.commands.k8s_settings import KubernetesSettingsHandler
from podwire.commands.kubernetes import object_handlers
from podwire.commands.rollup import Asker
from podwire.commands.running_config import RunningConfigHandler
from podwire.commands.stats_logs import StatsLogs
from podwire.commands.sums import sum_handlers
from podwire.commands.switch_info import SwitchFacts, SwitchInfoHandler
from podwire.commands.user import UserHandler
from podwire.commands.vflow_settings import VflowSettingsHandler
from podwire.commands.vport import VPortHandler
from podwire.commands.vport_history import VPortHistoryHandler
from podwire.engine.bare import BareFeed
from podwire.engine.clusters import ClusterManager
from podwire.engine.connection_questions import ConnectionQuestions
from podwire.engine.history import HistoryWriter
from podwire.engine.learning import LearningFeed
from podwire.engine.parts import Parts
from podwire.engine.record_names import RecordNames
from podwire.engine.sources import SourceFeed
from podwire.fabric.file_store import FileStore
from podwire.history import HistoryStore, Kind
from podwire.settings.configuration import Configuration
from podwire.settings.kube import KubeSettings
from podwire.settings.paths import default_socket, default_state_dir
from podwire.settings.serve import ServeSettings
from podwire.support.clock import SystemClock
from podwire.support.errors import UnavailableError
from podwire.support.tasks import end_task, run_supervised

if TYPE_CHECKING:
    from podwire.ssh.server import SshServer

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
        """Serve until a signal ends it. Raises PodwireError when a part cannot be started."""
        with contextlib.ExitStack() as stack:
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
            await self._run_parts(Parts(capture=capture, clock=self._clock))

    async def _run_parts(self, parts: Parts) -> None:
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
        commands = Commands(self._handlers(parts, configurator, clusters, sources, history), clock=self._clock)
        logs.ask(commands)
        path = Path(self._settings.socket or default_socket())
        access = AccessControl(configurator)
        server = ApiServer(make_application(commands, version=_version(), access=access), path=path)
        server.open()
        console: SshServer | None = None
        try:
            console = await self._open_console(access, path)
            history.store.open()
            await apply(configurator.configuration)
            history.start()
            feed = asyncio.create_task(run_supervised("the packet sources", sources.run))
            learning = LearningFeed(parts, clusters.learned)
            learner = asyncio.create_task(run_supervised("learning from the wire", learning.run))
            bare = BareFeed(parts, clusters.learned)
            comparer = asyncio.create_task(run_supervised("comparing paths with the wire", bare.run))
            logging_ = asyncio.create_task(run_supervised("the logs of sums", logs.run))
            serving = asyncio.create_task(server.run())
            self._handle_signals()
            _log.info("podwire %s serves %s; its state is in %s", _version(), path, self._state_dir)
            stopped = asyncio.create_task(self._stopping.wait())
            await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
            _log.info("podwire stops")
            if console is not None:
                await console.close()
            server.stop()
            await serving
            for task in (stopped, feed, learner, comparer, logging_):
                await end_task(task)  # type: ignore[arg-type]
        finally:
            await asyncio.to_thread(history.stop)
            await clusters.close()
            if console is not None:
                await console.close()
            server.close()

    async def _open_console(self, access: AccessControl, socket: Path) -> SshServer | None:
        if not self._settings.ssh:
            return None
        from podwire.ssh.server import SshServer  # noqa: PLC0415 - 14 MB, which only a daemon that is reached so needs

        console = SshServer(access, socket=socket, folder=self._state_dir / "ssh", clock=self._clock)
        address = self._settings.ssh_address
        port = await console.open(address, self._settings.ssh)
        _log.info("the console is served over SSH on %s port %d", address or "all addresses", port)
        if not self._store.read()[0].users:
            _log.warning("nobody can log in over SSH yet: make a user with podwire cli user-create")
        return console

    def _history(self, parts: Parts, sources: SourceFeed) -> HistoryWriter:
        return HistoryWriter(
            HistoryStore(self._state_dir / "history", switch=self._name, clock=self._clock),
            parts,
            native_vlan=self._settings.native_vlan,
            capture_rows=CaptureHandler(parts, sources).rows,
            finding_words=finding_columns,
            claim_rows=VPortHistoryHandler(parts).rows_of,
        )

    def _handlers(
        self,
        parts: Parts,
        configurator: Configurator,
        clusters: ClusterManager,
        sources: SourceFeed,
        writer: HistoryWriter,
    ) -> list[Handler]:
        history = writer.store
        name = self._name
        facts = SwitchFacts(
            name, _version(), self._clock.now_ns(), os.fspath(self._state_dir), warning=self._store.warning
        )
        notes = ConnectionNotes(parts, configurator, sources)

        def memory(noun_name: str) -> int:
            return memory_for(configurator.configuration.connection_stats, noun_name)

        questions = ConnectionQuestions(
            parts, RecordNames(parts), switch_name=name, native_vlan=self._settings.native_vlan, store=history
        )
        handlers: list[Handler] = [
            CaptureHandler(
                parts,
                sources,
                history=lambda: writing_state(history, enabled=configurator.configuration.history.enable),
                samples=lambda start_ns, end_ns: history.records(Kind.CAPTURE, start_ns, end_ns),
            ),
            *sum_handlers(Asker(questions, self._clock, memory), switch_name=name),
            ConnectionHandler(
                parts,
                notes,
                lambda: questions,
                switch_name=name,
                native_vlan=self._settings.native_vlan,
                clear_history=lambda: history.clear(Kind.CONNECTION),
            ),
            ConnectionCountersHandler(parts),
            ConnectionStatsSettingsHandler(configurator, max_memory_bytes=self._settings.connection_max_memory),
            EncryptedHandler(parts),
            HistoryHandler(history, configurator, parts),
            HistorySettingsHandler(configurator),
            CniHandler(configurator, parts),
            PathHandler(parts),
            *object_handlers(configurator, parts),
            KubernetesConnectionHandler(configurator, clusters, parts, interfaces=sources.interfaces),
            KubernetesSettingsHandler(configurator, may_run_plugins=self._settings.kube_exec_plugins),
            SwitchInfoHandler(facts, clock=self._clock),
            VflowSettingsHandler(configurator, parts),
            UserHandler(configurator),
            VPortHandler(configurator, parts, switch_name=name),
            VPortHistoryHandler(parts, kept=writer.kept_claims),
        ]
        return [*handlers, RunningConfigHandler(handlers, clock=self._clock)]

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)


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


def _version() -> str:
    return importlib.metadata.version("podwire")
