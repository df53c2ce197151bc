"""Network namespaces that are held by an open file alone.

Nothing is mounted under /run/netns: the kernel removes such a namespace, with all links in it, when the last file and
process that use it are gone. So a lab whose process dies, even by SIGKILL, leaves no namespace behind, and no right to
mount is needed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from podwire_lab.errors import LabError

CLONE_NEWNET = 0x40000000
"""clone(2), setns(2), unshare(2): network namespaces."""

NO_RIGHTS = (
    "Network namespaces need root: run podwire-lab as root, or inside `unshare --user --map-root-user --net "
    "--mount --fork`."
)

T = TypeVar("T")
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result == 0:
        return
    number = ctypes.get_errno()
    if number in {errno.EPERM, errno.EACCES}:
        raise LabError(NO_RIGHTS)
    raise LabError(f"The kernel refused to {what}: {os.strerror(number)}.")


def in_thread(work: Callable[[], T]) -> T:
    """Runs `work` on a thread of its own, so that a change of namespace ends with it; raises what it raises."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # handed to the caller's thread, whatever it is
            failed.append(error)

    thread = threading.Thread(target=run, name="podwire-lab-netns")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def enter(path: str | int) -> None:
    """Moves the calling thread into the namespace at `path` (a file such as /proc/7/ns/net, or an open descriptor)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if isinstance(path, str) else path
    try:
        _check(_libc.setns(descriptor, CLONE_NEWNET), "enter a network namespace")
    finally:
        if isinstance(path, str):
            os.close(descriptor)


def popen_in(path: str | int, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Starts a command inside the namespace at `path`; options as for subprocess.Popen."""

    def start() -> subprocess.Popen[Any]:
        enter(path)
        return subprocess.Popen(list(command), **options)  # noqa: S603 - the caller names the command

    return in_thread(start)


class Namespace:
    """One network namespace, alive until `close` and until nobody uses it any more."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.descriptor = in_thread(self._make)
        self.run(self._set_up)

    @staticmethod
    def _make() -> int:
        _check(_libc.unshare(CLONE_NEWNET), "make a network namespace")
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    @staticmethod
    def _set_up() -> None:
        # The lab's frames are IPv4 alone: without router solicitations and MLD reports a mirror is repeatable.
        write_sysctls({"net/ipv6/conf/all/disable_ipv6": "1", "net/ipv6/conf/default/disable_ipv6": "1"})

    @property
    def path(self) -> str:
        """A path that setns(2) and `nsenter --net=` take while the lab's process lives."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    @property
    def inode(self) -> int:
        """The kernel's number of the namespace, as in /proc/*/ns/net."""
        return os.fstat(self.descriptor).st_ino

    def run(self, work: Callable[[], T]) -> T:
        """Runs `work` inside the namespace and returns what it returns."""

        def inside() -> T:
            enter(self.descriptor)
            return work()

        return in_thread(inside)

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> socket.socket:
        """A socket of this namespace; it stays there whichever thread uses it."""
        return self.run(lambda: socket.socket(family, kind, protocol))

    def close(self) -> None:
        """Lets go of the namespace; calling it again does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def write_sysctls(values: Mapping[str, str]) -> None:
    """Sets kernel settings of the calling thread's namespace; names as below /proc/sys. A missing one is passed over.

    Raises LabError where the kernel does not allow it.
    """
    for name, value in values.items():
        path = Path("/proc/sys") / name
        try:
            path.write_text(value)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LabError(f"The kernel setting {name} cannot be written: {error.strerror}.") from error


def processes_in(inodes: set[int]) -> list[int]:
    """The ids of all processes whose network namespace is one of `inodes`, without the caller."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            inode = (entry / "ns" / "net").stat().st_ino
        except OSError:  # it ended meanwhile, or belongs to somebody else
            continue
        if inode in inodes:
            found.append(int(entry.name))
    return found
