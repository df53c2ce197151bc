"""The shell as a person meets it: through a real pseudo-terminal."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from podwire.cli.shell import help_for

from .conftest import FakeSwitch, success

PROMPT = r"CLI \(network-admin@leaf1\) > "
TAB, CTRL_C, CTRL_D, UP, ENTER = "\t", "\x03", "\x04", "\x1b[A", "\r"
_LINE_DONE = r"\x1b\[\?2004l"
"""Ends bracketed paste: the prompt, which may be drawn again with each key, is left now."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]")


class Terminal:
    """A person at the shell."""

    def __init__(self, socket: Path, home: Path, **environment: str) -> None:
        self._environment = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": ":".join(sys.path),
            "TERM": "xterm",
            "PAGER": "cat",
        } | environment
        self.process = pexpect.spawn(
            sys.executable,
            ["-m", "podwire", "cli", "--socket", str(socket)],
            env=self._environment,
            encoding="utf-8",
            timeout=20,
            dimensions=(24, 160),
            # As whoever is started in the background gets it, so that every Ctrl-C here is the shell's own doing.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
        self.process.delaybeforesend = None

    def wait_for(self, pattern: str) -> str:
        """Wait until the screen shows `pattern`; return what came before it, without escapes."""
        self.process.expect(pattern)
        return _ESCAPES.sub("", self.process.before or "")

    def type(self, keys: str) -> None:
        """Press keys."""
        self.process.send(keys)

    def run(self, line: str) -> str:
        """Run a command; return what it printed."""
        self.type(line + ENTER)
        self.wait_for(_LINE_DONE)
        return self.wait_for(PROMPT)

    def clear(self) -> None:
        """Press Ctrl-C in a line, and wait for the next one."""
        self.type(CTRL_C)
        self.wait_for(_LINE_DONE)
        self.wait_for(PROMPT)

    def wait_until_it_waits(self) -> None:
        """Wait until the shell sleeps in the kernel for its answer: a signal just before that would wake nobody.

        It may sleep before, for a lock that one of its threads has.
        """
        where = Path(f"/proc/{self.process.pid}/wchan")
        while (place := where.read_text()) == "0" or "futex" in place:
            time.sleep(0.001)

    def leave(self) -> int:
        """Wait for the end; return the exit status."""
        self.process.expect(pexpect.EOF)
        self.process.close()
        assert self.process.exitstatus is not None
        return int(self.process.exitstatus)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


Opener = Callable[..., Terminal]


@pytest.fixture
def open_terminal(switch: FakeSwitch, home: Path) -> Iterator[Opener]:
    """Opens shells; what a test leaves open is closed."""
    opened = []

    def opener(**environment: str) -> Terminal:
        opened.append(Terminal(switch.socket, home, **environment))
        return opened[-1]

    yield opener
    for terminal in opened:
        terminal.process.close(force=True)


@pytest.fixture
def terminal(open_terminal: Opener) -> Terminal:
    return open_terminal()


def test_prompt_command_and_exit(terminal: Terminal) -> None:
    assert "Connected to Switch leaf1; podwire 9.9" in terminal.wait_for(PROMPT)
    assert "pod-A  10.10.2.1" in terminal.run("vport-show")
    assert "did you mean 'vport-show'?" in terminal.run("vport-shw")
    terminal.type("exit" + ENTER)
    assert terminal.leave() == 0


def test_tab_completes_commands_options_and_names(terminal: Terminal, switch: FakeSwitch) -> None:
    terminal.wait_for(PROMPT)
    terminal.type("vport-s" + TAB + "sv" + TAB + "pl" + TAB + "form" + TAB + "ent" + TAB + ENTER)
    terminal.wait_for("pod-A")
    vports = [asked for asked in switch.asked if asked.path == "/vRest/vports"]
    assert vports[-1].params == [("svc-name", "pluribus"), ("format", "entity")]


def test_tab_lists_what_is_possible(terminal: Terminal) -> None:
    terminal.wait_for(PROMPT)
    terminal.type("k8s-connection-" + TAB)
    terminal.wait_for("k8s-connection-create +k8s-connection-delete +k8s-connection-modify")


def test_a_question_mark_helps_without_running_anything(terminal: Terminal, switch: FakeSwitch) -> None:
    terminal.wait_for(PROMPT)
    asked = len(switch.asked)
    terminal.type("connection-clear ")
    terminal.wait_for("connection-clear")
    terminal.type("?")
    terminal.wait_for(r"Forget every connection of the table\.")
    # The line stands as it was, ready to go on.
    terminal.wait_for(PROMPT + r".*connection-clear")
    assert len(switch.asked) == asked
    terminal.clear()
    assert "Forget every connection" in terminal.run("connection-clear ?")
    assert len(switch.asked) == asked


def test_a_question_mark_within_a_word(terminal: Terminal) -> None:
    terminal.wait_for(PROMPT)
    terminal.type("vport-show sort")
    terminal.wait_for("sort")
    terminal.type("?")
    terminal.wait_for("sort-asc sort-asc-string")
    terminal.type(CTRL_C)


def test_control_c_clears_the_line(terminal: Terminal, switch: FakeSwitch) -> None:
    terminal.wait_for(PROMPT)
    terminal.type("connection-clear")
    terminal.wait_for("connection-clear")
    terminal.clear()
    assert "pod-A" in terminal.run("vport-show")
    assert [asked.path for asked in switch.asked] == ["/vRest/switch-info", "/vRest/vports"]


def test_control_c_interrupts_a_command(terminal: Terminal, switch: FakeSwitch) -> None:
    terminal.wait_for(PROMPT)
    switch.delay = threading.Event()
    terminal.type("vport-show" + ENTER)
    terminal.wait_for(_LINE_DONE)
    assert switch.arrived.wait(20)
    terminal.wait_until_it_waits()
    terminal.type(CTRL_C)
    terminal.wait_for("interrupted")
    switch.delay.set()
    switch.delay = None
    assert "pod-A" in terminal.run("vport-show")


def test_commands_typed_ahead(terminal: Terminal, switch: FakeSwitch) -> None:
    terminal.type("vport-show svc-name a\rvport-show svc-name b ?\rvport-show svc-name c\rexit\r")
    assert terminal.leave() == 0
    vports = [asked.params for asked in switch.asked if asked.path == "/vRest/vports"]
    assert vports == [[("svc-name", "a")], [("svc-name", "c")]]


def test_control_d_leaves(terminal: Terminal) -> None:
    terminal.wait_for(PROMPT)
    terminal.type(CTRL_D)
    assert terminal.leave() == 0


def test_history_outlives_the_shell(terminal: Terminal, open_terminal: Opener, home: Path) -> None:
    terminal.wait_for(PROMPT)
    terminal.run("vport-show")
    terminal.type("quit" + ENTER)
    assert terminal.leave() == 0
    path = home / ".local/state/podwire/cli-history"
    assert path.read_text() == "vport-show\nquit\n"
    assert path.stat().st_mode & 0o777 == 0o600
    again = open_terminal()
    again.wait_for(PROMPT)
    again.type(UP + UP + ENTER)
    again.wait_for("pod-A")
    again.wait_for(PROMPT)
    again.type(CTRL_D)
    assert again.leave() == 0


def test_a_home_that_cannot_be_written(open_terminal: Opener) -> None:
    terminal = open_terminal(HOME="/dev/null")
    terminal.wait_for(PROMPT)
    assert "pod-A" in terminal.run("vport-show")
    terminal.type(CTRL_D)
    assert terminal.leave() == 0


def test_a_daemon_that_comes_and_goes(switch: FakeSwitch, open_terminal: Opener) -> None:
    switch.stop()
    terminal = open_terminal()
    assert "podwire serve" in terminal.wait_for(r"CLI \(network-admin@switch\) > ")
    switch.start()
    # With the first answer comes the name.
    terminal.type("vport-show" + ENTER)
    assert "pod-A" in terminal.wait_for(PROMPT)
    switch.stop()
    assert "podwire serve" in terminal.run("vport-show")
    switch.start()
    assert "pod-A" in terminal.run("vport-show")
    terminal.type(CTRL_D)
    assert terminal.leave() == 0


def test_the_pager(switch: FakeSwitch, open_terminal: Opener) -> None:
    rows = [{"entity": f"pod-{number}", "ip": None} for number in range(100)]
    switch.answers["/vRest/vports"] = (200, success(rows, ["entity", "ip"]))
    terminal = open_terminal(PAGER="sed s/pod/paged/")
    terminal.wait_for(PROMPT)
    assert "paged-99" in terminal.run("vport-show")
    terminal.run("pager off")
    assert "pod-99" in terminal.run("vport-show")
    terminal.run("pager on")
    assert "paged-99" in terminal.run("vport-show")
    assert "leaf1" in terminal.run("switch-info-show format name no-show-headers")
    terminal.type(CTRL_D)
    assert terminal.leave() == 0


def test_a_terminal_that_cannot_be_drawn_on(open_terminal: Opener) -> None:
    terminal = open_terminal(TERM="dumb")
    terminal.wait_for(PROMPT)
    terminal.type("vport-show" + ENTER)
    terminal.wait_for("pod-A")
    terminal.wait_for(PROMPT)
    terminal.type(CTRL_D)
    assert terminal.leave() == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("traffic-show by ", "by pod|workload|namespace|service|node  What to add up by; pod without it.\n"),
        ("connection-show not cur-state r", "cur-state syn|syn-ack|est|fin|rst|active  "),
        ("connection-show layout vertical", "layout horizontal|vertical  "),
        ("connection-show cur-state rst lay", "layout horizontal|vertical  "),
    ],
)
def test_a_question_mark_where_a_value_is_awaited_tells_what_it_may_be(text: str, words: str) -> None:
    help_text = help_for(text)
    assert help_text.startswith(words)
    assert help_text.count("\n") == 1
