"""How texts are compared: one function for keys, one for names, one for e-mail addresses.

What somebody typed, pasted or loaded and what is kept may be written differently and mean the same: in
another case, composed or decomposed, in full width, with characters nobody sees. Whoever compares texts
asks here, and nowhere else.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

import idna

T = TypeVar("T")

#: Characters that leave no mark (Unicode's Default_Ignorable_Code_Point), controls, and the blank of Braille.
#: Not NUL: nothing is kept with it, and whoever sends one is told.
#: PostgreSQL reads the same class; see `portal.tenancy.lookups.FoldedName`.
INVISIBLE: Final = (
    "\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
#: What word processors write for ' and -.
APOSTROPHES: Final = "\u2018\u2019\u02bc\u0060\u00b4"
DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2212"
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
#: Persian and Indic words need joiners within them, and so do joined emoji: nothing left of U+0600 does.
_NEEDED_JOINER = re.compile("(?<=[\u0600-\U0001ffff])[\u200c\u200d](?=[\u0600-\U0001ffff])")
_KEPT_JOINERS = str.maketrans({"\u200c": "\ue00c", "\u200d": "\ue00d"})
_JOINERS_BACK = str.maketrans({"\ue00c": "\u200c", "\ue00d": "\u200d"})
_TYPED_AS = str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(DASHES, "-"))


class Unknown(LookupError):
    """Nothing of this name."""


class Ambiguous(LookupError):
    """Several things of this name, and none of exactly this spelling."""


def tidy(text: str) -> str:
    """A line of text as it is kept: composed, without invisible characters, with single plain spaces.

    What carries meaning stays: case, accents, full width, joiners within words of scripts that need them.
    """
    composed = unicodedata.normalize("NFC", text)
    marked = _NEEDED_JOINER.sub(lambda found: found[0].translate(_KEPT_JOINERS), composed)
    return " ".join(_INVISIBLE.sub("", marked).translate(_JOINERS_BACK).split())


def folded_key(text: str) -> str:
    """How keys are compared where none is exactly the same: without case, invisible characters, full width.

    Compatibility letters that mean something stay apart: "m2" and "m²" are two keys. Not for storing.
    """
    visible = _INVISIBLE.sub("", text)
    narrow = visible if visible.isascii() else "".join(map(_narrow, visible))
    return unicodedata.normalize("NFC", " ".join(narrow.split()).casefold())


def folded_name(text: str) -> str:
    """How names are compared and searched: as keys, and "O’Reilly" is "O'Reilly", "ﬁ" is "fi".

    The database computes the same for its own columns: `portal.tenancy.lookups.FoldedName`.
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_TYPED_AS)
    return unicodedata.normalize("NFKC", " ".join(plain.split()).casefold())


def email_address(text: str) -> str:
    """The one way an e-mail address is kept and looked up: lower case, its domain in ASCII.

    `"mailto:Jo\u200b@MÜNCHEN.de "` -> `"jo@xn--mnchen-3ya.de"`. Whether it is an address is judged elsewhere;
    what is none comes back without what cannot be seen.
    """
    bare = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).strip()
    if bare[:7].casefold() == "mailto:":
        bare = bare[7:].strip()
    local, at, domain = bare.rpartition("@")
    return f"{local.lower()}{at}{ascii_domain(domain)}" if at else bare.lower()


def ascii_domain(host: str) -> str:
    """A host name as the network knows it (IDNA); in lower case where it is none."""
    try:
        return idna.encode(host, uts46=True).decode() if host else ""
    except (idna.IDNAError, UnicodeError):
        return host.lower()


class KeyIndex(Generic[T]):
    """Finds things by any of their keys: the exact spelling first, then what is written a little differently.

    Keys of an earlier level win over those of a later one as long as they fit exactly. Two things whose keys
    differ only in case stay two, each found by its own; a third spelling is refused and not guessed.
    """

    def __init__(self, *levels: Iterable[tuple[str | None, T]]) -> None:
        rows = [[(key, value) for key, value in level if key] for level in levels]
        everything = [pair for level in rows for pair in level]
        self._tries: list[tuple[Callable[[str], str], dict[str, list[T]]]] = [
            *((fold, _grouped(fold, level)) for fold in (str, tidy) for level in rows),
            (folded_key, _grouped(folded_key, everything)),
        ]

    def find(self, text: str) -> T:
        """What `text` names. Raises Unknown, or Ambiguous where it may be two things."""
        for fold, known in self._tries:
            if found := known.get(fold(text)):
                if len(found) > 1:
                    raise Ambiguous(text)
                return found[0]
        raise Unknown(text)


def _grouped(fold: Callable[[str], str], pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """{folded key: the different things it may mean}"""
    groups: dict[str, list[T]] = {}
    for key, value in pairs:
        group = groups.setdefault(fold(key), [])
        if value not in group:
            group.append(value)
    return groups


def _narrow(letter: str) -> str:
    """A letter of full or half width as the ordinary one; any other as it is."""
    is_width = unicodedata.decomposition(letter).startswith(("<wide>", "<narrow>", "<noBreak>"))
    return unicodedata.normalize("NFKC", letter) if is_width else letter
