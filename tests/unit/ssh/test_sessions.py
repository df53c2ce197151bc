"""What comes over SSH is the same console: by asyncssh, by OpenSSH's own client, and by netmiko's driver."""

from __future__ import annotations

import asyncio
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pexpect
import pyarrow.parquet as pq
import pytest
from netmiko import ConnectHandler

from podwire.catalog import NOUNS, Noun

from .conftest import ADMIN, READER, Switch, serve


@asynccontextmanager
async def connected(switch: Switch, user: tuple[str, str]) -> AsyncIterator[asyncssh.SSHClientConnection]:
    options: dict[str, Any] = {"known_hosts": None, "client_keys": None, "agent_path": None, "config": None}
    async with asyncssh.connect("127.0.0.1", switch.port, username=user[0], password=user[1], **options) as connection:
        yield connection


@pytest.mark.parametrize(
    "command",
    [
        "switch-info-show format name",
        "cli --quiet -e --no-login-prompt switch-info-show format name",
        "/usr/bin/cli --quiet -e switch leaf1 switch-info-show format name",
        "cli --quiet switch-local switch-info-show format name",
        "cli --quiet -c 'switch-info-show format name'",
        "podwire cli switch-info-show format name",
    ],
)
async def test_exec_requests(switch: Switch, command: str) -> None:
    async with connected(switch, READER) as connection:
        done = await connection.run(command)
    assert (done.exit_status, done.stdout, done.stderr) == (0, "name: leaf1\n", "")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("vport-shw", "unknown command 'vport-shw'; did you mean 'vport-show'?"),
        ("switch leaf9 vport-show", "switch: 'leaf9' is not this switch, which is 'leaf1'; open a console there"),
        ("user-delete name bob", "user-delete needs the role network-admin; ann has the role read-only."),
        ("running-config-show", "running-config-show needs the role network-admin; ann has the role read-only."),
        ("cli --socket /tmp/other vport-show", "podwire cli: --socket has no place in a session over SSH"),
        (
            "vport-show --parquet /tmp/x",
            "vport-show: --parquet: over SSH no file is written on the switch; send --parquet - to one of yours",
        ),
        ("vport-show 'ip", "unbalanced quotes: close every ' and \", or put a backslash before each"),
    ],
)
async def test_an_error_is_one_line_and_status_1(switch: Switch, command: str, sentence: str) -> None:
    async with connected(switch, READER) as connection:
        done = await connection.run(command)
    assert (done.exit_status, done.stdout, done.stderr) == (1, "", f"{sentence}\n")


async def test_lines_on_standard_input(switch: Switch) -> None:
    async with connected(switch, READER) as connection:
        done = await connection.run(input="switch-info-show format name\nvport-shw\n")
    assert (done.exit_status, done.stdout) == (1, "name: leaf1\n")


async def test_what_is_not_served(switch: Switch) -> None:
    async with connected(switch, ADMIN) as connection:
        with pytest.raises(asyncssh.Error):
            await connection.start_sftp_client()
        with pytest.raises(asyncssh.Error):
            await connection.open_connection("127.0.0.1", switch.port)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 1)


async def test_binary_output(switch: Switch) -> None:
    async with connected(switch, READER) as connection:
        done = await connection.run("user-show --parquet -", encoding=None)
    assert isinstance(done.stdout, bytes)
    assert pq.read_table(io.BytesIO(done.stdout)).column("name").to_pylist() == [ADMIN[0], READER[0]]


async def test_what_has_no_end_ends_with_its_client(switch: Switch) -> None:
    async with connected(switch, READER) as connection:
        process = await connection.create_process("switch-info-show format name show-interval 100ms")
        assert await process.stdout.readline() == "name: leaf1\n"
        children = _consoles(switch)
        assert children
        process.close()
        await process.wait_closed()
    for _ in range(400):
        if not any(_command_of(child) for child in children):
            break
        await asyncio.sleep(0.05)
    assert not any(_command_of(child) for child in children)


def _consoles(switch: Switch) -> list[int]:
    found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [number for number in found if b"show-interval" in _command_of(number)]


