"""`k8s-settings`: how many Kubernetes connections there may be, and what their kubeconfigs may start."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Flag, Noun, Parameter, Scope, Verb
from podwire.catalog.types import ON_OFF, integer

_CONNECTIONS = integer(0, 1000)
_CONNECTIONS_HELP = "The number of Kubernetes connections that may exist; default 4."
_OVERLAY_HELP = "The number of them that may have overlay-vxlan-analytics; default 1."
_PLUGINS = "Whether the credential commands (exec plugins) that kubeconfigs name may be run; default on."

K8S_SETTINGS = Noun(
    name="k8s-settings",
    plural="k8s-settings",
    title="Kubernetes settings",
    show_help="Display what Kubernetes connections may be and do.",
    scope=Scope.FABRIC,
    is_singleton=True,
    columns=(
        Column("max-connections", _CONNECTIONS, _CONNECTIONS_HELP, is_default=True),
        Column("max-overlay-connections", _CONNECTIONS, _OVERLAY_HELP, is_default=True),
        Column("kube-exec-plugins", ON_OFF, _PLUGINS, is_default=True),
    ),
    verbs=(
        Verb(
            "modify",
            "Modify what Kubernetes connections may be and do.",
            (
                Parameter("max-connections", _CONNECTIONS, _CONNECTIONS_HELP),
                Parameter("max-overlay-connections", _CONNECTIONS, _OVERLAY_HELP),
                Flag(
                    "kube-exec-plugins",
                    "kube-exec-plugins",
                    "no-kube-exec-plugins",
                    "Run the credential commands (exec plugins) that kubeconfigs name, or refuse to; default on.",
                ),
            ),
            needs_one=True,
        ),
    ),
    examples=(
        "k8s-settings-modify max-connections 16 max-overlay-connections 16",
        "k8s-settings-modify no-kube-exec-plugins",
        "k8s-settings-show",
    ),
)
