"""The configuration document in a local file: written whole, synced, renamed into place.

After a power cut the file holds either the earlier or the later document. A file that cannot be understood is set
aside under a name that says when, so that podwire starts and nothing is lost. One of a later podwire is refused.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from podwire.fabric.errors import StaleRevisionError, StoreError
from podwire.settings.configuration import VERSION, Configuration
from podwire.support.clock import Clock

_FILE_NAME = "configuration.json"


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds: the document and the number of its revision."""

    revision: int
    configuration: Configuration


class _LaterError(Exception):
    """The document has what this podwire does not know: without it, it would be another one."""


class _Version(msgspec.Struct):
    version: int = VERSION


class _Outline(msgspec.Struct):
    """What any version of the file has."""

    configuration: _Version


class FileStore:
    """A ConfigurationStore for one switch. One process owns the folder at a time (see `app`)."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._folder = folder
        self._path = folder / _FILE_NAME
        self._clock = clock
        self._current = _Envelope(revision=0, configuration=Configuration())
        self.warning = ""
        """What `open` found wrong and did about it: one sentence, or nothing."""

    def open(self) -> None:
        """Create the folder where needed and load the document. Raises StoreError when neither is possible."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            msg = f"The state in {self._folder} cannot be used: {error.strerror}. Choose another with --state-dir."
            raise StoreError(msg) from error
        try:
            self._current = _decode(content)
        except _LaterError as error:
            msg = (
                f"{self._path} was written by a later podwire ({error}): run that one, or begin anew with another "
                "--state-dir."
            )
            raise StoreError(msg) from error
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            self._set_aside(str(error))

    def read(self) -> tuple[Configuration, int]:
        """Return the document and its revision."""
        return self._current.configuration, self._current.revision

    def replace(self, document: Configuration, *, expected: int) -> int:
        """Write `document` durably if the revision is still `expected`; see ConfigurationStore."""
        if expected != self._current.revision:
            msg = "The configuration has changed meanwhile; repeat the command."
            raise StaleRevisionError(msg)
        envelope = _Envelope(revision=expected + 1, configuration=document)
        try:
            _write_durably(self._path, msgspec.json.format(msgspec.json.encode(envelope), indent=2))
        except OSError as error:
            msg = f"The change was not made: {self._path} cannot be written: {error.strerror}."
            raise StoreError(msg) from error
        self._current = envelope
        return envelope.revision

    def _set_aside(self, fault: str) -> None:
        aside = self._path.with_name(f"{_FILE_NAME}.damaged-{self._clock.now_ns() // 1_000_000_000}")
        try:
            self._path.rename(aside)
        except OSError as error:
            msg = f"{self._path} is damaged and cannot be set aside: {error.strerror}. Move it away by hand."
            raise StoreError(msg) from error
        self.warning = f"{self._path} was damaged ({fault}); it is kept as {aside} and podwire starts without settings."


def _decode(content: bytes) -> _Envelope:
    """Read the file. Raises _LaterError for one that is whole and says more than is known here, else ValueError."""
    version = msgspec.json.decode(content, type=_Outline).configuration.version
    if version > VERSION:
        msg = f"its version is {version}, this one reads version {VERSION}"
        raise _LaterError(msg)
    try:
        return msgspec.json.decode(content, type=_Envelope)
    except msgspec.ValidationError as error:
        if "unknown field" in str(error):
            raise _LaterError(str(error)) from error
        raise


def _write_durably(path: Path, content: bytes) -> None:
    """Write beside `path`, sync, rename over it, sync the folder; leave nothing behind on failure."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
