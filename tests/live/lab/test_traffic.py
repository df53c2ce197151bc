"""The scenarios of the lab's traffic, judged by what the mirror shows."""

from __future__ import annotations

import pytest

from podwire_lab import LabError

pytestmark = pytest.mark.live

SYN, RST, ACK = 0x02, 0x04, 0x10
VXLAN = 8472


def _of(frames, outcome, flags):
    return [f for f in frames if outcome.src_port in {f.src_port, f.dst_port} and f.flags == flags]


def test_refused_is_answered_with_a_reset(lab, mirror_of):
    with mirror_of(lab, VXLAN) as mirror:
        outcomes = lab.traffic.refused(2)
        frames = mirror.frames()
    assert [outcome.result for outcome in outcomes] == ["refused", "refused"]
    assert all(len(_of(frames, outcome, RST | ACK)) == 1 for outcome in outcomes)


def test_dropped_is_resent_and_never_answered(lab, mirror_of):
    with mirror_of(lab, VXLAN) as mirror:
        (outcome,) = lab.traffic.dropped(seconds=1.6)
        frames = mirror.frames()
    assert outcome.result == "unanswered"
    assert len(_of(frames, outcome, SYN)) >= 2
    assert not _of(frames, outcome, SYN | ACK)
    assert not _of(frames, outcome, RST | ACK)


def test_late_loses_its_first_syn_only(lab, mirror_of):
    with mirror_of(lab, VXLAN) as mirror:
        (outcome,) = lab.traffic.late()
        frames = mirror.frames()
    assert outcome.result == "answered"
    assert len(_of(frames, outcome, SYN)) >= 2
    assert len(_of(frames, outcome, SYN | ACK)) == 1
    assert lab.traffic.short()[0].result == "answered"


def test_long_goes_on_until_it_is_stopped(lab):
    (begun,) = lab.traffic.long(interval=0.02)
    (same,) = lab.traffic.short()
    (ended,) = lab.traffic.stop()
    assert (ended.src_port, ended.result) == (begun.src_port, "answered")
    assert ended.sent >= same.sent
    assert lab.traffic.stop() == []


def test_what_cannot_be_is_said(lab):
    with pytest.raises(LabError, match="no Pod 'pod-Z'; there are pod-A, pod-B"):
        lab.traffic.short(server="pod-Z")
    with pytest.raises(LabError, match="count must be 1 to"):
        lab.traffic.short(0)
