"""The commands that captures and objects can answer.

A run answers one of them. Each is therefore made, and what it needs imported, when it is asked for: importing all takes
longer than reading a million packets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from podwire.commands.dispatch import Commands, Maker
from podwire.commands.handlers import Handler
from podwire.engine.parts import Parts
from podwire.settings.serve import ServeSettings

if TYPE_CHECKING:
    from podwire.engine.connection_questions import ConnectionQuestions

SWITCH = "switch"
NATIVE_VLAN = ServeSettings().native_vlan

SUMS = ("client-server-stats", "connection-latency", "connection-stats", "traffic")
OBJECTS = ("k8s-node", "k8s-pod", "k8s-service", "k8s-workload")


def make_commands(parts: Parts) -> Commands:
    """Make the commands that captures and objects can answer."""
    questions = cache(partial(_questions, parts))
    later: dict[str, Maker] = {
        "capture": partial(_capture, parts),
        "connection": partial(_connection, parts, questions),
        "connection-counters": partial(_connection_counters, parts),
        "encrypted": partial(_encrypted, parts),
        "k8s-cni": partial(_k8s_cni, parts),
        "k8s-path": partial(_k8s_path, parts),
        "vport": partial(_vport, parts),
        "vport-history": partial(_vport_history, parts),
    }
    later |= {name: partial(_sum, parts, questions, name) for name in SUMS}
    later |= {name: partial(_object, parts, name) for name in OBJECTS}
    return Commands((), clock=parts.clock, later=later)


def _questions(parts: Parts) -> ConnectionQuestions:
    from podwire.engine.connection_questions import ConnectionQuestions
    from podwire.engine.record_names import RecordNames

    return ConnectionQuestions(parts, RecordNames(parts), switch_name=SWITCH, native_vlan=NATIVE_VLAN)


def _capture(parts: Parts) -> Handler:
    from podwire.commands.capture import CaptureHandler

    return CaptureHandler(parts, None)


def _connection(parts: Parts, questions: Callable[[], ConnectionQuestions]) -> Handler:
    from podwire.commands.connection import ConnectionHandler
    from podwire.commands.connection_notes import ConnectionNotes

    notes = ConnectionNotes(parts, None, None)
    return ConnectionHandler(parts, notes, questions, switch_name=SWITCH, native_vlan=NATIVE_VLAN)


def _connection_counters(parts: Parts) -> Handler:
    from podwire.commands.connection_counters import ConnectionCountersHandler

    return ConnectionCountersHandler(parts)


def _encrypted(parts: Parts) -> Handler:
    from podwire.commands.encrypted import EncryptedHandler

    return EncryptedHandler(parts)


def _k8s_cni(parts: Parts) -> Handler:
    from podwire.commands.k8s_cni import CniHandler

    return CniHandler(None, parts)


def _k8s_path(parts: Parts) -> Handler:
    from podwire.commands.k8s_path import PathHandler

    return PathHandler(parts)


def _vport(parts: Parts) -> Handler:
    from podwire.commands.vport import VPortHandler

    return VPortHandler(None, parts, switch_name=SWITCH)


def _vport_history(parts: Parts) -> Handler:
    from podwire.commands.vport_history import VPortHistoryHandler

    return VPortHistoryHandler(parts)


def _sum(parts: Parts, questions: Callable[[], ConnectionQuestions], name: str) -> Handler:
    from podwire.commands.rollup import Asker
    from podwire.commands.sums import sum_handlers

    asker = Asker(questions(), parts.clock, has_default_window=False)
    return _named(sum_handlers(asker, switch_name=SWITCH), name)


def _object(parts: Parts, name: str) -> Handler:
    from podwire.commands.kubernetes import object_handlers

    return _named(object_handlers(None, parts), name)


def _named(handlers: list[Handler], name: str) -> Handler:
    return next(handler for handler in handlers if handler.noun.name == name)
