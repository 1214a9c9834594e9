"""How alike two company names are: pure functions over normalised names.

Words are aligned first: equal, a letter or two apart, or one written together and the other apart. Words
are not worth the same: the first one that is a name of its own is worth most, what many companies share
("Systems", "Bau", "International") half, places and little words next to nothing. The likeness is the
worth of what both have, as a share of the worth of all. What each has and the other lacks counts double:
a longer name of a company has more words on one side, another company has other words on both.
"""

from collections.abc import Set
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from deals.conflicts.common_words import LINKS, PLACES, is_trade
from deals.customers.match_keys import LEGAL_FORMS

#: From here on two names may mean one customer; docs/matching/README.md says how it was chosen.
POSSIBLE: Final = 0.62
#: What the words of a name are worth.
_FIRST, _OWN, _TRADE, _PLACE, _LINK = 1.5, 1.0, 0.5, 0.15, 0.1
#: Legal forms that end a name in the middle of a line: what follows is where the company sits.
_CLEAR_FORMS = """
    inc incorporated corp corporation ltd limited llc llp plc gmbh ag kg nv bv bvba srl spa sarl sas sa oy oyj
    ab aps asa pty pvt pte bhd sro kft zrt nyrt jsc ooo company co
"""
_ENDS: Final = frozenset(_CLEAR_FORMS.split())
#: How alike two words are at least (one letter of five); short ones must be equal, or "IBM" would be "IBS".
_WORD_ALIKE: Final = 0.79
_SHORT: Final = 4
#: Up to this length a word is not taken for another that begins differently ("Hansen", "Jansen").
_BEGINS_ALIKE: Final = 7
#: At most so many words of one name are one word of the other.
_JOINED: Final = 3
#: Names are cut here: nobody tells companies apart by their thirteenth word.
_MOST_WORDS: Final = 12
#: What a short word and the first letters of a longer name are worth: "BMW".
_INITIALS: Final = 0.75

NOTHING: Final[frozenset[str]] = frozenset()


class Word(NamedTuple):
    text: str
    worth: float


def likeness(one: str, other: str, common: Set[str] = NOTHING) -> float:
    """0 (nothing alike) to 1 (the same) for two normalised names; the order does not matter.

    `common`: further words that many of the vendor's customers share.
    """
    a, b = weighed(one, common & set(one.split())), weighed(other, common & set(other.split()))
    if not a or not b:
        return 0.0
    if a == b:
        return 1.0
    return max(_shared(a, b), _INITIALS if _are_initials(a, b) or _are_initials(b, a) else 0.0)


@lru_cache(maxsize=65536)
def weighed(name: str, common: Set[str] = NOTHING) -> tuple[Word, ...]:
    """The words of a normalised name without legal forms, each with its worth.

    Where no word is a name of its own ("General Electric"), each is taken for one.
    """
    words, seat = _split(name)
    worths = [_worth(word, common) for word in words]
    if _OWN not in worths:
        worths = [_LINK if worth == _LINK else _OWN for worth in worths]
    if _OWN in worths:
        worths[worths.index(_OWN)] = _FIRST
    return (
        *map(Word, words, worths),
        *(Word(word, min(_PLACE, _worth(word, common))) for word in seat),
    )


def own_words(name: str) -> list[str]:
    """The words of a normalised name that are names of their own; all of them where none is."""
    return [word.text for word in weighed(name) if word.worth >= _OWN]


def first_letters(name: str) -> str:
    """What a long name may be shortened to: "bayerische motoren werke" -> "bmw"; "" for a short one."""
    letters = _letters(weighed(name))
    return letters if _are_few(letters) else ""


def _split(name: str) -> tuple[list[str], list[str]]:
    """The words of the name, and those behind its legal form: "Unilever N.V., Rotterdam"."""
    words = name.split()[:_MOST_WORDS]
    runs = [(form, list(run)) for form, run in groupby(words, key=lambda word: word in LEGAL_FORMS)]
    named: list[str] = []
    for place, (is_form, run) in enumerate(runs):
        if is_form and named and _ENDS & set(run):
            return named, [word for form, rest in runs[place + 1 :] if not form for word in rest]
        if not is_form:
            named += run
    return named or words, []


def _worth(word: str, common: Set[str]) -> float:
    if word in LINKS:
        return _LINK
    if word in PLACES:
        return _PLACE
    return _TRADE if len(word) == 1 or word in common or is_trade(word) else _OWN


def _shared(a: tuple[Word, ...], b: tuple[Word, ...]) -> float:
    """The worth of what both have as a share of the worth of all."""
    left, right = set(range(len(a))), set(range(len(b)))
    both = all_in_common = 0.0
    for alike, here, there in _matches(a, b):
        if not (left.issuperset(here) and right.issuperset(there)):
            continue
        left.difference_update(here)
        right.difference_update(there)
        worth = _worth_together(sum(a[i].worth for i in here), sum(b[i].worth for i in there))
        both += worth * alike
        all_in_common += worth
    only_a, only_b = sum(a[i].worth for i in left), sum(b[i].worth for i in right)
    different = only_a + only_b + 2 * min(only_a, only_b)
    return 2 * both / (2 * all_in_common + different) if both else 0.0


def _worth_together(here: float, there: float) -> float:
    """A word common on one side is no more than common; a name of its own counts as the first on either."""
    return max(here, there) if min(here, there) >= _OWN else min(here, there)


def _matches(a: tuple[Word, ...], b: tuple[Word, ...]) -> list[tuple[float, range, range]]:
    """Words that are alike, alone or written together, the longest agreement first."""
    singles, others = _runs(b)
    found = [
        (alike * min(len(text), len(other)), alike, here, there)
        for here, text in _runs(a)[0]
        for there, other in (*singles, *others)
        if (alike := _alike(text, other))
    ]
    found += [
        (alike * min(len(text), len(other)), alike, here, there)
        for here, text in _runs(a)[1]
        for there, other in singles
        if (alike := _alike(text, other))
    ]
    found.sort(key=lambda match: (-match[0], match[2].start, match[3].start, len(match[2]) + len(match[3])))
    return [match[1:] for match in found]


@lru_cache(maxsize=65536)
def _runs(words: tuple[Word, ...]) -> tuple[list[tuple[range, str]], list[tuple[range, str]]]:
    """The single words, and each two or three neighbours written together."""
    count = len(words)
    runs = [
        (range(start, end), "".join(word.text for word in words[start:end]))
        for start in range(count)
        for end in range(start + 1, min(count, start + _JOINED) + 1)
    ]
    return [run for run in runs if len(run[0]) == 1], [run for run in runs if len(run[0]) > 1]


def _alike(one: str, other: str) -> float:
    """1 for the same word, 0.8 and more for one misspelt, else 0."""
    if one == other:
        return 1.0
    shorter = min(len(one), len(other))
    if shorter <= _SHORT or (one[0] != other[0] and shorter <= _BEGINS_ALIKE):
        return 0.0
    return OSA.normalized_similarity(one, other, score_cutoff=_WORD_ALIKE)


def _are_initials(short: tuple[Word, ...], long: tuple[Word, ...]) -> bool:
    """ "BMW" for "Bayerische Motoren Werke": the one word of the short form is the initials of the other."""
    first, *others = short
    if first.worth < _OWN or any(word.worth >= _OWN for word in others):
        return False
    return _are_few(first.text) and first.text == _letters(long)


def _letters(words: tuple[Word, ...]) -> str:
    letters = "".join(word.text[0] for word in words if word.worth > _PLACE)
    return letters if len(words) >= 3 else ""


def _are_few(letters: str) -> bool:
    return 3 <= len(letters) <= 5
