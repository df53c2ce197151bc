"""How the daemon is started: what the command line and the configuration file say about this one switch."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class ServeSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Settings of `podwire serve`; in the TOML file of `--config` the same words with hyphens."""

    switch_name: str = ""
    """The name in the prompt and the column `switch`; empty: the machine's host name."""
    interfaces: tuple[str, ...] = ()
    """The ports with mirrored traffic."""
    state_dir: str = ""
    """Where the configuration is kept; empty: the default of `settings.paths`."""
    socket: str = ""
    """The unix socket of the REST server; empty: the default of `settings.paths`."""
    ssh: Annotated[int, Meta(ge=0, le=65535)] = 0
    """The TCP port of the console over SSH; 0: none."""
    ssh_address: str = ""
    """The address on which that port listens; empty: all. Users are made with user-create."""
    native_vlan: Annotated[int, Meta(ge=0, le=4095)] = 1
    """The VLAN shown for untagged packets, 0–4095: 1 is the default VLAN of switches."""
    connection_max_memory: Annotated[int, Meta(ge=1 << 20)] = 1 << 30
    """Bytes that the connection table may take, from 1 MiB: 1 GiB holds some 8 million connections."""
    ring_bytes: Annotated[int, Meta(ge=0)] = 64 << 20
    """Bytes of each interface's packet ring: 64 MiB bridge a pause of half a second at a million packets/s."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    """Threads that read each interface, each with its part of the connections. One counts several million packets/s for
    less CPU time than two; more are for mirrors that one processor cannot keep up with."""
    kube_exec_plugins: bool = True
    """Whether the commands that a kubeconfig names for its credentials may be run: a kubeconfig is as trusted as the
    operator who names it, so they may, unless the switch forbids it."""
    mode: Literal["full", "control"] = "full"
    """`full` reads every packet; `control` lets the kernel pass only TCP packets with SYN, FIN or RST."""
