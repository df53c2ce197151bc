"""Makes a kubeconfig for podwire's own account: the cluster of an existing kubeconfig, and a token instead of its user.

The token comes from a file or standard input, never from the command line, which every user of the host can read.
"""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path
from typing import Any

import yaml

from podwire.kube.access import checked_server
from podwire.kube.credentials import end_of_token
from podwire.kube.errors import KubeconfigError
from podwire.kube.kubeconfig_files import Chosen, KubeconfigSource, read_kubeconfig, read_named_file, text_of
from podwire.support.arguments import Arguments

_ACCOUNT = "podwire"
_STANDARD_INPUT = "-"
_MOST_TOKEN_BYTES = 64 << 10
_TAKEN_OVER = ("certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name", "proxy-url")
_EXAMPLE = """\
example:
  kubectl -n podwire create token podwire --duration=2160h |
    podwire kubeconfig-for --kube-config ~/.kube/config --token-file - > podwire.kubeconfig
"""


def kubeconfig_for(source: KubeconfigSource, user: dict[str, str]) -> str:
    """Return the YAML text of a kubeconfig that leads to the cluster of `source` as `user`.

    `user` is the user section: `{"token": …}` or `{"tokenFile": …}`. Nothing of the user in `source` is taken over.
    Raises KubeconfigError where `source` cannot be used.
    """
    chosen = read_kubeconfig(source)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": _ACCOUNT,
        "clusters": [{"name": _ACCOUNT, "cluster": _cluster(chosen)}],
        "users": [{"name": _ACCOUNT, "user": user}],
        "contexts": [{"name": _ACCOUNT, "context": {"cluster": _ACCOUNT, "user": _ACCOUNT}}],
    }
    return yaml.safe_dump(document, sort_keys=False)


def _cluster(chosen: Chosen) -> dict[str, Any]:
    """Take the cluster's section over, with its authority in it, so that the new file stands alone."""
    cluster = {"server": checked_server(text_of(chosen.cluster, "server", "cluster"))}
    cluster |= {key: chosen.cluster[key] for key in _TAKEN_OVER if chosen.cluster.get(key)}
    name = text_of(chosen.cluster, "certificate-authority", "cluster")
    if name and "certificate-authority-data" not in cluster:
        pem = read_named_file(chosen.cluster_base / name, "certificate-authority")
        cluster["certificate-authority-data"] = base64.b64encode(pem.encode()).decode()
    return cluster


def run_kubeconfig_for(words: list[str]) -> int:
    """Print the kubeconfig; 0, or a KubeconfigError. A note on standard error says when the token ends."""
    given = _parser().read(words)
    source = KubeconfigSource(given.kube_config, given.context)
    if given.token_file == _STANDARD_INPUT:
        token = checked_token(sys.stdin.read(_MOST_TOKEN_BYTES), "standard input")
        user = {"token": token}
    else:
        path = Path(given.token_file).expanduser().absolute()
        token = checked_token(read_named_file(path, "token file"), str(path))
        user = {"tokenFile": str(path)}
    sys.stdout.write(kubeconfig_for(source, user))
    ends = end_of_token(token)
    if ends is not None:
        sys.stderr.write(f"The token ends at {ends}; make another before then.\n")
    return 0


def checked_token(text: str, where: str) -> str:
    """Return the one word that a token is. Raises KubeconfigError for anything else, without showing it."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise KubeconfigError(f"There is no token in {where}: give what kubectl create token prints, and only that.")
    return token


def _parser() -> Arguments:
    parser = Arguments(
        prog="podwire kubeconfig-for",
        description="Print a kubeconfig that holds a token: for the account of deploy/rbac.yaml.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--kube-config",
        "--kubeconfig",
        metavar="ADMIN",
        required=True,
        help="a kubeconfig that leads to the cluster; only that is used",
    )
    parser.add_argument("--context", metavar="NAME", help="a context of it; default: its current one")
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        required=True,
        help="the file of the token: the kubeconfig names it, and it is read anew when it changes; "
        "with - the token is read from standard input and put into the kubeconfig",
    )
    return parser
