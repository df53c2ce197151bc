"""`k8s-settings`: how many Kubernetes connections there may be."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun, Parameter, Scope, Verb
from podwire.catalog.types import integer

_CONNECTIONS = integer(0, 1000)
_CONNECTIONS_HELP = "The number of Kubernetes connections that may exist; default 4."
_OVERLAY_HELP = "The number of them that may have overlay-vxlan-analytics; default 1."

K8S_SETTINGS = Noun(
    name="k8s-settings",
    plural="k8s-settings",
    title="Kubernetes settings",
    show_help="Display the limits of Kubernetes connections.",
    scope=Scope.FABRIC,
    is_singleton=True,
    columns=(
        Column("max-connections", _CONNECTIONS, _CONNECTIONS_HELP, is_default=True),
        Column("max-overlay-connections", _CONNECTIONS, _OVERLAY_HELP, is_default=True),
    ),
    verbs=(
        Verb(
            "modify",
            "Modify the limits of Kubernetes connections.",
            (
                Parameter("max-connections", _CONNECTIONS, _CONNECTIONS_HELP),
                Parameter("max-overlay-connections", _CONNECTIONS, _OVERLAY_HELP),
            ),
            needs_one=True,
        ),
    ),
    examples=("k8s-settings-modify max-connections 16 max-overlay-connections 16", "k8s-settings-show"),
)