def _command_of(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


def ssh(switch: Switch, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run OpenSSH's client with the admin's key."""
    command = ["ssh", "-F", "none", "-p", str(switch.port), "-i", str(switch.key), "-o", "IdentitiesOnly=yes"]
    command += ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={switch.folder / 'known'}"]
    command += ["-o", "BatchMode=yes", "-o", "LogLevel=ERROR", f"{ADMIN[0]}@127.0.0.1", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="OpenSSH's client is not installed")


@needs_ssh
def test_openssh(switch: Switch) -> None:
    done = ssh(switch, "switch-info-show", "format", "name")
    assert (done.returncode, done.stdout, done.stderr) == (0, "name: leaf1\n", "")
    done = ssh(switch, "vport-shw", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (1, "")


@needs_ssh
def test_a_person_at_a_terminal(switch: Switch) -> None:
    ssh(switch, "switch-info-show")
    command = ["-F", "none", "-p", str(switch.port), "-i", str(switch.key), "-o", "IdentitiesOnly=yes"]
    command += ["-o", f"UserKnownHostsFile={switch.folder / 'known'}", f"{ADMIN[0]}@127.0.0.1"]
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "HOME": str(switch.folder)}
    terminal = pexpect.spawn("ssh", command, env=environment, encoding="utf-8", timeout=30, dimensions=(24, 100))
    terminal.expect_exact("Connected to Switch leaf1")
    terminal.expect_exact(f"CLI ({ADMIN[0]}@leaf1) > ")
    # The tabulator completes, so that this is the shell and not a line reader.
    terminal.send("switch-inf\t")
    terminal.expect_exact("o-show")
    terminal.send("\r")
    terminal.expect(r"name: +leaf1")
    terminal.expect_exact("\x1b[?2004h")
    terminal.send("user-create name eve role read-only\r")
    terminal.expect_exact("password: ")
    terminal.send("a secret word\r")
    terminal.expect_exact("password again: ")
    terminal.send("a secret word\r")
    terminal.expect_exact("\x1b[?2004h")
    terminal.send("exit\r")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert "eve" in switch.cli("user-show", "format", "name")
    switch.cli("user-delete", "name", "eve")
    kept = [path.read_text(encoding="utf-8") for path in (switch.folder / "state").rglob("cli-history")]
    assert kept
    assert not any("secret" in text for text in kept)


@pytest.fixture(scope="module")
def device(switch: Switch) -> Iterator[Any]:
    with ConnectHandler(
        device_type="pluribus", host="127.0.0.1", port=switch.port, username=READER[0], password=READER[1]
    ) as connection:
        yield connection


@pytest.mark.filterwarnings("ignore")
def test_netmiko_finds_the_prompt(device: Any) -> None:
    assert device.find_prompt() == "CLI (ann@leaf1) >"
    assert device.send_command("pager off") == ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_netmiko_runs_every_show_command(device: Any, switch: Switch, noun: Noun) -> None:
    """What it reads is what the console prints, unfolded and without colours."""
    columns = ",".join(column.name for column in noun.columns if not column.is_volatile)
    words = [noun.show_command, "layout", "horizontal", "format", columns]
    text = device.send_command(" ".join(words))
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", text)
    if noun.is_private:
        assert "needs the role network-admin" in text
        return
    printed = subprocess.run(
        [sys.executable, "-m", "podwire", "cli", "--socket", str(switch.folder / "s"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.rstrip() for line in (printed.stdout + printed.stderr).splitlines()]
    assert [line.rstrip() for line in text.splitlines()] == lines


def test_the_configuration_is_rebuilt_by_its_commands(switch: Switch, tmp_path: Path) -> None:
    """Replayed line by line into a switch that has nothing yet, over its socket."""
    kubeconfig = tmp_path / "kube config"
    kubeconfig.write_text("apiVersion: v1\nkind: Config\n", encoding="utf-8")
    for name in ("one", "two"):
        switch.cli("k8s-connection-create", "cluster-name", name, "kube-config", str(kubeconfig), "create-vport")
    switch.cli("k8s-connection-modify", "cluster-name", "two", "overlay-vxlan-analytics")
    switch.cli("k8s-settings-modify", "max-connections", "1", "max-overlay-connections", "0")
    switch.cli("connection-stats-settings-modify", "enable", "connection-max-memory", "300M")
    switch.cli("history-settings-modify", "max-age", "90m")
    commands = switch.cli("running-config-show")
    for other in serve(tmp_path):
        for name in (ADMIN[0], READER[0]):
            other.cli("user-delete", "name", name)
        done = subprocess.run(
            [sys.executable, "-m", "podwire", "cli", "--socket", str(tmp_path / "s")],
            input=commands,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert other.cli("running-config-show") == commands
        for noun in ("k8s-connection", "user", "k8s-settings", "connection-stats-settings", "vflow-settings"):
            shown = ("format", "all", "--json") if noun != "k8s-connection" else ("sort-asc", "cluster-name")
            kept = [line for line in other.cli(f"{noun}-show", *shown).splitlines() if "last" not in line]
            assert kept == [line for line in switch.cli(f"{noun}-show", *shown).splitlines() if "last" not in line]
