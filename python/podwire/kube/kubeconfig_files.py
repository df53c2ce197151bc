"""Reads kubeconfig files and merges them as kubectl does, and picks the sections of one context.

`client-go/tools/clientcmd/loader.go` is the rule: of several files (`a:b:c`, as in KUBECONFIG) the first that has an
entry gives the whole entry, the first that sets current-context decides it, and files that do not exist are passed
over. Relative paths in an entry start at the folder of the file that it came from.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from podwire.kube.errors import KubeconfigError, NoKubeconfigError

_MOST_BYTES = 4 << 20
_PIPE_SECONDS = 5.0
"""How long what a pipe gives is waited for."""
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Section = dict[str, Any]
Mark = tuple[str, int, int, int]
"""A file as it was: path, modification time in nanoseconds, size, inode; all 0 where there was none."""


class KubeconfigSource(Struct, frozen=True):
    """Which kubeconfig, and which of its contexts: the current one where None."""

    path: str
    """One path, or several with `:` between them, as in KUBECONFIG; `~` is the home folder."""
    context: str | None = None


class Chosen(Struct):
    """What a context of a kubeconfig picks."""

    context_name: str
    cluster: Section
    user: Section
    cluster_base: Path
    """The folder where relative paths of the cluster's section start."""
    user_base: Path

    def __repr__(self) -> str:
        return f"Chosen(context_name={self.context_name!r})"


class _Entry(Struct):
    section: Section
    file: Path


class _Merged:
    """Several files as one."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        """How the kubeconfig is called in errors."""
        self.current = ""
        self._entries: dict[tuple[str, str], _Entry] = {}

    def add(self, document: Section, file: Path) -> None:
        """Take what the files before did not have."""
        current = document.get("current-context")
        if isinstance(current, str) and not self.current:
            self.current = current
        for key in ("contexts", "clusters", "users"):
            self._add_all(document, key, file)

    def _add_all(self, document: Section, key: str, file: Path) -> None:
        what, entries, seen = key.removesuffix("s"), document.get(key) or [], set()
        if not isinstance(entries, list):
            raise KubeconfigError(f"The {key} of the kubeconfig {file} are not a list: correct the file.")
        for entry in entries:
            name = entry.get("name") if isinstance(entry, dict) else None
            if not isinstance(name, str):
                continue
            if name in seen:
                raise KubeconfigError(f'The kubeconfig {file} has two {key} of the name "{name}": remove one.')
            seen.add(name)
            section = entry.get(what) or {}
            if not isinstance(section, dict):
                raise KubeconfigError(f'The {what} "{name}" of the kubeconfig {file} is not a mapping: correct it.')
            self._entries.setdefault((key, name), _Entry(section, file))

    def named(self, key: str, name: str) -> _Entry:
        """Return the entry of a list. Raises KubeconfigError where there is none."""
        try:
            return self._entries[key, name]
        except KeyError:
            what = key.removesuffix("s")
            raise KubeconfigError(
                f'The kubeconfig {self.shown} has no {what} "{name}": add it, or choose another context.'
            ) from None


def kubeconfig_paths(source: KubeconfigSource) -> list[Path]:
    """Return the files that `source` means; one whose own name has a `:` in it is found where it exists."""
    whole = Path(source.path).expanduser()
    if os.pathsep not in source.path or whole.exists():
        return [whole]
    return list(dict.fromkeys(Path(each).expanduser() for each in source.path.split(os.pathsep) if each))


def read_kubeconfig(source: KubeconfigSource) -> Chosen:
    """Read the files and pick the context's cluster and user; blocks on the file system."""
    paths = kubeconfig_paths(source)
    shown = os.pathsep.join(str(each) for each in paths)
    merged, is_known, missing = _Merged(shown), False, None
    for path in paths:
        try:
            document = _document(path)
        except NoKubeconfigError as error:
            missing = missing or error
            continue
        is_known = is_known or bool({"clusters", "contexts"} & document.keys())
        merged.add(document, path)
    if missing is not None and not is_known:
        raise missing
    if not is_known:
        raise KubeconfigError(f"{shown} is not a kubeconfig (it has neither clusters nor contexts): give another path.")
    return _choose(merged, source.context)


