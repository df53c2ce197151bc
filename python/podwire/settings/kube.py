"""How podwire speaks to API servers: waits, bounds and what a kubeconfig may start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KubeSettings:
    """The settings of the room `kube`; all waits are seconds, all sizes bytes."""

    connect_seconds: float = 10.0
    """How long name look-up, TCP and TLS may take together. A reachable server needs milliseconds; a SYN that is
    dropped by a firewall is repeated after 1, 3 and 7 s, and the answer to the third repeat is still waited for."""

    answer_seconds: float = 60.0
    """The longest silence while an answer is awaited or read. An API server gives a request up after 60 s itself."""

    watch_seconds: float = 300.0
    """How long the server is asked to keep one watch open (drawn between 0.8 and 1.2 of it, so that the watches do not
    return together). The server's own default is 1800–3600 s; a shorter one renews tokens and spreads the load."""

    silence_seconds: float = 150.0
    """The longest silence on a watch before it is opened again where it stood. Servers send a bookmark about each
    minute, so that two missed ones mean a stream that somebody between has swallowed."""

    keepalive_idle_seconds: int = 15
    """How long a connection may be silent before the peer's TCP is asked for a sign of life. A peer that vanished
    without a word is noticed after 15 s + 4 × 5 s: sooner than by the silence of the watch."""

    keepalive_interval_seconds: int = 5
    """How long an answer to that is waited for before it is asked again."""

    keepalive_probes: int = 4
    """How many questions without an answer end the connection."""

    short_watch_seconds: float = 1.0
    """A watch that says nothing and ends sooner than this is a fault: the server was asked for more. One that is cut
    after longer is opened again without a word."""

    resume_seconds: float = 240.0
    """How long after the server's last word a watch may go on where it stood; later everything is listed. Servers keep
    five minutes of history by default (kube-apiserver --etcd-compaction-interval)."""

    first_retry_seconds: float = 0.5
    """The bound of the first wait after a fault; it doubles with each further one."""

    most_retry_seconds: float = 30.0
    """The longest wait between two tries: a cluster that comes back is seen within it."""

    most_retry_after_seconds: float = 120.0
    """The longest `Retry-After` that is obeyed, so that a broken proxy cannot park a cluster for hours."""

    denied_retry_seconds: float = 30.0
    """How long after a 403 the same is asked again: rights that are granted later are noticed without a restart."""

    denied_grace_seconds: float = 60.0
    """How long what was read stays known after the right to it was withdrawn, marked as denied. Servers that have
    just begun may deny for some seconds what they grant later."""

    discovery_seconds: float = 10.0
    """How often the API groups are read again, so that a plugin installed later is found. One answer is 5 kB."""

    poll_seconds: float = 2.0
    """How often one ConfigMap is read where the account may `get` it but neither list nor watch it."""

    settle_seconds: float = 20.0
    """The longest wait for all kinds of evidence before the first judgement is made with what there is."""

    evidence_pause_seconds: float = 0.2
    """Changes of the evidence within this time are told as one."""

    state_pause_seconds: float = 0.5
    """Changes of the counts in the state within this time are told as one; a new state word is told at once."""

    tick_seconds: float = 5.0
    """How often the state is told where nothing else makes it be told: a quiet server still sends bookmarks."""

    page_size: int = 500
    """Objects in one page where a list is read in pages (1–10000). kubectl uses 500."""

    most_object_bytes: int = 8 << 20
    """The largest single object that is read. etcd takes 1.5 MB by default; its makers advise against over 8 MiB."""

    most_answer_bytes: int = 32 << 20
    """The largest answer that is read as a whole (never a list): discovery, version, one object."""

    most_objects: int = 1_000_000
    """The most objects of one kind that are kept. Kubernetes is tested up to 150,000 Pods."""

    most_config_maps: int = 64
    """The most ConfigMaps that are followed by name; each costs one watch."""

    lists_at_once: int = 3
    """How many lists of one cluster run at the same time, so that priority-and-fairness does not push us back."""

    use_compression: bool = False
    """Ask for gzip. Off: on a local network the server's gzip costs more time than the bytes it saves."""

    kube_exec_plugins: bool = True
    """Whether a kubeconfig may start the credential command that it names. The command runs as podwire's user."""

    exec_seconds: float = 30.0
    """How long a credential command may run before it is ended."""

    renew_seconds: float = 60.0
    """How long before its end a credential is renewed, at most; one that lives less than 4 minutes sooner. Long enough
    for a plugin that asks a cloud, and for clocks that differ by some seconds."""

    access_check_seconds: float = 5.0
    """How often the kubeconfig and the files that it names are looked at for changes (one `stat` each)."""

    most_skew_seconds: float = 5.0
    """How far the server's clock may be from ours before it is warned of. Its Date header tells whole seconds."""
