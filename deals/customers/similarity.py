"""How alike two company names are: pure functions over normalised names.

Words are aligned first: equal, a letter or two apart, or one written together and the other apart. Words
are not worth the same: the first one that is a name of its own is worth most, what many companies share
("Systems", "Bau", "International") half, places and little words next to nothing. The likeness is the
worth of what both have, as a share of the worth of all. What each has and the other lacks counts double:
a longer name of a company has more words on one side, another company has other words on both; and so has
one whose longer name says what else it does ("Siemens", "Siemens Energy").
"""

import re
from collections.abc import Set
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from deals.customers.common_words import FIELDS, LINKS, PLACES, is_trade
from deals.customers.match_keys import LEGAL_FORMS, in_latin
from deals.customers.spelling import consonants, one_umlaut, sound, spelling

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
#: Up to this length another letter makes another name ("Meier", "Maier"), unless a second name agrees.
_OTHER_LETTER: Final = 6
#: What a word heard again in another alphabet is worth.
_HEARD: Final = 0.9
#: How alike words with the same consonants sound at least; fewer tell less, and some scripts write no vowels.
_SAME_ALPHABET, _WITH_VOWELS, _WITHOUT_VOWELS, _ONE_CONSONANT = 0.0, 0.6, 0.5, 0.75
_NO_VOWELS: Final = re.compile("[\u0590-\u06ff]")
#: And words whose consonants differ a little.
_SOUND_ALIKE, _SOUNDS_LONG = 0.7, 6
#: What a field of business weighs that only one of two otherwise equal names has.
_ANOTHER_FIELD: Final = 2.0
#: So few letters ("UC", "GE") are nobody's alone: with another name behind them it is another.
_FEW_LETTERS: Final = 2
#: At most so many words of one name are one word of the other.
_JOINED: Final = 3
#: Names are cut here: nobody tells companies apart by their thirteenth word.
_MOST_WORDS: Final = 12
#: What a short word and the first letters of a longer name are worth: "BMW".
INITIALS: Final = 0.75

#: "H&M", "Hennes & Mauritz", "Marks and Spencer".
_TWO_AND: Final = re.compile(r"\W*(?P<one>\w+)\s*(?:[&+]|\b(?:and|und|et|og|och|y|e|и)\b)\s*(?P<other>\w+)")

NOTHING: Final[frozenset[str]] = frozenset()


class Word(NamedTuple):
    text: str
    worth: float


def likeness(one: str, other: str, common: Set[str] = NOTHING) -> float:
    """0 (nothing alike) to 1 (the same) for two normalised names; the order does not matter.

    `common`: further words that many of the vendor's customers share, as `spelling` writes them.
    """
    if one == other:
        return 1.0 if one else 0.0
    through = _alphabets(one + other)
    return max(
        _likeness(a, b, through)
        for a in _readings(spelling(one), common)
        for b in _readings(spelling(other), common)
    )


def _alphabets(letters: str) -> float:
    """0 for Latin letters alone; else how alike words of one sound must be in these letters."""
    if letters.isascii():
        return _SAME_ALPHABET
    return _WITHOUT_VOWELS if _NO_VOWELS.search(letters) else _WITH_VOWELS


def _likeness(a: tuple["Word", ...], b: tuple["Word", ...], through: float) -> float:
    if not a or not b:
        return 0.0
    if a == b:
        return 1.0
    return max(_shared(a, b, through), INITIALS if _are_initials(a, b) or _are_initials(b, a) else 0.0)


def _readings(name: str, common: Set[str]) -> list[tuple["Word", ...]]:
    """The name; and where it begins with its own initials ("IBM International Business Machines"), either."""
    words = name.split()
    if 2 <= len(words[0] if words else "") < len(words):
        rest = " ".join(words[1:])
        if words[0] == _letters(weighed(rest), least=2)[: len(words[0])]:
            return [weighed(each, common & set(each.split())) for each in (name, words[0], rest)]
    return [weighed(name, common & set(words))]


