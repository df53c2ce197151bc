"""The command `podwire`: finds the subcommand and imports no more than it needs.

The one-shot command line must answer at once, so that nothing of the daemon is imported for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from podwire.support.errors import PodwireError
from podwire.support.words import advice, clean, quoted

USAGE = """\
usage: podwire COMMAND …

  serve       run the daemon that follows clusters and reads mirrored packets
  cli         open the switch's console, or run one command: podwire cli vport-show
  replay      read capture files with the same engine: podwire replay FILE… [COMMAND …]
  report      write a page of charts about connections: podwire report --within-last 1h -o report.html
  k8s-check   say what podwire would make of a cluster, without configuring it
  kubeconfig-for
              make a kubeconfig for podwire's account (deploy/rbac.yaml) from its token
  version     print the version

podwire COMMAND --help tells more.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand named by the first word; return the exit status: 0, 1 for any failure, 130 after Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command in ("", "-h", "--help", "help"):
        sys.stdout.write(USAGE)
        return 0 if command else 1
    run = _COMMANDS.get(command)
    if run is None:
        hint = advice(command, _COMMANDS, otherwise="podwire help lists them")
        _tell(f"podwire: unknown command {quoted(command)}; {hint}")
        return 1
    try:
        return run(rest)
    except PodwireError as error:
        _tell(f"podwire {command}: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _tell(sentence: str) -> None:
    """Print an error as one line that no terminal obeys."""
    sys.stderr.write(f"{clean(' '.join(sentence.split()))}\n")


def _cli(words: list[str]) -> int:
    from podwire.cli.main import run_cli  # noqa: PLC0415 - see the module's docstring

    return run_cli(words)


def _serve(words: list[str]) -> int:
    from podwire.serve import run_serve  # noqa: PLC0415

    return run_serve(words)


def _replay(words: list[str]) -> int:
    from podwire.replay import run_replay  # noqa: PLC0415

    return run_replay(words)


def _report(words: list[str]) -> int:
    from podwire.report import run_report  # noqa: PLC0415

    return run_report(words)


def _k8s_check(words: list[str]) -> int:
    from podwire.check import run_check  # noqa: PLC0415

    return run_check(words)


def _kubeconfig_for(words: list[str]) -> int:
    from podwire.kube.kubeconfig_for import run_kubeconfig_for  # noqa: PLC0415

    return run_kubeconfig_for(words)


def _version(words: list[str]) -> int:
    del words
    import importlib.metadata  # noqa: PLC0415

    sys.stdout.write(f"podwire {importlib.metadata.version('podwire')}\n")
    return 0


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "cli": _cli,
    "serve": _serve,
    "replay": _replay,
    "report": _report,
    "k8s-check": _k8s_check,
    "kubeconfig-for": _kubeconfig_for,
    "version": _version,
    "--version": _version,
}

if __name__ == "__main__":
    sys.exit(main())
