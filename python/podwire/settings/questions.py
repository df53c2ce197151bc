"""How long questions about connections may take, for who works on them and for who waits."""

from __future__ import annotations

SECONDS = 60.0
"""How long one may be worked on."""
ANSWER_SECONDS = 2 * SECONDS + 10
"""How long a client waits for the answer: one may have to wait for another one to end."""
