"""What a real API server answered is read without loss: lists, watches, and every failure it reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podwire.kube import load_objects
from podwire.kube.answers import error_of, status_of
from podwire.kube.errors import AbsentError, AnswerError, BusyError, ForbiddenError, GoneError, UnauthorizedError
from podwire.kube.feeds import Feed, evidence_feed, pod_feed
from podwire.kube.resources import DAEMON_SETS, NODES, Resource
from podwire.kube.streams import ListSplitter

CLUSTERS = ("flannel-vxlan", "flannel-vxlan-dr", "flannel-hostgw", "calico-vxlan", "calico-ipip", "calico-bgp")
FEEDS: dict[str, Feed[Any, Any]] = {
    "pods-all": pod_feed(),
    "nodes": evidence_feed(NODES),
    "daemonsets": evidence_feed(DAEMON_SETS),
    "configmaps": evidence_feed(Resource("configmaps")),
    "ippools": evidence_feed(Resource("ippools", group="crd.projectcalico.org")),
    "felixconfigurations": evidence_feed(Resource("felixconfigurations", group="crd.projectcalico.org")),
}


def records(feed: Feed[Any, Any], data: bytes) -> list[Any]:
    decoder = msgspec.json.Decoder(feed.api)
    splitter = ListSplitter(lambda view: feed.convert(decoder.decode(view)), most_object_bytes=1 << 20)
    found = [each for at in range(0, len(data), 1000) for each in splitter.feed(data[at : at + 1000])]
    rest, meta = splitter.finish()
    assert meta.resource_version
    assert splitter.undecodable == 0
    return found + rest


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize("folder", CLUSTERS)
def test_lists(recordings: Path, folder: str, name: str) -> None:
    path = recordings / folder / f"{name}.json"
    if not path.exists():
        assert folder.startswith("flannel"), "only flannel has no Calico resources"
        return
    items = json.loads(path.read_bytes())["items"]
    found = records(FEEDS[name], path.read_bytes())
    keys = [FEEDS[name].key(each) for each in found]
    names = [each["metadata"]["uid" if name == "pods-all" else "name"] for each in items]
    assert [key.rpartition("/")[2] for key in keys] == names


def test_pages(recordings: Path) -> None:
    pages = [records(pod_feed(), (recordings / "common" / f"pods-page{each}.json").read_bytes()) for each in (1, 2)]
    assert [len(each) for each in pages] == [5, 4]


@pytest.mark.parametrize("folder", CLUSTERS)
def test_the_life_of_a_pod(recordings: Path, folder: str) -> None:
    feed = pod_feed()
    decoder = msgspec.json.Decoder(feed.api)
    seen: dict[str, list[tuple[str, str, bool, bool]]] = {}
    for line in (recordings / folder / "watch-pods.jsonl").read_bytes().splitlines():
        event = json.loads(line)
        if event["type"] != "BOOKMARK":
            pod = feed.convert(decoder.decode(json.dumps(event["object"])))
            seen.setdefault(pod.uid, []).append((event["type"], pod.power, bool(pod.ips), pod.is_stopped))
    lives = [life for life in seen.values() if life[0][0] == "ADDED" and len(life) > 3]
    assert lives
    for life in lives:
        assert life[0] == ("ADDED", "Pending", False, False)
        assert ("MODIFIED", "ContainerCreating", False, False) in life
        assert ("MODIFIED", "Running", True, False) in life
    ends = [life[-1] for life in seen.values() if life[-1][0] == "DELETED"]
    assert ends
    assert {word for _, word, *_ in ends} <= {"Terminating", "Completed", "Error"}
    assert all(is_stopped for *_, is_stopped in ends), "each was ended by its node"


@pytest.mark.parametrize(
    ("name", "code", "kind", "text"),
    [
        ("unauthorized-401-badtoken.json", 401, UnauthorizedError, "renew the token"),
        ("forbidden-403-pods.json", 403, ForbiddenError, 'User "nobody" cannot list resource "pods"'),
        ("notfound-404-group.txt", 404, AbsentError, "404"),
        ("gone-410-list-exact-old.json", 410, GoneError, "410"),
        ("badrequest-400-rv.json", 400, AnswerError, "invalid resource version"),
        ("toomanyrequests-429-crd-storage-initializing.json", 429, BusyError, "(re)initializing"),
        ("timeout-too-large-rv.json", 504, BusyError, "Too large resource version"),
    ],
)
def test_failures(recordings: Path, name: str, code: int, kind: type[AnswerError], text: str) -> None:
    status = status_of((recordings / "common" / name).read_bytes())
    error = error_of(code, status, wanted="list pods", server="https://192.0.2.1:6443")
    assert type(error) is kind
    assert text in str(error)
    if code in (429, 504):
        assert error.retry_after == 1
    if code == 504:
        assert error.cause == "ResourceVersionTooLarge"


@pytest.mark.parametrize("folder", CLUSTERS)
def test_a_folder_as_files(recordings: Path, folder: str) -> None:
    pods, evidence = load_objects([recordings / folder])
    assert len(pods) in (9, 10)
    assert evidence.version == "v1.36.2"
    assert len(evidence.nodes) == 3
    assert ("crd.projectcalico.org" in evidence.api_groups) == folder.startswith("calico")
