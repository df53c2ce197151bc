"""Reads the lines of a watch: each is one event, whose object is decoded with it in one pass."""

from __future__ import annotations

from typing import Generic

import msgspec

from podwire.kube.errors import MalformedError
from podwire.kube.feeds import A, Feed, T
from podwire.kube.schema import AnyObject

CHANGES = ("ADDED", "MODIFIED", "DELETED")


class _Typed(msgspec.Struct, Generic[A], gc=False):
    type: str
    object: A


class _Raw(msgspec.Struct):
    type: str
    object: msgspec.Raw


class Event(msgspec.Struct, Generic[T], gc=False):
    """One event."""

    kind: str
    """ADDED, MODIFIED, DELETED, BOOKMARK, ERROR, or what else a server says."""
    version: str
    """The object's resourceVersion; empty where it has none that can be read."""
    record: T | None = None
    """None for what is no change, and for objects whose fields have unexpected types."""
    status: msgspec.Raw | None = None
    """The Status of an ERROR."""


class EventReader(Generic[A, T]):
    """Decodes the events of one feed."""

    def __init__(self, feed: Feed[A, T]) -> None:
        self._feed = feed
        self._decoder = msgspec.json.Decoder(_Typed[feed.api])  # type: ignore[name-defined]

    def read(self, line: bytes) -> Event[T]:
        """Decode one line. Raises MalformedError where it is no event."""
        try:
            typed = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _read_other(line)
        if typed.type not in CHANGES:
            return _read_other(line)
        meta = typed.object.metadata
        version = (meta.resource_version if meta else None) or ""
        return Event(typed.type, version, self._feed.convert(typed.object))


def _read_other(line: bytes) -> Event[T]:
    """Read a line that is no change, or one whose object has unexpected fields."""
    try:
        raw = msgspec.json.decode(line, type=_Raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError("The server sends a line that is no event: the watch is opened again.") from error
    status = raw.object if raw.type == "ERROR" else None
    return Event(raw.type, _version_of(raw.object), status=status)


_any_decoder = msgspec.json.Decoder(AnyObject)


def _version_of(raw: msgspec.Raw) -> str:
    try:
        meta = _any_decoder.decode(raw).metadata
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return (meta.resource_version or "") if meta else ""


def is_older(version: str, than: str) -> bool:
    """Return whether one resourceVersion is older than another, as far as they can be compared.

    Those of Kubernetes' own storage are growing numbers (KEP-5504 lets clients rely on it); others are not compared.
    """
    return version.isdecimal() and than.isdecimal() and int(version) < int(than)
