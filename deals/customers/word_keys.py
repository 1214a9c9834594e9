"""How names that may be alike find each other in the database: by the words kept with each customer.

Equality and order on text are all that row security lets an index be used for, so likeness itself cannot be
asked of the database. It is asked for the neighbours of each word in the alphabet, forwards and backwards: a
misspelling late in a word stays beside it in the one, an early one in the other. The likeness decides.
"""

from typing import Final

from deals.customers.similarity import first_letters, own_words
from deals.customers.spelling import spelling

#: A word so many customers carry tells them apart no better than "Systems" does.
COMMON_FROM: Final = 20
#: Begins a word written backwards, which is kept apart from the others by it.
BACKWARDS: Final = "<"
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
    return _both_ways({*own_words(spelt), spelt.replace(" ", "")}) | ({initials} if initials else set())


def _both_ways(words: set[str]) -> set[str]:
    forwards = words - {""}
    return forwards | {f"{BACKWARDS}{word[::-1]}" for word in forwards if len(word) >= _TURNED_FROM}
