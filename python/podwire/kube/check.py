"""Looks at a cluster once, without following it: what `podwire k8s-check` reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from msgspec import Struct

from podwire.kube.client import ApiClient
from podwire.kube.errors import AnswerError, ForbiddenError, KubeError
from podwire.kube.feeds import Listener, Phase, pod_feed
from podwire.kube.follow import Follower
from podwire.kube.gather import Gatherer
from podwire.kube.kubeconfig import KubeconfigSource, load_access
from podwire.kube.pod_schema import PodObject
from podwire.kube.resources import ENDPOINT_SLICES, OWNERS, PODS, SERVICES, Resource
from podwire.kube.state import CONNECTED
from podwire.model.evidence import Evidence
from podwire.model.pods import Pod
from podwire.settings.kube import KubeSettings
from podwire.support.clock import SystemClock

_VERBS = ("list", "watch")
"""All that podwire asks for; one object is listed by its name."""


class Right(Struct, frozen=True):
    """Whether the account may do something."""

    resource: str
    """`plural.group`, or `configmaps/namespace/name`."""
    verb: str
    is_allowed: bool | None
    """None where the server does not tell."""


class CheckReport(Struct, frozen=True):
    """What podwire would make of a cluster."""

    state: str
    """`connected`, or the word of what is wrong, as in `ClusterState`."""
    error: str = ""
    warning: str = ""
    server: str = ""
    version: str = ""
    pods: tuple[Pod, ...] = ()
    evidence: Evidence = Evidence()
    rights: tuple[Right, ...] = ()

    @property
    def is_reachable(self) -> bool:
        """True where the API server answered, whatever it said."""
        return bool(self.version) or self.state in ("unauthorized", "forbidden", CONNECTED)


Waiting = Callable[[str], None]
"""Told what is waited for, before each wait."""


async def check(source: KubeconfigSource, *, settings: KubeSettings, waiting: Waiting = lambda _: None) -> CheckReport:
    """Connect, read everything once, and report. Faults outside podwire are in the report, never raised."""
    server = warning = version = ""
    try:
        waiting("the credentials that the kubeconfig names")
        access = await load_access(source, settings)
        server, warning = access.server, access.warning
        async with ApiClient(access, settings) as client:
            waiting(f"{server} to answer, at most {settings.connect_seconds + settings.answer_seconds:.0f} s")
            version = await client.version()
            report = await _look(client, settings, version, waiting)
    except KubeError as error:
        return CheckReport(error.state, error=str(error), warning=warning, server=server, version=version)
    return report


async def _look(client: ApiClient, settings: KubeSettings, version: str, waiting: Waiting) -> CheckReport:
    gatherer = Gatherer(settings=settings, clock=SystemClock(), changed=lambda: None)
    gatherer.version = version
    error: KubeError | None = None
    pods: tuple[Pod, ...] = ()
    waiting(f"the Pods from {client.access.server}")
    try:
        pods = await _pods(client, settings)
    except ForbiddenError as forbidden:
        error = forbidden
    waiting(f"Nodes and what tells of the network from {client.access.server}")
    evidence = await gatherer.gather_once(client)
    waiting(f"{client.access.server} to say what the account may do")
    present = [each.feed.resource for each in gatherer.followers.values() if each.phase is not Phase.ABSENT]
    return CheckReport(
        error.state if error else CONNECTED,
        error=str(error or ""),
        warning=client.access.warning,
        server=client.access.server,
        version=version,
        pods=pods,
        evidence=evidence,
        rights=await _rights(client, [PODS, SERVICES, ENDPOINT_SLICES, *OWNERS, *present]),
    )


async def _pods(client: ApiClient, settings: KubeSettings) -> tuple[Pod, ...]:
    follower: Follower[PodObject, Pod] = Follower(
        pod_feed(), listener=_Deaf(), settings=settings, clock=SystemClock(), is_primary=True
    )
    await follower.list_once(client)
    return tuple(follower.records.values())


class _Deaf(Listener[Pod]):
    def replaced(self, records: dict[str, Pod]) -> None:
        pass

    def changed(self, record: Pod) -> None:
        pass

    def removed(self, record: Pod) -> None:
        pass

    def phase_changed(self) -> None:
        pass


class _ReviewStatus(Struct):
    allowed: bool = False


class _Review(Struct):
    status: _ReviewStatus


async def _rights(client: ApiClient, resources: Iterable[Resource]) -> tuple[Right, ...]:
    """Ask the server what the account may do; every account may ask that of itself (system:basic-user)."""
    slots = asyncio.Semaphore(4)

    async def ask(resource: Resource, verb: str) -> Right:
        async with slots:
            return Right(resource.label, verb, await _may(client, resource, verb))

    return tuple(await asyncio.gather(*(ask(each, verb) for each in resources for verb in _VERBS)))


async def _may(client: ApiClient, resource: Resource, verb: str) -> bool | None:
    attributes = {
        "verb": verb,
        "group": resource.group,
        "version": resource.version,
        "resource": resource.plural,
        "namespace": resource.namespace,
        "name": resource.name,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    try:
        answer = await client.post(path, review, _Review, wanted="ask for its own rights")
    except AnswerError:
        return await _may_list(client, resource) if verb == "list" else None
    except KubeError:
        return None
    return answer.status.allowed


async def _may_list(client: ApiClient, resource: Resource) -> bool | None:
    """Try it where the server does not tell: a list of at most one object."""
    wanted = f"list {resource.label}"
    params = {"limit": "1", **resource.selector}
    try:
        async with client.stream(resource.path, params, wanted=wanted, silence_seconds=10.0):
            return True
    except ForbiddenError:
        return False
    except KubeError:
        return None
