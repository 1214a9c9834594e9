"""Short names of things for people: unguessable, sayable on the phone, and telling nothing about how many."""

import re
import secrets
from collections.abc import Callable, Collection
from typing import Final

#: No vowels (no words), nothing that looks like something else. 20 to the 7th are 1.28 thousand million.
ALPHABET: Final = "23456789CFGHJMPQRVWX"
LENGTH: Final = 7


def draw(prefix: str, count: int, taken: Callable[[Collection[str]], Collection[str]]) -> list[str]:
    """`count` new references such as "D-4F7HQ2X". `taken` says which of some candidates are in use."""
    free: dict[str, None] = {}
    while len(free) < count:
        candidates = {_drawn(prefix) for _ in range(count - len(free))} - free.keys()
        free |= dict.fromkeys(candidates.difference(taken(candidates)))
    return list(free)


def _drawn(prefix: str) -> str:
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(LENGTH))}"


def scattered(prefix: str, number: int) -> str:
    """A reference of this number, another one for each: for generated data, which must come out the same."""
    rest, letters = number * 611_953_007 % len(ALPHABET) ** LENGTH, []
    for _ in range(LENGTH):
        rest, place = divmod(rest, len(ALPHABET))
        letters.append(ALPHABET[place])
    return f"{prefix}-{''.join(letters)}"


def meant(prefix: str, text: str) -> str:
    """The reference somebody typed or was told, "d 4f7 hq2x" for D-4F7HQ2X; '' if it is none.

    Numbers of old, D-000017, are references as well.
    """
    word = re.sub(r"[\s.–-]+", "", text).upper()
    if re.fullmatch(rf"{prefix}0*\d{{1,15}}", word) and len(word) != LENGTH + 1:
        return f"{prefix}-{int(word[1:]):06d}"
    named, word = word.startswith(prefix), word.removeprefix(prefix)
    if len(word) != LENGTH or not set(word) <= set(ALPHABET):
        return ""
    # Without its letter it must have a digit: otherwise it is a name.
    return f"{prefix}-{word}" if named or any(sign.isdecimal() for sign in word) else ""
