"""How names that may be alike find each other in the database: by the words kept with each customer.

Equality and order on text are all that row security lets an index be used for, so likeness itself cannot be
asked of the database. It is asked for the neighbours of each word in the alphabet, forwards and backwards: a
misspelling late in a word stays beside it in the one, an early one in the other. The likeness decides.
"""

from typing import Final

from deals.customers.similarity import first_letters, letters_with_and, own_words
from deals.customers.spelling import consonants, one_umlaut, sound, spelling

#: A word so many customers carry tells them apart no better than "Systems" does.
COMMON_FROM: Final = 20
#: Begins a word written backwards, which is kept apart from the others by it.
BACKWARDS: Final = "<"
#: Begin what is kept besides words: how they sound in Latin letters and in others, and the letters of "H&M".
IN_LATIN, IN_OTHERS, WITH_AND = "^", "~", "&"
#: Shorter words must be equal anyway, so they need not be found by their end.
_TURNED_FROM: Final = 5


def words_kept(name: str) -> set[str]:
    """What is kept of a customer's normalised name: its words, all written together, and their initials.

    The database keeps them itself, by the trigger `deals_customer_words`; a test holds both to be the same.
    """
    words = spelling(name).split()
    initials = "".join(word[0] for word in words)
    return _both_ways({*words, "".join(words)}) | ({initials} if len(words) >= 3 else set())


def places_to_look(name: str) -> set[str]:
    """Beside which kept words a customer alike to this normalised name would stand."""
    spelt = spelling(name)
    initials = first_letters(spelt)
    words = {*own_words(spelt), spelt.replace(" ", "")}
    return _both_ways(words | set(map(one_umlaut, words))) | ({initials} if initials else set())


def _both_ways(words: set[str]) -> set[str]:
    forwards = words - {""}
    return forwards | {f"{BACKWARDS}{word[::-1]}" for word in forwards if len(word) >= _TURNED_FROM}


def heard_as(shown: str, name: str) -> set[str]:
    """What is kept of a customer besides its words, from its name as shown and as normalised.

    Its words with an umlaut as one letter; how its own words sound ("~rmk" for one in Arabic letters, "^rmk"
    for one in Latin); the letters of "H&M", also for "Hennes & Mauritz". The latter two are looked for as
    they stand, not beside their neighbours.
    """
    script = IN_LATIN if name.isascii() else IN_OTHERS
    words = spelling(name).split()
    folded = {one_umlaut(word) for word in (*words, "".join(words))} - {*words, "".join(words)}
    sounds = {f"{script}{heard}" for heard in _heard(name)}
    return sounds | _letters_with_and(shown) | _both_ways(folded)


def heard_to_look(shown: str, name: str) -> set[str]:
    """Which of what `heard_as` keeps a customer meant by this name would have."""
    scripts = IN_OTHERS if name.isascii() else IN_OTHERS + IN_LATIN
    return {f"{script}{heard}" for script in scripts for heard in _heard(name)} | _letters_with_and(shown)


def _heard(name: str) -> set[str]:
    """Consonants of the words that are names of their own; the whole sound of a word with fewer than two."""
    heard = {word: consonants(word) for word in own_words(spelling(name)) if word.isalpha()}
    return {firm if len(firm) > 1 else sound(word) for word, firm in heard.items()} - {""}


def _letters_with_and(shown: str) -> set[str]:
    letters, _ = letters_with_and(shown)
    return {f"{WITH_AND}{letters}"} if letters else set()
