"""`podwire k8s-check`: what podwire would make of a cluster, or of a cluster's objects in files."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec

from podwire.commands.k8s_cni import finding_columns
from podwire.engine import detectors
from podwire.kube import CheckReport, KubeconfigSource, Right, check, load_objects
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding
from podwire.model.pods import Pod
from podwire.settings.kube import KubeSettings
from podwire.support.arguments import Arguments
from podwire.support.log import set_up_log

_LABEL_WIDTH = 18

ANSWER_SECONDS = 10.0
"""How long a server may be silent here: somebody waits for the report."""

Report = dict[str, Any]
"""What is reported, by the names of the columns of `k8s-connection-show` and `k8s-cni-show`."""


def run_check(words: list[str]) -> int:
    """Print the report; 0 when the cluster could be read and its plugin is known, else 1."""
    given = _parser().read(words)
    set_up_log(verbose=False)
    if given.objects:
        pods, evidence = load_objects([Path(path) for path in given.objects])
        report = _report(evidence, pods)
    else:
        source = KubeconfigSource(path=given.kube_config, context=given.context)
        settings = KubeSettings(connect_seconds=5.0, answer_seconds=ANSWER_SECONDS)
        found = asyncio.run(check(source, settings=settings, waiting=_tell_waiting))
        _tell_waiting("")
        report = _cluster_report(found)
    if given.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        sys.stdout.write(_printed(report))
    is_usable = report.get("state", "connected") == "connected" and bool(report["cni-plugin"])
    return 0 if is_usable else 1


def _tell_waiting(what: str) -> None:
    """Show a person what is waited for, in one line that the next one replaces; nobody else is told."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{f'waiting for {what} …' if what else ''}")
        sys.stderr.flush()


def _parser() -> Arguments:
    parser = Arguments(
        prog="podwire k8s-check", description="Say what podwire would make of a cluster, without configuring it."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--kube-config", "--kubeconfig", metavar="FILE", help="the kubeconfig of the cluster")
    source.add_argument(
        "--objects", metavar="PATH", nargs="+", help="Kubernetes objects in YAML or JSON: files or folders"
    )
    parser.add_argument("--context", metavar="NAME", help="a context of the kubeconfig; default: its current one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _cluster_report(found: CheckReport) -> Report:
    """Report on a live cluster: how the connection stands first, then what its objects tell."""
    denied = [right for right in found.rights if right.is_allowed is False]
    connection: Report = {
        "reachable": found.is_reachable,
        "state": found.state,
        "last-error": found.error or None,
        "warning": found.warning or None,
        "server": found.server or None,
    }
    rest = _report(found.evidence, found.pods)
    rest["version"] = found.version or None
    return connection | rest | {"rights": _rights(found.rights), "denied": [_words(right) for right in denied]}


def _report(evidence: Evidence, pods: tuple[Pod, ...] | list[Pod]) -> Report:
    findings = detectors.judge(evidence)
    return {
        "version": evidence.version or None,
        "pods": len(pods),
        "nodes": len(evidence.nodes),
        **_finding(findings[0] if findings else None),
        "other-findings": [_finding(finding) for finding in findings[1:]],
    }


def _finding(finding: CniFinding | None) -> Report:
    """The columns of `k8s-cni-show`, with the plugin's version under a name of its own and reasons as a list."""
    columns = finding_columns(finding)
    columns["cni-version"] = columns.pop("version")
    columns["because"] = list(finding.because) if finding else []
    columns["overlays"] = msgspec.to_builtins(finding.overlays) if finding else []
    return columns


def _words(right: Right) -> str:
    return f"{right.verb} {right.resource}"


def _rights(rights: tuple[Right, ...]) -> Report:
    """By resource: the verbs that the account has."""
    allowed: dict[str, list[str]] = {}
    for right in rights:
        verbs = allowed.setdefault(right.resource, [])
        if right.is_allowed:
            verbs.append(right.verb)
    return {resource: ",".join(verbs) or "none" for resource, verbs in allowed.items()}


def _printed(report: Report) -> str:
    lines = []
    for name, value in report.items():
        if value is None or value in ([], {}) or name == "overlays":
            continue
        shown = [f"{key}: {each}" for key, each in value.items()] if isinstance(value, dict) else value
        for index, line in enumerate(shown if isinstance(shown, list) else [shown]):
            text = {True: "yes", False: "no"}.get(line, line) if isinstance(line, bool) else line
            lines.append(f"{name + ':' if index == 0 else '':{_LABEL_WIDTH}}{text}\n")
    if not report["cni-plugin"] and report.get("state", "connected") == "connected":
        lines.append(f"{'cni-plugin:':{_LABEL_WIDTH}}unknown: nothing that was seen names one\n")
    return "".join(lines)
