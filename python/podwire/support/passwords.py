"""Passwords as they are kept: scrypt hashes with a salt of their own (RFC 7914), written as one word."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_COST, _BLOCK, _LANES = 15, 8, 1
"""2^15 rounds of 8 blocks: 32 MiB and some 100 ms a guess, the parameters that OWASP gives for scrypt with p=1."""
_MEMORY = 64 << 20
_SALT_BYTES = _HASH_BYTES = 16
_MOST_COST = 17
"""A hash that was copied from elsewhere may cost at most 128 MiB to check."""


def hash_password(password: str) -> str:
    """Return the word to keep for `password`."""
    salt = secrets.token_bytes(_SALT_BYTES)
    made = _derive(password, salt, _COST, _BLOCK, _LANES)
    return "$".join(("scrypt", str(_COST), str(_BLOCK), str(_LANES), _text(salt), _text(made)))


def verify_password(password: str, kept: str) -> bool:
    """Say whether `password` is the one that `kept` was made of. Takes its time also where `kept` is none."""
    try:
        cost, block, lanes, salt, expected = _read(kept)
    except ValueError:
        hash_password(password)
        return False
    made = _derive(password, salt, cost, block, lanes)
    return hmac.compare_digest(made, expected)


def is_hash(text: str) -> bool:
    """Say whether `text` is a word that `hash_password` could have made."""
    try:
        _read(text)
    except ValueError:
        return False
    return True


def _read(kept: str) -> tuple[int, int, int, bytes, bytes]:
    name, *numbers, salt, expected = kept.split("$") if kept.count("$") == 5 else ("", "0", "", "")
    cost, block, lanes = (int(number) for number in numbers) if len(numbers) == 3 else (0, 0, 0)
    salt_bytes, hash_bytes = (base64.b64decode(part, validate=True) for part in (salt, expected))
    is_sound = name == "scrypt" and 10 <= cost <= _MOST_COST and block == _BLOCK and lanes == _LANES
    if not is_sound or len(salt_bytes) != _SALT_BYTES or len(hash_bytes) != _HASH_BYTES:
        raise ValueError
    return cost, block, lanes, salt_bytes, hash_bytes


def _derive(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    memory = max(_MEMORY, 2 * 128 * block << cost)
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=1 << cost,
        r=block,
        p=lanes,
        maxmem=memory,
        dklen=_HASH_BYTES,
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
