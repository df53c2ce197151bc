"""`running-config`: the configuration as commands that make it again."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import STRING

RUNNING_CONFIG = Noun(
    name="running-config",
    plural="running-config",
    title="Running configuration",
    show_help="Display the commands that rebuild the configuration on an empty switch. Needs the role network-admin.",
    has_headers=False,
    is_private=True,
    columns=(Column("command", STRING, "One command.", is_default=True, is_key=True),),
    examples=("running-config-show", "running-config-show command k8s-*"),
)
