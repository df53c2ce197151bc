"""What a detector saw, in sentences, and how sure that makes it: the one place where confidence is worked out."""

from __future__ import annotations

from enum import IntEnum

from podwire.cni.reading import plain

MOST_SENTENCES = 24
"""A finding is read by a person: past this many sentences the rest is only counted."""


class Standing(IntEnum):
    """How alive a plugin's agent is; a higher standing wins where two plugins contend."""

    ABSENT = 0
    """No workload of the plugin is known."""
    DECLARED = 1
    """A workload is written down but is scheduled nowhere: a manifest without status, or one that matches no node."""
    DOWN = 2
    """It is scheduled, and not one Pod of it is ready."""
    LIVE = 3
    """At least one Pod of it is ready: the only proof that a plugin carries Pod packets now."""


class Source(IntEnum):
    """Where a plugin's settings were read, weakest first."""

    NOWHERE = 0
    """No settings were found."""
    DEFAULTS = 1
    """What the program or the distribution does unless told otherwise, or what seeded its first settings."""
    NODES = 2
    """What the running agent wrote on the Nodes."""
    SETTINGS = 3
    """The object that the agent itself reads."""


_BY_STANDING = {Standing.ABSENT: 25, Standing.DOWN: 30, Standing.DECLARED: 40, Standing.LIVE: 60}
_BY_SOURCE = {Source.NOWHERE: -20, Source.DEFAULTS: 5, Source.NODES: 25, Source.SETTINGS: 35}
_CONFIRMED = 5
_DOUBT = 15


class Notes:
    """Collects the sentences of one finding and counts what speaks against it.

    Confidence, 0 to 100, is a sum: how alive the agent is (absent 25, down 30, declared 40, live 60), where its
    settings were read (nowhere -20, defaults 5, Node annotations 25, its own settings 35), 5 where a second source
    agrees, and 15 less for each doubt, such as settings that cannot be parsed or that the Nodes contradict.
    """

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}
        self._left_out = 0
        self._doubts = 0
        self._is_confirmed = False

    def say(self, sentence: str) -> None:
        """Add a sentence; the same one twice counts once."""
        sentence = plain(sentence)
        if sentence in self._sentences:
            return
        if len(self._sentences) < MOST_SENTENCES:
            self._sentences[sentence] = None
        else:
            self._left_out += 1

    def doubt(self, sentence: str) -> None:
        """Add a sentence that makes the finding less sure."""
        self._doubts += 1
        self.say(sentence)

    def confirm(self, sentence: str) -> None:
        """Add a sentence that says the same as the settings, from another source."""
        self._is_confirmed = True
        self.say(sentence)

    def because(self) -> tuple[str, ...]:
        """Return the sentences in the order in which they were said."""
        said = tuple(self._sentences)
        return (*said, f"{self._left_out} more remarks are left out") if self._left_out else said

    def confidence(self, standing: Standing, source: Source) -> int:
        """Return how sure the finding is, 0 to 100."""
        sure = _BY_STANDING[standing] + _BY_SOURCE[source] + (_CONFIRMED if self._is_confirmed else 0)
        return max(0, min(100, sure - _DOUBT * self._doubts))
