"""Differences with their 95 % intervals, in closed form: the same rows always give the same answer. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist, median
from typing import Final, NamedTuple

#: Two-sided 95 %.
Z: Final = NormalDist().inv_cdf(0.975)
#: From this many values on the binomial of a median's ranks is read from the normal distribution.
_MANY: Final = 500


class Share(NamedTuple):
    """`won` of `closed`."""

    won: int
    closed: int

    @property
    def rate(self) -> float:
        return self.won / self.closed if self.closed else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference and the bounds that hold the true one in 19 of 20 cases."""

    estimate: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Zero is outside. Inside, the difference may be chance; that does not mean there is none."""
        return self.low > 0 or self.high < 0


def wilson(share: Share) -> tuple[float, float]:
    """Interval of a share (E. B. Wilson, JASA 22, 1927, 209-212); it never leaves 0 to 1."""
    rate, n = share.rate, share.closed
    middle = rate + Z * Z / (2 * n)
    reach = Z * sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    return max((middle - reach) / scale, 0.0), min((middle + reach) / scale, 1.0)


def share_difference(first: Share, second: Share) -> Interval:
    """Between two independent shares: R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10."""
    (low1, high1), (low2, high2) = wilson(first), wilson(second)
    rate1, rate2 = first.rate, second.rate
    difference = rate1 - rate2
    down = sqrt((rate1 - low1) ** 2 + (high2 - rate2) ** 2)
    up = sqrt((high1 - rate1) ** 2 + (rate2 - low2) ** 2)
    return Interval(difference, difference - down, difference + up)


def paired_difference(only_first: int, only_second: int, pairs: int) -> Interval:
    """Between two shares of matched pairs; what both or neither won says nothing of the difference.

    A. Agresti and Y. Min, Statistics in Medicine 24, 2005, 729-740: Wald's interval with half a pair more of
    each of the four kinds.
    """
    first, second, n = only_first + 0.5, only_second + 0.5, pairs + 2
    middle = (first - second) / n
    reach = Z * sqrt((first + second) - (first - second) ** 2 / n) / n
    low, high = max(middle - reach, -1.0), min(middle + reach, 1.0)
    return Interval((only_first - only_second) / pairs, low, high)


def median_difference(first: Sequence[int], second: Sequence[int]) -> Interval:
    """Between the medians of two independent samples of at least five values each.

    D. G. Bonett and R. M. Price, Psychological Methods 7, 2002, 370-383: the error of a median from the
    distance of two ranks beside it, which asks nothing of how the values are spread.
    """
    difference = float(median(first) - median(second))
    reach = Z * sqrt(_median_error(first) ** 2 + _median_error(second) ** 2)
    return Interval(difference, difference - reach, difference + reach)


def _median_error(values: Sequence[int]) -> float:
    ordered, n = sorted(values), len(values)
    rank = max(round((n + 1) / 2 - sqrt(n)), 1)
    return (ordered[n - rank] - ordered[rank - 1]) / (2 * _rank_quantile(rank, n))


def _rank_quantile(rank: int, n: int) -> float:
    """How many standard errors reach from the median to the value of this rank."""
    if n > _MANY:
        return (n / 2 - rank + 0.5) / (sqrt(n) / 2)
    below = sum(comb(n, i) for i in range(rank)) / 2**n
    return NormalDist().inv_cdf(1 - below)


class Spell(NamedTuple):
    """What one partner closed before and after a day, counted `weight` times."""

    partner_id: int
    before: Share
    after: Share
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Change:
    """Shares before and after, pooled over spells."""

    before: float
    after: float

    @property
    def change(self) -> float:
        return self.after - self.before


def pooled(spells: Iterable[Spell]) -> Change:
    """All deals of all spells together, each with the weight of its spell."""
    before, after = _Pool(), _Pool()
    for spell in spells:
        before.add(spell.before, spell.weight)
        after.add(spell.after, spell.weight)
    return Change(before.rate, after.rate)


class _Pool:
    def __init__(self) -> None:
        self.won = self.closed = 0.0

    def add(self, share: Share, weight: float) -> None:
        self.won += weight * share.won
        self.closed += weight * share.closed

    @property
    def rate(self) -> float:
        return self.won / self.closed if self.closed else 0.0

    def influence(self, share: Share) -> float:
        """By how much these deals move the pooled share, to the first order."""
        return (share.won - self.rate * share.closed) / self.closed if self.closed else 0.0


def difference_in_differences(trained: Sequence[Spell], matched: Sequence[Spell]) -> Interval:
    """How much more the trained partners changed than those matched with them.

    Four pooled shares; the error by Taylor linearisation with partners as clusters (R. S. Woodruff, JASA 66,
    1971, 411-414; K.-Y. Liang and S. L. Zeger, Biometrika 73, 1986, 13-22), so that neither many deals of
    one partner nor one partner matched several times count as independent. Student's t with one degree of
    freedom less than there are trained partners.
    """
    moved: dict[int, float] = defaultdict(float)
    for spells, sign in ((trained, 1.0), (matched, -1.0)):
        before, after = _Pool(), _Pool()
        for spell in spells:
            before.add(spell.before, spell.weight)
            after.add(spell.after, spell.weight)
        for spell in spells:
            change = after.influence(spell.after) - before.influence(spell.before)
            moved[spell.partner_id] += sign * spell.weight * change
    clusters = len(moved)
    variance = clusters / (clusters - 1) * sum(part * part for part in moved.values())
    reach = student(len({spell.partner_id for spell in trained}) - 1) * sqrt(variance)
    difference = pooled(trained).change - pooled(matched).change
    return Interval(difference, max(difference - reach, -2.0), min(difference + reach, 2.0))


def student(freedom: int) -> float:
    """The 97.5th percentile of Student's t, to three digits from four degrees of freedom on.

    M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 1964, 26.7.5.
    """
    z, n = Z, freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * n**4)
    )
