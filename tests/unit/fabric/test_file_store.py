"""The configuration file: durable, never half written, set aside when damaged."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec
import pytest

from podwire.fabric import file_store
from podwire.fabric.errors import StaleRevisionError, StoreError
from podwire.fabric.file_store import FileStore
from podwire.fabric.store import change
from podwire.settings.configuration import ClusterSettings, Configuration
from podwire.support.clock import FixedClock

CLOCK = FixedClock(1_700_000_000_000_000_000)


def opened(folder: Path) -> FileStore:
    store = FileStore(folder, clock=CLOCK)
    store.open()
    return store


def with_cluster(document: Configuration, name: str = "pluribus") -> Configuration:
    settings = ClusterSettings(kube_config="/root/.kube/config", enable=True)
    return msgspec.structs.replace(document, connections=document.connections | {name: settings})


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    written = change(opened(tmp_path), with_cluster)
    document, revision = opened(tmp_path).read()
    assert (document, revision) == (written, 1)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    change(opened(tmp_path / "state"), with_cluster)
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "configuration.json").stat().st_mode & 0o777 == 0o600


def test_a_change_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    change(opened(tmp_path), lambda document: document)
    assert list(tmp_path.iterdir()) == []


def test_a_stale_revision_is_refused(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.replace(with_cluster(Configuration()), expected=0)
    with pytest.raises(StaleRevisionError):
        store.replace(Configuration(), expected=0)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"revision": 1}', b'{"revision": "x", "configuration": {"version": 1}}'],
    ids=["empty", "torn", "not-text", "not-an-object", "incomplete", "of-another-type"],
)
def test_a_damaged_file_is_set_aside_and_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "configuration.json").write_bytes(content)
    store = opened(tmp_path)
    aside = tmp_path / "configuration.json.damaged-1700000000"
    assert store.read() == (Configuration(), 0)
    assert aside.read_bytes() == content
    assert str(aside) in store.warning


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('{"version": 99}', "its version is 99, this one reads version 1"),
        ('{"version": 99, "shape": "another"}', "its version is 99"),
        ('{"connections": {"k": {"kube_config": "/k", "colour": "red"}}}', "unknown field `colour`"),
    ],
)
def test_a_later_podwires_file_is_refused_and_left_as_it_is(tmp_path: Path, more: str, said: str) -> None:
    content = f'{{"revision": 1, "configuration": {more}}}'
    (tmp_path / "configuration.json").write_text(content)
    with pytest.raises(StoreError, match="was written by a later podwire") as caught:
        opened(tmp_path)
    assert said in str(caught.value)
    assert [path.read_text() for path in tmp_path.iterdir()] == [content]


def test_a_full_disk_refuses_the_change_and_keeps_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path)
    change(store, with_cluster)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(file_store.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        change(store, lambda document: with_cluster(document, "other"))
    monkeypatch.undo()
    assert list(store.read()[0].connections) == ["pluribus"]
    assert list(opened(tmp_path).read()[0].connections) == ["pluribus"]
    assert [path.name for path in tmp_path.iterdir()] == ["configuration.json"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Choose another with --state-dir"):
        opened(tmp_path / "file" / "state")


def test_change_tries_again_when_somebody_was_faster(tmp_path: Path) -> None:
    store = opened(tmp_path)
    edits: list[int] = []

    def edit(document: Configuration) -> Configuration:
        edits.append(len(document.connections))
        if len(edits) == 1:
            store.replace(with_cluster(Configuration(), "first"), expected=0)
        return with_cluster(document, "second")

    assert list(change(store, edit).connections) == ["first", "second"]
    assert edits == [0, 1]
