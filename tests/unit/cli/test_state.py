"""Where the socket and the history are, and what the history does when its file cannot be used."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from podwire.catalog import NOUNS
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
    for line in ("vport-show", "vport-show\nip", "vport-show entity größe\udcff"):
        history.store_string(line)
    assert list(LineHistory(path).load_history_strings()) == ["vport-show entity größe?", "vport-show ip", "vport-show"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "line",
    [
        "user-create name ann role read-only password hunter22",
        'user-create name ann role read-only "password" hunter22',
        "user-create name ann role read-only passwo\\rd hunter22",
        "user-create name ann role read-only pasword hunter22",
        "user-create name ann role read-only hunter22",
        "user-create name ann role read-only password 'hunter22",
        "user-modify name ann password-hash $scrypt$hunter22",
        "switch leaf1 user-modify name ann password hunter22",
        "switch-local user-modify name ann password hunter22",
        "help user-create name ann password hunter22",
        "user-craete name ann password hunter22",
        "user-craete name ann hunter22",
        "user create name ann hunter22",
        "vport-show; user-create name ann hunter22",
        "vport-show\nuser-create name ann hunter22",
        "vport-show password=hunter22",
        "vport-show 'ip hunter22",
        "podwire cli user-modify name ann password hunter22",
        "exit; USER-CREATE name ann PASSWORD hunter22",
        "hunter22",
    ],
)
def test_no_line_that_may_hold_a_password_is_kept(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history"
    LineHistory(path).store_string(line)
    assert not path.exists()


def test_other_commands_are_kept(tmp_path: Path) -> None:
    history = LineHistory(tmp_path / "history")
    examples = [line for noun in NOUNS for line in noun.examples if noun.name != "user"]
    lines = [*examples, "user-delete name eve", "switch leaf1 vport-show", "switch-local", "help", "pager off", "quit"]
    for line in lines:
        history.store_string(line)
    assert list(reversed(list(history.load_history_strings()))) == lines


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
