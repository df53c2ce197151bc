"""The lab's one process: it holds the namespaces, runs the Pods' servers and the API server, and cleans up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from podwire_lab.apiserver.alone import LOOPBACK, bind, publish
from podwire_lab.apiserver.pki import Authority, server_context
from podwire_lab.apiserver.server import ApiServer, ServerSettings
from podwire_lab.changes import retuned, rewrite
from podwire_lab.control import Control
from podwire_lab.fabric import SWITCH, Fabric
from podwire_lab.kubelet import Kubelet
from podwire_lab.mirror import MIRROR
from podwire_lab.namespaces import Namespace, processes_in
from podwire_lab.objects.cluster import all_objects
from podwire_lab.objects.truth import Cluster, Plane, plane_named
from podwire_lab.servers import PodServers
from podwire_lab.state import LabState, StateDir, start_of
from podwire_lab.traffic import Traffic

_ALONE_PORT = 6443
"""The API server's port where the namespace outside has no loopback address to share a port with."""
_GRACE_SECONDS = 2.0
"""How long processes in the lab's namespaces have to end by themselves."""


@dataclass(frozen=True)
class LabSettings:
    """What a lab is started with."""

    name: str
    plane: str
    state_dir: Path
    bookmark_seconds: float = 60.0
    has_watch_list: bool = True
    has_system_pods: bool = False


class Supervisor:
    """Starts, serves until `stop`, and leaves nothing behind."""

    def __init__(self, settings: LabSettings) -> None:
        self.settings = settings
        self.fabric = Fabric(Cluster(plane_named(settings.plane), has_system_pods=settings.has_system_pods))
        self.traffic = Traffic(self.fabric)
        self.api = ApiServer(
            ServerSettings(bookmark_seconds=settings.bookmark_seconds, has_watch_list=settings.has_watch_list)
        )
        self._folder = StateDir(settings.state_dir)
        self._servers = PodServers()
        self._control = Control(self)
        self._stopping = asyncio.Event()
        self._changing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._port = 0

    def stop(self) -> None:
        """Ends `serve`; may be called more than once."""
        self._stopping.set()

    def state(self) -> LabState:
        """What the state file holds."""
        path = self.settings.state_dir
        return LabState(
            name=self.settings.name,
            pid=os.getpid(),
            started=start_of(os.getpid()) or 0,
            plane=self.fabric.cluster.plane.name,
            state_dir=str(path),
            mirror=MIRROR,
            kubeconfig=str(path / "kubeconfig"),
            kubeconfig_cert=str(path / "kubeconfig-cert"),
            kubeconfig_admin=str(path / "kubeconfig-admin"),
            server=f"https://{LOOPBACK}:{self._port}",
            namespaces={name: namespace.path for name, namespace in self.fabric.namespaces.items()},
        )

    async def serve(self, announce: Callable[[LabState], None], has_parent: bool) -> None:
        """Brings everything up, announces it, and serves until a signal, `stop`, or the end of the parent (stdin)."""
        self._folder.claim()
        logging.basicConfig(filename=self._folder.log, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
        _allow_many_files()
        self._watch_for_the_end(has_parent)
        try:
            await self._start()
            announce(self.state())
            await self._stopping.wait()
        finally:
            await self._clean_up()

    async def change_plane(self, name: str) -> None:
        """Replaces the data plane, in the network and in the API."""
        await self._set_plane(plane_named(name))

    async def tune(self, vni: int | None, port: int | None) -> None:
        """Gives the encapsulation another VNI or UDP port, in the network and in the API."""
        await self._set_plane(retuned(self.fabric.cluster.plane, vni, port))

    async def _set_plane(self, plane: Plane) -> None:
        async with self._changing:
            old = self.fabric.cluster
            await asyncio.to_thread(self.fabric.set_plane, plane)
            rewrite(self.api.store, old, self.fabric.cluster)
            self._folder.save(self.state())

    async def _start(self) -> None:
        await asyncio.to_thread(self.fabric.build)
        for pod in self.fabric.cluster.pods:
            await self._servers.start(pod.key, self.fabric.at(pod.key))
        self.api.store.load(all_objects(self.fabric.cluster))
        self.api.writer.has_kubelet = True
        kubelet = Kubelet(self.api.store, self.fabric, self._servers)
        self._tasks.append(asyncio.create_task(kubelet.run()))
        await self._start_api()
        await self._control.start(self._folder.control)
        self._folder.save(self.state())

    async def _start_api(self) -> None:
        switch = self.fabric.at(SWITCH)
        self._port = _shared_port()
        authority = Authority()
        context = server_context(authority, authority.server((LOOPBACK,)), self.settings.state_dir)
        await self.api.listen(lambda: _listeners(switch, self._port), context)
        publish(self.api, authority, self.state().server, self.settings.state_dir)

    def _watch_for_the_end(self, has_parent: bool) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop)
        if has_parent:
            loop.add_reader(0, self._parent_gone)

    def _parent_gone(self) -> None:
        if not os.read(0, 4096):
            asyncio.get_running_loop().remove_reader(0)
            self.stop()

    async def _clean_up(self) -> None:
        await asyncio.to_thread(self.traffic.close)
        await self._control.close()
        await self.api.close()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._servers.close()
        inodes = {namespace.inode for namespace in self.fabric.namespaces.values()}
        await asyncio.to_thread(_end_processes, inodes)
        self.fabric.close()
        self._folder.clean()


def _end_processes(inodes: set[int]) -> None:
    """Ends what still runs inside the lab's namespaces: politely, then for good, with what it starts meanwhile."""
    polite, last = time.monotonic() + _GRACE_SECONDS, time.monotonic() + 2 * _GRACE_SECONDS
    _signal_all(processes_in(inodes), signal.SIGTERM)
    while (left := processes_in(inodes)) and time.monotonic() < last:
        if time.monotonic() > polite:
            _signal_all(left, signal.SIGKILL)
        time.sleep(0.02)


def _signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))


def _shared_port() -> int:
    """A port that is free outside: the same number is free in the switch's namespace, where nothing else listens."""
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, 0))
        except OSError:  # the loopback device is down, as in a fresh network namespace
            return _ALONE_PORT
        return int(probe.getsockname()[1])


def _listeners(switch: Namespace, port: int) -> list[socket.socket]:
    """Sockets for the API server: one inside the switch's namespace, one outside where there is a loopback address."""
    found = [bind(port, switch.socket())]
    with contextlib.suppress(OSError):
        found.append(bind(port))
    return found