@lru_cache(maxsize=65536)
def weighed(name: str, common: Set[str] = NOTHING) -> tuple[Word, ...]:
    """The words of a spelt name without legal forms, each with its worth.

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
    """The words of a spelt name that are names of their own; all of them where none is."""
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


class Alignment(NamedTuple):
    """The worth of what two names have alike (`both`) and of the words it stands in; which words are left."""

    both: float
    in_common: float
    left: set[int]
    right: set[int]


def _aligned(a: tuple[Word, ...], b: tuple[Word, ...], through: float) -> Alignment:
    left, right = set(range(len(a))), set(range(len(b)))
    both = in_common = 0.0
    matches = _matches(a, b, through)
    for alike, here, there in matches if through else _believed(a, b, matches):
        if not (left.issuperset(here) and right.issuperset(there)):
            continue
        left.difference_update(here)
        right.difference_update(there)
        worth = _worth_together(sum(a[i].worth for i in here), sum(b[i].worth for i in there))
        both += worth * alike
        in_common += worth
    return Alignment(both, in_common, left, right)


def _shared(a: tuple[Word, ...], b: tuple[Word, ...], through: float) -> float:
    """The worth of what both have as a share of the worth of all."""
    both, in_common, left, right = _aligned(a, b, through)
    only_a, only_b = sum(a[i].worth for i in left), sum(b[i].worth for i in right)
    different = only_a + only_b + 2 * min(only_a, only_b)
    if in_common < _FIRST + _OWN:
        different += _another(a, left) + _another(b, right)
    return 2 * both / (2 * in_common + different) if both else 0.0


def _worth_together(here: float, there: float) -> float:
    """A word common on one side is no more than common; a name of its own counts as the first on either."""
    return max(here, there) if min(here, there) >= _OWN else min(here, there)


def _another(words: tuple[Word, ...], left: set[int]) -> float:
    """What the words left on one side weigh that make another company of the one name both have."""
    few = all(len(word.text) <= _FEW_LETTERS for i, word in enumerate(words) if i not in left)
    other = any(words[i].text in FIELDS or (few and words[i].worth >= _OWN) for i in left)
    return _ANOTHER_FIELD if other else 0.0


def _believed(
    a: tuple[Word, ...], b: tuple[Word, ...], matches: list[tuple[float, range, range]]
) -> list[tuple[float, range, range]]:
    """Without short words that differ by a letter, unless both names share another that is equal."""

    def differs(here: range, there: range) -> bool:
        one, other = a[here.start].text, b[there.start].text
        return len(here) == len(there) == 1 and len(one) == len(other) <= _OTHER_LETTER

    def is_name(here: range, there: range) -> bool:
        return all(max(words[i].worth for i in at) >= _OWN for words, at in ((a, here), (b, there)))

    doubted = [match for match in matches if match[0] < 1 and differs(*match[1:])]
    if not doubted or any(alike == 1 and is_name(here, there) for alike, here, there in matches):
        return matches
    return [
        match for match in matches
        if match not in doubted or _is_swap(a[match[1].start].text, b[match[2].start].text)
    ]  # fmt: skip


def _is_swap(one: str, other: str) -> bool:
    """Two neighbouring letters in the other order: a slip of the fingers, not another name."""
    return sorted(one) == sorted(other)


def _matches(a: tuple[Word, ...], b: tuple[Word, ...], through: float) -> list[tuple[float, range, range]]:
    """Words that are alike, alone or written together, the longest agreement first."""
    singles, others = _runs(b)
    found = [
        (alike * min(len(text), len(other)), alike, here, there)
        for here, text in _runs(a)[0]
        for there, other in (*singles, *others)
        if (alike := _alike(text, other, through if len(there) == 1 else _SAME_ALPHABET))
    ]
    found += [
        (alike * min(len(text), len(other)), alike, here, there)
        for here, text in _runs(a)[1]
        for there, other in singles
        if (alike := _alike(text, other, _SAME_ALPHABET))
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


def _alike(one: str, other: str, through: float) -> float:
    """1 for the same word, 0.8 and more for one misspelt, else 0; `through`: see `_alphabets`."""
    if one == other or one_umlaut(one) == one_umlaut(other):
        return 1.0
    if through and _is_heard_again(one, other, through):
        return _HEARD
    shorter = min(len(one), len(other))
    if shorter <= _SHORT or (one[0] != other[0] and shorter <= _BEGINS_ALIKE):
        return 0.0
    return OSA.normalized_similarity(one, other, score_cutoff=_WORD_ALIKE)


def _is_heard_again(one: str, other: str, through: float) -> bool:
    if not (one.isalpha() and other.isalpha()):
        return False
    alike, firm = OSA.normalized_similarity(sound(one), sound(other)), consonants(one)
    if firm == consonants(other):
        return alike >= (through if len(firm) > 1 else _ONE_CONSONANT) and bool(firm)
    return min(len(one), len(other)) >= _SOUNDS_LONG and alike >= _SOUND_ALIKE


def _are_initials(short: tuple[Word, ...], long: tuple[Word, ...]) -> bool:
    """ "BMW" for "Bayerische Motoren Werke": the one word of the short form is the initials of the other."""
    first, *others = short
    if first.worth < _OWN or any(word.worth >= _OWN for word in others):
        return False
    return _are_few(first.text) and first.text == _letters(long)


def _letters(words: tuple[Word, ...], least: int = 3) -> str:
    letters = "".join(word.text[0] for word in words if word.worth > _PLACE)
    return letters if len(words) >= least else ""


def _are_few(letters: str) -> bool:
    return 3 <= len(letters) <= 5


def differ_within_group(one: str, other: str) -> bool:
    """Whether two normalised names share a name and each, or one, says more: "Siemens", "Siemens Energy".

    Two names without anything in common are one company under its legal name and its brand.
    """
    a, b = weighed(spelling(one)), weighed(spelling(other))
    aligned = _aligned(a, b, through=_SAME_ALPHABET)
    left = [a[i] for i in aligned.left] + [b[i] for i in aligned.right]
    return aligned.in_common >= _OWN and any(word.worth >= _OWN or word.text in FIELDS for word in left)


def shortens(one: str, other: str) -> bool:
    """Whether one of two names, as shown, is the other's two letters: "H&M" and "Hennes & Mauritz"."""
    (letters, is_short), (others, are_short) = letters_with_and(one), letters_with_and(other)
    return bool(letters) and letters == others and is_short != are_short


@lru_cache(maxsize=65536)
def letters_with_and(shown: str) -> tuple[str, bool]:
    """("hm", whether the name is short itself) for names with an "and" in front; ("", False) for others."""
    found = _TWO_AND.match(shown.casefold())
    if found is None:
        return "", False
    one, other = in_latin(found["one"])[:1], in_latin(found["other"])[:1]
    are_letters = len(found["one"]) == len(found["other"]) == 1
    return (f"{one}{other}", are_letters) if one and other else ("", False)
