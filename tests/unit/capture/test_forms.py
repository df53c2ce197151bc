"""A story comes to the same rows in whatever form it is stored, and by whatever way it comes."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from podwire.capture import Capture, CaptureError


@pytest.fixture(params=["handshake", "ipv6", "vxlan_flannel"])
def story(request: pytest.FixtureRequest, make: ModuleType) -> Any:
    return getattr(make, request.param)()


@pytest.fixture
def whole(make: ModuleType, forms: ModuleType) -> bytes:
    """A capture of one whole connection."""
    return bytes(forms.pcap(make.handshake().trace.frames))


def test_every_form_comes_to_the_same_rows(capture: Capture, story: Any, form: Any, tmp_path: Path) -> None:
    path = tmp_path / "capture.without-a-telling-name"
    path.write_bytes(form.make(story.trace.frames))
    capture._engine.set_overlays([tuple(overlay) for overlay in story.overlays])
    summary = capture.read_files([str(path)])
    assert (summary.packets, summary.errors, summary.notes) == (len(story.trace.frames), (), ())
    assert capture.rows([], list(story.rows[0])) == story.rows


def test_zstandard_is_read_and_its_early_end_told(capture: Capture, whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "capture"
    packed = pa.compress(whole, codec="zstd", asbytes=True)
    path.write_bytes(packed + pa.compress(b"", codec="zstd", asbytes=True))
    summary = capture.read_files([str(path)])
    assert (summary.packets, summary.errors) == (8, ())
    path.write_bytes(packed[:-3])
    assert "the Zstandard stream ends early" in capture_error(capture, path)


def capture_error(capture: Capture, path: Path) -> str:
    """What reading comes to where it may fail at its first byte or later."""
    try:
        return " ".join(capture.read_files([str(path)]).errors)
    except CaptureError as error:
        return str(error)


def test_what_wireshark_converts_is_read(capture: Capture, whole: bytes, tmp_path: Path) -> None:
    if shutil.which("editcap") is None:
        pytest.skip("editcap is not installed: it comes with tshark")
    plain, converted = tmp_path / "plain", tmp_path / "converted"
    plain.write_bytes(whole)
    for form, packets in (("pcapng", 8), ("nsecpcap", 16), ("pcap", 24)):
        subprocess.run(["editcap", "-F", form, plain, converted], check=True, capture_output=True)
        assert capture.read_files([str(converted)]).packets == 8
        assert capture.counters()["packets"] == packets


def test_pipes_are_read_to_their_end(capture: Capture, whole: bytes, tmp_path: Path) -> None:
    pipes = [tmp_path / "one", tmp_path / "other"]
    for pipe in pipes:
        os.mkfifo(pipe)
    writers = [
        threading.Thread(target=pipe.write_bytes, args=(data,))
        for pipe, data in zip(pipes, (whole, gzip.compress(whole)), strict=True)
    ]
    for writer in writers:
        writer.start()
    assert capture.read_files([str(pipe) for pipe in pipes]).packets == 16
    for writer in writers:
        writer.join()
    assert capture.progress() == (len(whole) + len(gzip.compress(whole)), None, 16)


def test_standard_input_is_a_capture_too(whole: bytes) -> None:
    code = (
        "from podwire.capture import Capture; core = Capture(); print(core.read_files(['-']).packets);"
        "print(core.source_counters()[0]['interface'])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=whole, capture_output=True, check=True)
    assert done.stdout == b"8\nstandard input\n"


def test_many_rotated_files_need_few_descriptors(forms: ModuleType, make: ModuleType, tmp_path: Path) -> None:
    frames = make.handshake().trace.frames * 40
    step = len(frames) // 80
    paths = []
    for number in range(80):
        shift = number * 10**9
        part = [(at + shift, frame) for at, frame in frames[number * step : (number + 1) * step]]
        paths.append(str(tmp_path / f"{number:03}.pcapng"))
        Path(paths[-1]).write_bytes(forms.pcapng(part))
    code = (
        "import resource, sys; from podwire.capture import Capture;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24));"
        "summary = Capture().read_files(sys.argv[1:]); print(summary.packets, summary.errors)"
    )
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, check=True, text=True)
    assert done.stdout == f"{len(frames)} ()\n"


def test_packets_without_a_time_are_noted(
    capture: Capture, make: ModuleType, forms: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "simple.pcapng"
    frames = make.handshake().trace.frames
    simple = [forms.block("<", 3, len(frame).to_bytes(4, "little") + frame) for _, frame in frames]
    path.write_bytes(b"".join([forms.section("<"), forms.interface("<"), *simple]))
    summary = capture.read_files([str(path)])
    assert (summary.packets, summary.errors) == (8, ())
    assert "without times" in summary.notes[0]


def test_tunnels_that_nobody_looks_into_are_told(capture: Capture, make: ModuleType, tmp_path: Path) -> None:
    path = str(tmp_path / "vxlan.pcap")
    make.vxlan_flannel().trace.write(Path(path))
    assert capture.read_files([path]).tunnel_ports == (8472,)
    capture._engine.set_overlays([tuple(overlay) for overlay in make.vxlan_flannel().overlays])
    assert capture.read_files([path]).tunnel_ports == ()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/nowhere/at-all.pcap", "There is no file /nowhere/at-all.pcap."),
        ("/", "/ cannot be read: it is a folder: name the files in it."),
        ("/dev/null", "/dev/null cannot be read: it is neither a file nor a pipe."),
    ],
)
def test_what_cannot_be_opened_is_told_in_words(capture: Capture, path: str, sentence: str) -> None:
    with pytest.raises(CaptureError) as caught:
        capture.read_files([path])
    assert str(caught.value) == sentence
