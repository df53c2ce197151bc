"""Where the socket and the history are, and what the history does when its file cannot be used."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from podwire.cli.history import MOST_BYTES, LineHistory
from podwire.settings.paths import default_socket, default_state_dir, user_state_dir


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PODWIRE_SOCKET", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ann")


def test_paths_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert default_socket() == Path("/run/podwire/podwire.sock")
    assert default_state_dir() == Path("/var/lib/podwire")
    assert user_state_dir() == Path("/home/ann/.local/state/podwire")


def test_paths_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert default_socket() == Path("/tmp/podwire-1000/podwire.sock")
    assert default_state_dir() == Path("/home/ann/.local/state/podwire")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_socket() == Path("/run/user/1000/podwire/podwire.sock")
    assert default_state_dir() == Path("/state/podwire")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert default_state_dir() == Path("/home/ann/.local/state/podwire")
    monkeypatch.setenv("PODWIRE_SOCKET", "/s")
    assert default_socket() == Path("/s")


def test_history_is_for_its_owner_and_outlives_the_shell(tmp_path: Path) -> None:
    path = tmp_path / "podwire" / "history"
    history = LineHistory(path)
    for line in ("vport-show", "two\nlines", "größe \udcff"):
        history.store_string(line)
    assert list(LineHistory(path).load_history_strings()) == ["größe ?", "two lines", "vport-show"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_history_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_bytes(b"".join(b"command %06d\n" % number for number in range(60_000)))
    lines = list(LineHistory(path).load_history_strings())
    assert lines[0] == "command 059999"
    assert len(lines) == path.read_bytes().count(b"\n")
    assert path.stat().st_size <= MOST_BYTES


def test_history_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "history", tmp_path):
        history = LineHistory(path)
        history.store_string("vport-show")
        assert list(history.load_history_strings()) == []
