"""`podwire serve`: its words, its configuration file, and the daemon's run."""

from __future__ import annotations

import argparse
import asyncio
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from podwire.app import Daemon
from podwire.cli.words import check_words
from podwire.settings.serve import ServeSettings
from podwire.support.arguments import Arguments
from podwire.support.errors import UsageError
from podwire.support.log import set_up_log
from podwire.support.words import advice, quoted

EXPECTED = {
    "switch-name": 'a name such as "leaf1"',
    "interfaces": 'a list such as ["eth1", "eth2"]',
    "state-dir": 'a folder such as "/var/lib/podwire"',
    "socket": 'a path such as "/run/podwire/podwire.sock"',
    "ssh": "a port from 1 to 65535, or 0 for none",
    "ssh-address": 'an address such as "192.0.2.10"',
    "native-vlan": "a VLAN from 0 to 4095",
    "connection-max-memory": "a number of bytes, at least 1048576",
    "ring-bytes": "a number of bytes such as 67108864",
    "threads": "a number from 1 to 64",
    "kube-exec-plugins": "true or false",
    "mode": "full or control",
}
"""What each setting may be, in the words of the configuration file."""


def run_serve(words: list[str]) -> int:
    """Run the daemon until a signal ends it; return the exit status."""
    check_words(words)
    given = _parser().read(words)
    settings = merge_settings(read_config(given.config) if given.config else {}, given)
    set_up_log(verbose=given.verbose)
    asyncio.run(Daemon(settings).run())
    return 0


def _parser() -> Arguments:
    parser = Arguments(prog="podwire serve", description="Follow clusters and read mirrored packets.")
    parser.add_argument("--interface", metavar="IF", action="append", help="a port with mirrored traffic; repeatable")
    parser.add_argument("--state-dir", metavar="DIR", help="where the configuration is kept")
    parser.add_argument("--socket", metavar="PATH", help="the unix socket that podwire cli speaks to")
    parser.add_argument("--ssh", metavar="PORT", help="serve the console over SSH to user-create'd users; 0: none")
    parser.add_argument("--ssh-address", metavar="ADDRESS", help="the address of that port; default: all")
    parser.add_argument("--switch-name", metavar="NAME", help="the name in the prompt; default: the host's name")
    parser.add_argument("--mode", metavar="full|control", help="read every packet, or only SYN, FIN and RST")
    parser.add_argument("--threads", metavar="N", help="threads that read each interface; default: 1")
    parser.add_argument("--config", metavar="FILE", help="a TOML file with these options and more")
    parser.add_argument("--verbose", action="store_true", help="log more")
    return parser


def read_config(path: str) -> dict[str, Any]:
    """Read the TOML file. Raises UsageError when it cannot be read or is no TOML."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"The configuration file {path} cannot be read: {error.strerror}."
        raise UsageError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"The configuration file {path} is not TOML: {error}."
        raise UsageError(msg) from error


def merge_settings(document: dict[str, Any], given: argparse.Namespace) -> ServeSettings:
    """Put the words of the command line over the file's. Raises UsageError for what does not fit."""
    words = {
        "interfaces": given.interface,
        "state-dir": given.state_dir,
        "socket": given.socket,
        "ssh": _number(given.ssh),
        "ssh-address": given.ssh_address,
        "switch-name": given.switch_name,
        "mode": given.mode,
        "threads": _number(given.threads),
    }
    typed = {key: value for key, value in words.items() if value is not None}
    unknown = next((key for key in document if key not in EXPECTED), None)
    if unknown is not None:
        otherwise = f"there are {', '.join(sorted(EXPECTED))}"
        msg = f"{given.config}: {quoted(unknown)} is no setting; {advice(unknown, EXPECTED, otherwise=otherwise)}"
        raise UsageError(msg)
    try:
        return msgspec.convert(document | typed, ServeSettings)
    except msgspec.ValidationError as error:
        key = str(error).partition("`$.")[2].partition("`")[0].partition("[")[0]
        place = f"--{key}" if key in typed else f"{given.config}: {key}"
        msg = f"{place} is {EXPECTED[key]}."
        raise UsageError(msg) from error


def _number(text: str | None) -> int | str | None:
    """Return the number that a word is, else the word: the settings say what it should be."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return text
