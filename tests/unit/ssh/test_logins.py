"""Who comes in and who does not; what is wrong too often has to wait; nothing secret is told."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwire.ssh.console import console_words
from podwire.ssh.limits import MOST_ADDRESSES, MOST_FAILURES, PERIOD_NS, LoginLimits
from podwire.support.passwords import hash_password, is_hash, verify_password

from .conftest import ADMIN, READER, Switch, serve


@pytest.fixture
def fresh(tmp_path: Any) -> Iterator[Switch]:
    """A switch of its own: failed logins are counted by address."""
    yield from serve(tmp_path)


async def login(switch: Switch, name: str, **how: Any) -> str:
    options: dict[str, Any] = {"known_hosts": None, "agent_path": None, "config": None, "client_keys": None} | how
    async with asyncssh.connect("127.0.0.1", switch.port, username=name, **options) as connection:
        return str((await connection.run("switch-info-show format name")).stdout)


async def test_keys_and_passwords(switch: Switch) -> None:
    assert await login(switch, ADMIN[0], client_keys=[str(switch.key)]) == "name: leaf1\n"
    assert await login(switch, READER[0], password=READER[1]) == "name: leaf1\n"
    with pytest.raises(asyncssh.PermissionDenied):
        await login(switch, READER[0], client_keys=[str(switch.key)])


async def test_the_host_keys_stay(switch: Switch) -> None:
    first = await asyncssh.get_server_host_key("127.0.0.1", switch.port, config=None)
    files = list((switch.folder / "state" / "ssh").glob("host-key-*"))
    assert first is not None
    assert first.export_public_key() in {asyncssh.read_private_key(str(path)).export_public_key() for path in files}
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


async def test_failures_are_counted_told_and_stopped(fresh: Switch) -> None:
    for name, password in ((ADMIN[0], "wrong-horse"), ("secret-typed-as-name", "x")):
        with pytest.raises((asyncssh.Error, OSError)):
            await login(fresh, name, password=password)
    for _ in range(MOST_FAILURES):
        with pytest.raises((asyncssh.Error, OSError)):
            await login(fresh, READER[0], password="guess")
    # Now the right password does not help either.
    with pytest.raises((asyncssh.Error, OSError)):
        await login(fresh, READER[0], password=READER[1])
    assert "login of bob from 127.0.0.1 failed" in fresh.log
    assert "login of an unknown user from 127.0.0.1 failed" in fresh.log
    assert "has to wait" in fresh.log
    for secret in ("wrong-horse", "secret-typed-as-name", "guess", *READER[1:], *ADMIN[1:]):
        assert secret not in fresh.log


async def test_a_user_who_is_deleted_can_do_nothing_more(fresh: Switch) -> None:
    options: dict[str, Any] = {"known_hosts": None, "client_keys": None, "agent_path": None, "config": None}
    async with asyncssh.connect(
        "127.0.0.1", fresh.port, username=READER[0], password=READER[1], **options
    ) as connection:
        fresh.cli("user-delete", "name", READER[0])
        done = await connection.run("switch-info-show")
    assert (done.exit_status, done.stdout) == (1, "")
    assert "has been deleted" in str(done.stderr)


def test_limits() -> None:
    limits = LoginLimits()
    for at in range(MOST_FAILURES):
        assert not limits.is_blocked("192.0.2.1", at)
        limits.failed("192.0.2.1", at)
    assert limits.is_blocked("192.0.2.1", PERIOD_NS - 1)
    assert limits.is_blocked("::ffff:192.0.2.1", 10)
    assert not limits.is_blocked("192.0.2.1", PERIOD_NS)
    assert not limits.is_blocked("192.0.2.2", 10)
    limits.succeeded("192.0.2.1")
    assert not limits.is_blocked("192.0.2.1", 10)
    for at in range(MOST_FAILURES):
        limits.failed(f"2001:db8::{at:x}", 0)
    assert limits.is_blocked("2001:db8::ffff:1", 1)


def test_limits_are_bounded() -> None:
    limits = LoginLimits()
    for at in range(MOST_ADDRESSES + 10):
        limits.failed(f"10.{at >> 16}.{at >> 8 & 255}.{at & 255}", at)
    assert len(limits._failures) == MOST_ADDRESSES


def test_passwords() -> None:
    kept = hash_password("pässword")
    assert is_hash(kept)
    assert kept != hash_password("pässword")
    assert verify_password("pässword", kept)
    assert not verify_password("password", kept)
    assert not verify_password("", "")


@given(st.text() | st.from_regex(r"scrypt\$\d{1,3}\$\d\$\d\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{22}==", fullmatch=True))
def test_no_text_that_is_called_a_hash_costs_much(text: str) -> None:
    if is_hash(text):
        assert 10 <= int(text.split("$")[1]) <= 17
        base64.b64decode(text.rpartition("$")[2], validate=True)


@given(st.text())
def test_any_exec_request_becomes_words(command: str) -> None:
    words = console_words(command)
    assert all(isinstance(word, str) for word in words)


def test_what_an_exec_request_means() -> None:
    assert console_words(None) == []
    assert console_words("vport-show ip 10.0.0.1") == ["-c", "vport-show ip 10.0.0.1"]
    assert console_words("cli --quiet -e vport-show") == ["--quiet", "-e", "vport-show"]
