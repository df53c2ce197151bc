"""One cluster as the engine sees it: Pods, evidence and the state of the connection, for as long as it is wanted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from podwire.kube.access import Access
from podwire.kube.client import ApiClient
from podwire.kube.costs import costs_of
from podwire.kube.errors import AnswerError, KubeError, SetBackError, UnauthorizedError
from podwire.kube.feeds import Phase, pod_feed
from podwire.kube.follow import Follower
from podwire.kube.gather import Gatherer
from podwire.kube.kubeconfig_files import KubeconfigSource
from podwire.kube.pod_schema import PodObject
from podwire.kube.related import OwnerSink, Related, ServiceSink, Sinks
from podwire.kube.renewal import AccessKeeper, RenewedError
from podwire.kube.sinks import ClusterSink
from podwire.kube.state import CONNECTED, CONNECTING, ClusterState
from podwire.kube.tasks import Timer, alone, first_of
from podwire.model.evidence import Evidence
from podwire.model.pods import Pod
from podwire.settings.kube import KubeSettings
from podwire.support.backoff import Backoff
from podwire.support.clock import Clock

_log = logging.getLogger(__name__)


class ClusterFollower:
    """Follows one cluster by its kubeconfig and tells a sink; keeps trying whatever happens outside."""

    def __init__(
        self,
        kubeconfig: KubeconfigSource,
        *,
        sink: ClusterSink,
        clock: Clock,
        settings: KubeSettings,
        services: ServiceSink | None = None,
        owners: OwnerSink | None = None,
    ) -> None:
        """Take who is told; Services and owners are followed only where somebody wants to hear of them."""
        self._keeper = AccessKeeper(kubeconfig, settings, clock)
        self._sink = sink
        self._sinks = Sinks(services, owners, clock)
        self._clock = clock
        self._settings = settings
        self._backoff = Backoff(first_seconds=settings.first_retry_seconds, most_seconds=settings.most_retry_seconds)
        self._state = ClusterState()
        self._error: KubeError | None = None
        """Why there is no connection; None while there is one."""
        self._retry_at_ns: int | None = None
        self._access: Access | None = None
        self._may_reload = True
        """True until a reload of the credentials has been tried since they last worked."""
        self._skew_seconds = 0.0
        self._evidence: Evidence | None = None
        self._settle_at = 0.0
        self._evidence_timer = Timer(settings.evidence_pause_seconds, self._tell_evidence)
        self._state_timer = Timer(settings.state_pause_seconds, self._tell_state)
        self._begin()

    def _begin(self) -> None:
        """Start with nothing known: at first, and when the kubeconfig leads to another cluster."""
        self._pods: Follower[PodObject, Pod] = Follower(
            pod_feed(), listener=_PodListener(self), settings=self._settings, clock=self._clock, is_primary=True
        )
        self._gatherer = Gatherer(settings=self._settings, clock=self._clock, changed=self._evidence_timer.start)
        self._related = Related(
            self._sinks, known=self._pods.record, settings=self._settings, changed=self._state_timer.start
        )
        self._are_pods_known = asyncio.Event()
        """Set once the Pods are listed, or may not be."""

    async def run(self) -> NoReturn:
        """Follow until cancelled. Faults outside podwire become the state; the next try follows with backoff."""
        try:
            while True:
                await self._after(await alone(self._fault()))
        finally:
            self._evidence_timer.stop()
            self._state_timer.stop()

    def allow_exec_plugins(self, is_allowed: bool) -> None:
        """Let the kubeconfig's exec plugin be run from now on, or no more; `KubeSettings` says it at first."""
        self._keeper.allow_plugins(is_allowed)

    async def _fault(self) -> KubeError:
        """Follow until something concerns the whole connection, and return that."""
        try:
            await self._session()
        except KubeError as error:
            return error
        except BaseExceptionGroup as group:
            _, others = group.split(KubeError)
            if others is not None:
                raise
            return first_of(group)

    async def _session(self) -> NoReturn:
        """Connect and follow until something concerns the whole connection; that is raised."""
        access = await self._keeper.get()
        self._take_access(access)
        async with ApiClient(access, self._settings) as client:
            self._gatherer.version = await client.version()
            self._skew_seconds = client.skew_seconds
            if self._evidence is None:
                self._settle_at = asyncio.get_running_loop().time() + self._settings.settle_seconds
            self._connected()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pods.run(client), name="pods")
                group.create_task(self._gatherer.run(client), name="evidence")
                group.create_task(self._related.run(client, after=self._are_pods_known), name="related")
                group.create_task(self._keeper.watch(access), name="access")
                group.create_task(self._tick(), name="tick")
        raise RuntimeError("the followers ended by themselves")

    def _connected(self) -> None:
        """The server answers; whether it accepts the credentials shows only with the first Pods."""
        if not isinstance(self._error, UnauthorizedError):
            self._error = None
        self._retry_at_ns = None
        self._tell_state()

    def _take_access(self, access: Access) -> None:
        if self._access is not None and access.identity != self._access.identity:
            self._related.clear()
            self._begin()
            self._evidence = None
            self._sink.pods_replaced((), self._clock.now_ns())
            self._sink.evidence_changed(Evidence(), self._clock.now_ns())
        elif not access.is_verified:
            # Nothing proves that this is the cluster of the last connection, so nothing is taken up from there.
            self._forget_versions()
        self._access = access

    def _forget_versions(self) -> None:
        """List everything anew at the next connection; what is known stays until then."""
        self._pods.forget_version()
        self._gatherer.forget_versions()
        self._related.forget_versions()

    async def _tick(self) -> NoReturn:
        """Tell what no event tells: that a quiet server still speaks, and that the wait for evidence is over."""
        while True:
            await asyncio.sleep(self._settings.tick_seconds)
            self._evidence_timer.start()

    async def _after(self, error: KubeError) -> None:
        if isinstance(error, RenewedError):
            return
        if isinstance(error, UnauthorizedError):
            self._keeper.refused()
        if isinstance(error, UnauthorizedError) and self._may_reload:
            # A token that ran out is renewed without a word: the file or the plugin has a new one by now.
            self._may_reload = False
            return
        if isinstance(error, SetBackError):
            _log.warning("%s", error)
            self._forget_versions()
        wait = self._backoff.next_seconds()
        if isinstance(error, AnswerError) and error.retry_after is not None:
            wait += min(error.retry_after, self._settings.most_retry_after_seconds)
        self._error = error.kept()
        self._retry_at_ns = self._clock.now_ns() + int(wait * 1e9)
        self._tell_state()
        await asyncio.sleep(wait)

    def tell_replaced(self, records: dict[str, Pod]) -> None:
        """Hand a whole list of Pods on."""
        self._sink.pods_replaced(list(records.values()), self._clock.now_ns())
        self._state_timer.start()

    def tell_changed(self, pod: Pod) -> None:
        """Hand one Pod on."""
        self._sink.pod_changed(pod, self._clock.now_ns())
        self._state_timer.start()

    def tell_removed(self, pod: Pod) -> None:
        """Hand the end of one Pod on."""
        self._sink.pod_removed(pod, self._clock.now_ns())
        self._state_timer.start()

    def tell_phase(self) -> None:
        """Take the phase of the Pods into the state of the connection."""
        if self._pods.phase is Phase.FOLLOWING:
            self._error, self._may_reload = None, True
            self._backoff.reset()
        if self._pods.phase not in (Phase.WAITING, Phase.FAILING):
            self._are_pods_known.set()
        self._tell_state()

    def _tell_evidence(self) -> None:
        if not self._gatherer.is_settled and asyncio.get_running_loop().time() < self._settle_at:
            return
        evidence = self._gatherer.evidence()
        if evidence != self._evidence:
            self._evidence = evidence
            self._sink.evidence_changed(evidence, self._clock.now_ns())
        self._tell_state()

    def _tell_state(self) -> None:
        state = self._present_state()
        if state != self._state:
            self._state = state
            self._sink.state_changed(state)

    def _present_state(self) -> ClusterState:
        error = self._error or (None if self._pods.phase is Phase.FOLLOWING else self._pods.error)
        word = CONNECTED if self._pods.phase is Phase.FOLLOWING else CONNECTING
        denied = self._related.denied | self._gatherer.denied
        if self._pods.phase is Phase.DENIED:
            denied.add("pods")
        followers = [self._pods, *self._others()]
        return ClusterState(
            state=error.state if error is not None else word,
            error=str(error) if error is not None else "",
            warning=" ".join(self._warnings()),
            server=self._access.server if self._access else "",
            version=self._gatherer.version,
            pods=len(self._pods.records),
            nodes=self._gatherer.nodes,
            services=self._related.services,
            last_event_ns=self._pods.last_event_ns,
            denied=tuple(sorted(denied)),
            costs=costs_of(denied),
            skew_ns=round(self._skew_seconds * 1e9),
            retry_at_ns=self._retry_at_ns or _earliest(each.retry_at_ns for each in followers),
            undecodable=sum(each.undecodable for each in followers),
        )

    def _others(self) -> list[Follower[Any, Any]]:
        return [*self._gatherer.followers.values(), *self._related.followers.values()]

    def _warnings(self) -> Iterator[str]:
        if self._access is not None and self._access.warning:
            yield self._access.warning
        if self._keeper.warning:
            yield self._keeper.warning
        failing = [each for each in self._others() if each.phase is Phase.FAILING]
        if failing and self._error is None:
            names = ", ".join(sorted(each.feed.resource.label for each in failing))
            yield f"What is known of {names} may be old: {failing[0].error}"
        if abs(self._skew_seconds) > self._settings.most_skew_seconds:
            ahead = "ahead of" if self._skew_seconds > 0 else "behind"
            seconds = f"{abs(self._skew_seconds):.0f} s {ahead} this host's"
            yield f"The server's clock is {seconds}: names by time are off by as much; set both by NTP."


class _PodListener:
    """Hands what the Pod follower sees to the cluster."""

    def __init__(self, cluster: ClusterFollower) -> None:
        self._cluster = cluster

    def replaced(self, records: dict[str, Pod]) -> None:
        self._cluster.tell_replaced(records)

    def changed(self, record: Pod) -> None:
        self._cluster.tell_changed(record)

    def removed(self, record: Pod) -> None:
        self._cluster.tell_removed(record)

    def phase_changed(self) -> None:
        self._cluster.tell_phase()


def _earliest(moments: Iterable[int | None]) -> int | None:
    return min((each for each in moments if each is not None), default=None)
