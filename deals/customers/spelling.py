"""One spelling of a normalised name, and how its words sound: pure functions.

Two people write one name in two alphabets, with an umlaut or its two letters, in words or figures, with a
word of trade shortened or in another language, with a city under another name. `spelling` writes all of these
one way. It is for comparing only: what is alike in this spelling is possibly, never surely, the same.
"""

import re
from functools import lru_cache
from typing import Final

from deals.customers.cities import cities
from deals.customers.common_words import ASIAN, NUMBERS, PHRASES, SAME
from deals.customers.match_keys import LEGAL_FORMS, in_latin

#: Longer names are cut, as their match keys are.
LONGEST: Final = 200
#: An umlaut written as two letters; in "blue", "queen" and "bauer" there is none.
_UMLAUT: Final = re.compile(r"(?<![aeqo])(?:a(?=e[bcdfghjklmnpqrstvwxzu])|[ou](?=e[bcdfghjklmnpqrstvwxz]))e")
_DOUBLE_A: Final = re.compile(r"(?<=\w)aa(?=\w{2})|^aa(?=\w{3})")
_FIGURES_BESIDE_LETTERS: Final = re.compile(r"(?<=\d)(?=[a-z]{3})|(?<=[a-z]{3})(?=\d)")
_ASIAN: Final = re.compile(f"({'|'.join(sorted(ASIAN, key=len, reverse=True))})")
#: Arabic "the", written together with its word; and the Hebrew letter for v, o and u, of which none is heard.
_ARTICLE: Final = re.compile(r"^ال(?=\w{3})")
_VAV: Final = re.compile(r"(?<=\w)ו|ו(?=[^ו]{2})")
_MOST_WORDS: Final = 4
_TENS: Final = re.compile(r"[2-9]0")

# How words sound: enough to know a name again after its way through another alphabet, no more.
_SOUNDS: Final = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"dzh|zh|tsch|sch|tch|sh|ch(?=[ei])|dj|j", "s"),
        (r"tz|ts|c(?=[eiy])|z", "s"),
        (r"ph|pf", "f"),
        (r"x", "ks"),
        (r"ck|qu|[cqg]|kh|gh", "k"),
        (r"[bpfv]", "b"),
        (r"d|th", "t"),
        (r"l", "r"),
        (r"m(?=[bst])", "n"),
        (r"[hw]", ""),
        (r"y|ee", "i"),
        (r"oo|ou", "u"),
        (r"(.)\1+", r"\1"),
    )
]
_VOWELS: Final = re.compile("[aeiou]")
_TWICE: Final = re.compile(r"(.)\1+")


@lru_cache(maxsize=65536)
def spelling(name: str) -> str:
    """A normalised name in Latin letters, words of trade, figures and cities in one spelling.

    `"яндекс технологии"` -> `"yandeks technology"`, `"stadtwerke wien"` -> `"stadtwerke vienna"`.
    """
    spelt = " ".join(_one_alphabet(word) for word in name.split())
    words = _FIGURES_BESIDE_LETTERS.sub(" ", spelt).split()
    trade = _words_of_trade()
    words = _figures([trade.get(one_umlaut(word), word) for word in words])
    return " ".join(_in_english(words))[:LONGEST].rstrip()


@lru_cache(maxsize=65536)
def sound(word: str) -> str:
    """How a word in Latin letters sounds: `"yandeks"` and `"yandex"` -> `"iantiks"` and `"iantiks"`."""
    for pattern, heard in _SOUNDS:
        word = pattern.sub(heard, word)
    return word


@lru_cache(maxsize=65536)
def consonants(word: str) -> str:
    """What of the sound is left in scripts that write no vowels: `"aramco"` -> `"rmk"`."""
    return _TWICE.sub(r"\1", _VOWELS.sub("", sound(word)))


def _one_alphabet(word: str) -> str:
    """Words of trade inside a name without spaces are set apart: "华为技术" -> "huawei technology"."""
    if word.isascii():
        return word
    parts = _ASIAN.split(_VAV.sub("w", _ARTICLE.sub("", word)))
    return "".join(ASIAN.get(part) or in_latin(part) for part in parts)


def plain_spelling(name: str) -> str:
    """`spelling` with umlauts as one letter: for finding a name as a whole."""
    return " ".join(map(one_umlaut, spelling(name).split()))


@lru_cache(maxsize=65536)
def one_umlaut(word: str) -> str:
    """The word with an umlaut that may be written as two letters as one: "mueller" -> "muller"."""
    if word in LEGAL_FORMS:
        return word
    return _DOUBLE_A.sub("a", _UMLAUT.sub(lambda found: found[0][0], word))


def _in_english(words: list[str]) -> list[str]:
    """Cities by their English names, and whatever else is written in several words."""
    known, place, spelt = _phrases(), 0, []
    while place < len(words):
        for length in range(min(_MOST_WORDS, len(words) - place), 0, -1):
            meant = known.get(" ".join(map(one_umlaut, words[place : place + length])))
            if meant or length == 1:
                spelt += (meant or words[place]).split()
                place += length
                break
    return spelt


def _figures(words: list[str]) -> list[str]:
    """ "20", "1" is 21, as in "Twenty One"."""
    joined: list[str] = []
    for word in words:
        if joined and _TENS.fullmatch(joined[-1]) and len(word) == 1 and word.isdigit() and word != "0":
            joined[-1] = joined[-1][0] + word
        else:
            joined.append(word)
    return joined


@lru_cache(maxsize=1)
def _words_of_trade() -> dict[str, str]:
    known = {one_umlaut(word): meant for word, meant in (NUMBERS | SAME).items()}
    return {word: meant for word, meant in known.items() if word != meant}


@lru_cache(maxsize=1)
def _phrases() -> dict[str, str]:
    known = {_spelt(other): _spelt(english) for other, english in (cities() | PHRASES).items()}
    return {other: english for other, english in known.items() if other != english}


def _spelt(name: str) -> str:
    """A name of the list, as it is once words of trade and umlauts are written one way ("sankt", "st")."""
    trade = _words_of_trade()
    return " ".join(trade.get(word, word) for word in map(one_umlaut, name.split()))