def _choose(merged: _Merged, context_name: str | None) -> Chosen:
    name = context_name or merged.current
    if not name:
        raise KubeconfigError(
            f"The kubeconfig {merged.shown} has no current-context: set it with kubectl config use-context."
        )
    context = merged.named("contexts", name).section
    cluster = merged.named("clusters", text_of(context, "cluster", "context"))
    user_name = text_of(context, "user", "context")
    user = merged.named("users", user_name) if user_name else _Entry({}, cluster.file)
    return Chosen(
        context_name=name,
        cluster=cluster.section,
        user=user.section,
        cluster_base=cluster.file.absolute().parent,
        user_base=user.file.absolute().parent,
    )


def text_of(section: Section, key: str, what: str) -> str:
    """Return a text of a section, empty where there is none. Raises KubeconfigError for anything else."""
    value = section.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise KubeconfigError(f"The {key} in the kubeconfig's {what} is not a text: correct it.")
    return value


def _document(path: Path) -> Section:
    data = _read_file(path)
    try:
        document = yaml.load(data, Loader=_LOADER)  # noqa: S506 - a safe loader, the C one where it is built in
    except (yaml.YAMLError, ValueError, RecursionError):
        # The parser's own text quotes the line, which may hold a key.
        raise KubeconfigError(
            f"The kubeconfig {path} is not YAML: write it anew, e.g. with kubectl config view."
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise KubeconfigError(f"{path} is not a kubeconfig (it is no mapping): give another path.")
    return document


def _read_file(path: Path) -> bytes:
    try:
        data = _content(path, _MOST_BYTES + 1)
    except FileNotFoundError:
        raise NoKubeconfigError(f"There is no kubeconfig {path}: create it, or give another path.") from None
    except NotADirectoryError:
        raise NoKubeconfigError(f"There is no kubeconfig {path}: a part of its path is a file.") from None
    except IsADirectoryError:
        raise KubeconfigError(f"The kubeconfig {path} is a directory: give the file in it.") from None
    except PermissionError:
        raise KubeconfigError(f"The kubeconfig {path} may not be read: give podwire's user the right to.") from None
    except TimeoutError:
        raise KubeconfigError(f"The kubeconfig {path} is a pipe into which nobody writes: give a file.") from None
    except (OSError, ValueError) as error:
        raise KubeconfigError(f"The kubeconfig {path} cannot be read ({type(error).__name__}).") from None
    if len(data) > _MOST_BYTES:
        raise KubeconfigError(f"{path} is too large for a kubeconfig: give another path.")
    return data


def _content(path: Path, most_bytes: int) -> bytes:
    """Read a file, or a pipe such as a shell's `<(command)`: nobody may have opened its other end, or ever write."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        data, end = b"", time.monotonic() + _PIPE_SECONDS
        while len(data) < most_bytes:
            seconds = max(0.0, end - time.monotonic())
            if stat.S_ISFIFO(mode) and not select.select([descriptor], [], [], seconds)[0]:
                raise TimeoutError(errno.ETIMEDOUT, "nobody writes into this pipe")
            part = os.read(descriptor, most_bytes - len(data))
            if not part:
                break
            data += part
        return data
    finally:
        os.close(descriptor)


def read_named_file(path: Path, what: str) -> str:
    """Read a file that a kubeconfig names: a certificate, a key or a token."""
    try:
        return _content(path, _MOST_BYTES).decode("ascii")
    except ValueError:
        raise KubeconfigError(f"The {what} {path} that the kubeconfig names is not a text: replace it.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KubeconfigError(f"The {what} {path} that the kubeconfig names cannot be read ({reason}).") from None


def named_files(chosen: Chosen) -> list[Path]:
    """Return the files beside the kubeconfig that its context names."""
    parts = (
        (chosen.cluster_base, chosen.cluster, ("certificate-authority",)),
        (chosen.user_base, chosen.user, ("client-certificate", "client-key", "tokenFile")),
    )
    return [base / section[key] for base, section, keys in parts for key in keys if isinstance(section.get(key), str)]


def mark_of(path: Path) -> Mark:
    """Note how a file stands, so that a change is seen without reading it. A link is followed to what it means."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return str(path), 0, 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino
