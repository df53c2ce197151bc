"""`podwire cli` one-shot and over a pipe: what is printed where, and the exit status."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from podwire.cli.execute import execute
from podwire.cli.grammar import parse
from podwire.cli.http import HttpTransport
from podwire.cli.main import run_cli
from podwire.cli.session import Session

from .conftest import FakeSwitch, failure, success

TABLE = "entity ip\n------ ---------\npod-A  10.10.2.1\n"

Capture = pytest.CaptureFixture[str]


def run(switch: FakeSwitch, *words: str) -> int:
    return run_cli(["--socket", str(switch.socket), *words])


def test_a_command(switch: FakeSwitch, capsys: Capture) -> None:
    assert run(switch, "vport-show", "svc-name", "pluribus") == 0
    assert capsys.readouterr() == (TABLE, "")
    assert switch.asked[0].params == [("svc-name", "pluribus")]


@pytest.mark.parametrize(
    "words",
    [
        ["--quiet", "-e", "--no-login-prompt", "vport-show"],
        ["--quiet", "-c", "vport-show"],
        ["--quiet", "-e", "--no-login-prompt", "--host", "leaf1", "vport-show"],
        ["--host=127.0.0.1", "vport-show"],
        ["--host", "localhost", "vport-show"],
        ["vport-show   svc-name 'plu ribus'"],
        ["--", "vport-show"],
        ["switch-local", "vport-show"],
        ["switch", "leaf1", "vport-show"],
        ["switch", "*", "switch-local", "vport-show"],
    ],
)
def test_the_forms_of_one_shot_commands(switch: FakeSwitch, capsys: Capture, words: list[str]) -> None:
    assert run(switch, *words) == 0
    assert capsys.readouterr() == (TABLE, "")


def test_a_command_for_another_host_is_not_run_here(switch: FakeSwitch, capsys: Capture) -> None:
    assert run(switch, "--host", "10.0.0.9", "connection-clear") == 1
    words = "--host: '10.0.0.9' is not this switch, which is 'leaf1'; use ssh '10.0.0.9' COMMAND\n"
    assert capsys.readouterr() == ("", words)
    assert not [each for each in switch.asked if "connections" in each.path]


def test_the_socket_is_found_by_the_environment(
    switch: FakeSwitch, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODWIRE_SOCKET", str(switch.socket))
    assert run_cli(["vport-show"]) == 0
    assert run_cli([f"--socket={switch.socket}", "vport-show"]) == 0
    assert capsys.readouterr().out == TABLE * 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["vport-show", "ip"], "vport-show: ip needs a value: ip-address"),
        (["switch", "leaf2", "help"], "switch: 'leaf2' is not this switch, which is 'leaf1'; open a console there"),
        (["exit", "now"], "exit: 'now' has no place; it stands alone"),
        (["pager", "maybe"], "pager: say on or off"),
        (["help", "vport-shw"], "unknown command 'vport-shw'; did you mean 'vport-show'?"),
        (["nonsense?"], "unknown command 'nonsense?'; help lists them"),
        (["-c", "vport-show 'x"], "unbalanced quotes: close every ' and \", or put a backslash before each"),
        (["-c", "vport-show", "ip"], "podwire cli: -c takes the whole command as one word, so that 'ip' has no place"),
        (
            ["-c", "user-modify name ann password", "horse-staple"],
            "podwire cli: -c takes the whole command as one word, so that what follows it has no place",
        ),
        (["-cuser-modify name a password b"], "podwire cli: unknown option '-cuser-modify'; see podwire cli --help"),
        (["-x"], "podwire cli: unknown option '-x'; see podwire cli --help"),
        (["-c"], "podwire cli: -c needs a value; see podwire cli --help"),
        (["--socket"], "podwire cli: --socket needs a value; see podwire cli --help"),
        (["connection-clear", "x\x1b[2J\ny"], "connection-clear: unknown option 'x\\x1b[2J y'; see connection-clear ?"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_on_stderr(switch: FakeSwitch, capsys: Capture, words: list[str], sentence: str) -> None:
    assert run(switch, *words) == 1
    assert capsys.readouterr() == ("", sentence + "\n")


def test_a_refusal_is_one_safe_line(switch: FakeSwitch, capsys: Capture) -> None:
    switch.answers["/vRest/vports"] = (400, failure("It is\nnot \x1b[31mallowed."))
    assert run(switch, "vport-show") == 1
    assert capsys.readouterr() == ("", "It is not \\x1b[31mallowed.\n")


def test_without_a_daemon(tmp_path: Path, capsys: Capture) -> None:
    assert run_cli(["--socket", str(tmp_path / "s"), "vport-show"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert "podwire serve" in output.err


def test_notes_go_beside_the_rows(switch: FakeSwitch, capsys: Capture) -> None:
    switch.answers["/vRest/vports"] = (200, success([], ["ip"], notes=["No cluster\nis \x07connected."]))
    assert run(switch, "vport-show") == 0
    assert capsys.readouterr() == ("", "No cluster is \\x07connected.\n")


def test_notes_of_a_shell_go_with_the_rows(switch: FakeSwitch, capsys: Capture) -> None:
    switch.answers["/vRest/vports"] = (200, success([{"ip": "::1"}], ["ip"], notes=["One note."]))
    shown: list[str] = []
    assert Session(HttpTransport(switch.socket), present=shown.append).run_line("vport-show no-show-headers") == 0
    assert shown == ["::1\nOne note.\n"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["help"], "capture-show "),
        (["?"], "capture-show "),
        (["-h"], "usage: "),
        (["vport-show", "?"], "vport-show "),
        (["help", "vport-show"], "vport-show "),
        (["vport-s?"], "vport-show "),
        (["help", "vport-s"], "vport-show "),
        (["pager", "?"], "pager on|off "),
        (["switch", "?"], "switch "),
        (["switch-local", "vport-show", "?"], "vport-show "),
    ],
)
def test_help_that_was_asked_for(switch: FakeSwitch, capsys: Capture, words: list[str], first: str) -> None:
    assert run(switch, *words) == 0
    output = capsys.readouterr()
    assert output.out.startswith(first)
    assert not output.err
    assert not switch.asked


def test_a_command_that_needs_words_prints_its_help(switch: FakeSwitch, capsys: Capture) -> None:
    assert run(switch, "k8s-connection-create") == 1
    assert capsys.readouterr().out.startswith("k8s-connection-create  ")
    assert not switch.asked


def test_lines_of_a_pipe(switch: FakeSwitch, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "pager off\n # as it was\nvport-show\nvport-shw\nvport-show\nexit\nvport-show\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert run(switch) == 1
    assert capsys.readouterr() == (TABLE * 2, "line 4: unknown command 'vport-shw'; did you mean 'vport-show'?\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("vport-show"))
    assert run(switch) == 0


def test_a_standing_switch_local(switch: FakeSwitch) -> None:
    session = Session(HttpTransport(switch.socket))
    for line, is_local in (("switch-local", True), ("switch", False), ("switch leaf1", True), ("switch *", False)):
        assert session.run_line(line) == 0
        assert session.is_local is is_local


def test_execute_needs_only_a_transport(switch: FakeSwitch) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert execute(parse(["vport-show"]), HttpTransport(switch.socket), out, err) == 0
    assert (out.getvalue(), err.getvalue()) == (TABLE, "")


def podwire(switch: FakeSwitch, words: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = f"{sys.executable} -m podwire cli --socket {switch.socket} {words}"
    return subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


def test_a_reader_that_has_seen_enough(switch: FakeSwitch) -> None:
    rows = [{"entity": f"pod-{number}", "ip": None} for number in range(20_000)]
    switch.answers["/vRest/vports"] = (200, success(rows, ["entity", "ip"]))
    done = podwire(switch, "vport-show | head -1")
    assert (done.stdout, done.stderr) == (b"entity    ip\n", b"")


def test_an_output_that_is_full(switch: FakeSwitch) -> None:
    done = podwire(switch, "vport-show > /dev/full")
    assert done.returncode == 1
    assert done.stderr == b"The output cannot be written: No space left on device.\n"


def test_streams_that_are_closed(switch: FakeSwitch) -> None:
    for words in ("vport-show >&-", "vport-show <&- >/dev/null", "<&-", "vport-shw 2>&-"):
        done = podwire(switch, words)
        assert (done.stdout, done.stderr) == (b"", b"")


def test_names_in_any_locale(switch: FakeSwitch) -> None:
    switch.answers["/vRest/vports"] = (200, success([{"entity": "größe", "ip": "\ud800"}], ["entity", "ip"]))
    environment = {"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"}
    environment["PYTHONPATH"] = ":".join(sys.path)
    done = podwire(switch, "vport-show parsable-delim ,", env=environment)
    assert (done.stdout, done.stderr) == (b"gr\\xf6\\xdfe,\\ud800\n", b"")


def test_bytes_that_are_no_text(switch: FakeSwitch) -> None:
    done = podwire(switch, r"vport-show svc-name $'\xff'")
    assert done.returncode == 1
    assert done.stderr.endswith(b"is not UTF-8 text\n")
    assert podwire(switch, "", input=b"vport-show svc-name \xff\n").stderr.endswith(b"is not UTF-8 text\n")
