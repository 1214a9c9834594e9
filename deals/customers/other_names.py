"""Companies under the names they had, or have beside their own: "Facebook" is Meta Platforms."""

from deals.customers.spelling import plain_spelling

#: A company is known by at most so many words; what stands behind them ("Ireland") is kept.
_LONGEST = 5


def beginnings(name: str) -> list[tuple[str, str]]:
    """(what of a normalised name may be in the vendor's list, what follows it), the longest first."""
    spelt = plain_spelling(name)
    words = spelt.split()
    begin = [" ".join(words[:end]) for end in range(min(len(words), _LONGEST), 0, -1)]
    return [(known, spelt[len(known) :]) for known in begin]
