"""`podwire cli`: its own options, then one command, the commands of a pipe, or the shell."""

from __future__ import annotations

import base64
import io
import ipaddress
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from podwire.cli.execute import execute, report
from podwire.cli.http import HttpTransport
from podwire.cli.secrets import may_hold_secret
from podwire.cli.session import Session, switch_name
from podwire.cli.transport import Transport
from podwire.settings.paths import SESSION_TOKEN_VARIABLE, default_socket, is_session
from podwire.support.errors import PodwireError, UsageError
from podwire.support.words import quoted

__all__ = ["execute", "run_cli"]

USAGE = """\
usage: podwire cli [--socket PATH] [--quiet] [COMMAND … | -c 'COMMAND …']

  COMMAND …           run one command: podwire cli vport-show svc-name pluribus
  -c 'COMMAND …'      the same, given as one word
  --socket PATH       the daemon's unix socket; default: $PODWIRE_SOCKET, else the one of podwire serve
  --user NAME:PASSWORD
                      run with the rights of this user, made by user-create; default: the socket's owner
  --host NAME         the switch that is meant, which must be this one: its name, localhost or a loopback address
  --quiet             greet nobody
  -e, --no-login-prompt
                      accepted for scripts written for NetVisor

Without a command it opens the shell, or runs the lines that come on standard input.
podwire cli help lists the commands; podwire cli COMMAND ? tells of one.
"""

_WITH_VALUE = {"--socket": "socket", "--user": "user", "--host": "host", "-c": "line"}
"""Options that are followed by a value, and the field that it goes to."""
_TOLERATED = ("-e", "--no-login-prompt")


@dataclass(slots=True)
class Options:
    """The words before the command."""

    socket: str = ""
    user: str = ""
    """`name:password` of a user to be, instead of the socket's owner."""
    host: str = ""
    """The switch that is meant; empty where it was not said."""
    is_quiet: bool = False
    wants_help: bool = False
    line: str | None = None
    """What `-c` gives."""
    command: list[str] = field(default_factory=list)


def run_cli(argv: Sequence[str]) -> int:
    """Run `podwire cli` with the words after it; return the exit status: 0, or 1 for any failure."""
    _prepare_streams()
    try:
        options = read_options(argv)
        if options.wants_help:
            sys.stdout.write(USAGE)
            return 0
        path = Path(options.socket) if options.socket else default_socket()
        authorization = authorization_of(options.user)
        transport = HttpTransport(path, authorization=authorization)
        if options.host:
            _check_host(options.host, transport)
        if options.line is not None:
            return Session(transport).run_line(options.line)
        if options.command:
            return _run_command(Session(transport), options.command)
        if sys.stdin.isatty() and sys.stdout.isatty():
            from podwire.cli.shell import Shell  # noqa: PLC0415 - prompt-toolkit is for the shell alone

            lookups = HttpTransport(path, get_seconds=2.0, authorization=authorization)
            return Shell(transport, lookups, is_quiet=options.is_quiet).run()
        return _run_pipe(Session(transport))
    except PodwireError as error:
        report(error, sys.stderr)
        return 1


def _check_host(host: str, transport: Transport) -> None:
    """Raise UsageError where `host` is not the switch that answers: no command runs on another than was meant."""
    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    if not is_here and host != (own := switch_name(transport)):
        msg = f"--host: {quoted(host)} is not this switch, which is {quoted(own)}; use ssh {quoted(host)} COMMAND"
        raise UsageError(msg)


def _prepare_streams() -> None:
    """Let neither a character of a name, in whatever locale, nor a stream closed by the caller end in a traceback."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open until the end
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def read_options(argv: Sequence[str]) -> Options:
    """Read the words before the command. Raises UsageError for one that is not known or lacks its value."""
    options = Options()
    rest = list(argv)
    while rest and rest[0].startswith("-"):
        name, has_value, value = rest.pop(0).partition("=")
        if name == "--":
            break
        if name in _WITH_VALUE:
            setattr(options, _WITH_VALUE[name], value if has_value else _value(name, rest))
        elif name in ("-h", "--help"):
            options.wants_help = True
        elif name == "--quiet":
            options.is_quiet = True
        elif name not in _TOLERATED:
            # What stands behind it in the same word may be a command, with a password.
            msg = f"podwire cli: unknown option {quoted(name.split()[0])}; see podwire cli --help"
            raise UsageError(msg)
    if options.line is not None and rest:
        shown = "what follows it" if may_hold_secret([options.line, *rest]) else quoted(rest[0])
        msg = f"podwire cli: -c takes the whole command as one word, so that {shown} has no place"
        raise UsageError(msg)
    options.command = rest
    if options.socket and is_session():
        msg = "podwire cli: --socket has no place in a session over SSH"
        raise UsageError(msg)
    return options


def authorization_of(user: str) -> str:
    """Return the `Authorization` header: of the named user, of an SSH session's, or none for the socket's owner."""
    if user:
        return "Basic " + base64.b64encode(user.encode("utf-8", "surrogateescape")).decode()
    token = os.environ.get(SESSION_TOKEN_VARIABLE)
    return f"Bearer {token}" if token else ""


def _value(name: str, rest: list[str]) -> str:
    if not rest or not rest[0]:
        msg = f"podwire cli: {name} needs a value; see podwire cli --help"
        raise UsageError(msg)
    return rest.pop(0)


def _run_command(session: Session, words: list[str]) -> int:
    """Run a command whose words the calling shell has split, or which came as one word (`ssh switch 'cli "…"'`)."""
    if len(words) == 1:
        return session.run_line(words[0])
    return session.run_words(words)


def _run_pipe(session: Session) -> int:
    """Run each line of standard input but for comments, which begin with `#`; 1 if any of them failed."""
    failed = False
    for number, line in enumerate(sys.stdin, 1):
        if line.lstrip().startswith("#"):
            continue
        failed = session.run_line(line, number=number) != 0 or failed
        if session.is_ended:
            break
    return 1 if failed else 0
