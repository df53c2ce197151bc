"""Finds the documents in files of Kubernetes objects: YAML, JSON, and JSON line by line, one file or a whole folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import yaml

from podwire.kube.errors import KubeError

_log = logging.getLogger(__name__)

Document = dict[str, Any]

_SUFFIXES = (".yaml", ".yml", ".json", ".jsonl", ".ndjson")
_MOST_BYTES = 1 << 30


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Leaves times as texts, as Kubernetes does: JSON, which its YAML stands for, has no times."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[Any]]] = {
        first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class ObjectsError(KubeError):
    """A file of objects cannot be read."""


def documents_in(paths: Sequence[Path]) -> Iterator[Document]:
    """Yield every mapping in the files, and in the YAML and JSON files of the folders, in order.

    Raises ObjectsError for a path that does not exist, may not be read, or is neither YAML nor JSON.
    """
    for path in paths:
        for file, is_named in _files(path):
            try:
                documents = list(_documents(file))
            except ObjectsError as error:
                if is_named:
                    raise
                # A folder may hold all kinds of things beside the objects.
                _log.warning("%s", error)
                continue
            yield from documents


def _files(path: Path) -> Iterator[tuple[Path, bool]]:
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.suffix.lower() in _SUFFIXES and each.is_file():
                yield each, False
    else:
        yield path, True


def _documents(path: Path) -> Iterator[Document]:
    data = _read(path)
    for value in _values(path, data):
        if isinstance(value, dict):
            yield value


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ObjectsError(f"{path} is too large: split it.")
        return path.read_bytes()
    except FileNotFoundError:
        raise ObjectsError(f"There is no file {path}: give another path.") from None
    except OSError as error:
        raise ObjectsError(f"{path} cannot be read ({error.strerror or type(error).__name__}).") from None


def _values(path: Path, data: bytes) -> list[Any]:
    try:
        return [msgspec.json.decode(data)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return [msgspec.json.decode(line) for line in data.splitlines() if line.strip()]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return list(yaml.load_all(data, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise ObjectsError(
            f"{path} is neither YAML nor JSON{where}: render templates first, or give another."
        ) from None
