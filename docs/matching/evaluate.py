"""How well company names are matched.

    python docs/matching/evaluate.py NAMES.csv [--different OTHER.csv COLUMN] [--languages PAIRS.csv]

NAMES.csv has a name per line and the company it means (columns `person_name` and `leuven_id`, or those
given). Half of the companies were for tuning, the other half is held out; which is which is drawn by company
with a fixed seed, so no spelling of a held-out company was ever tuned on. OTHER.csv lists customers known to
be different: how often would one of them raise a false alarm about another? PAIRS.csv (language, one, other,
same) has pairs of names in many languages, compared without the list of other names a vendor keeps.
"""

import argparse
import csv
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.utils import default_process

from deals.customers.match_keys import normalised_name
from deals.customers.similarity import POSSIBLE, likeness, shortens
from deals.customers.spelling import spelling
from deals.customers.word_keys import BACKWARDS, COMMON_FROM, places_to_look, words_kept

SEED = 1
Scorer = Callable[[str, str], float]
PLAIN: dict[str, Scorer] = {
    "ratio": fuzz.ratio,
    "token_sort_ratio": fuzz.token_sort_ratio,
    "token_set_ratio": fuzz.token_set_ratio,
    "partial_ratio": fuzz.partial_ratio,
    "WRatio": fuzz.WRatio,
    "Jaro-Winkler x 100": lambda a, b: 100 * JaroWinkler.normalized_similarity(a, b),
}
#: The one that does best by companies on the tuning half, and where.
_BEST_PLAIN, _BEST_PLAIN_AT = "Jaro-Winkler x 100", 80


@dataclass(frozen=True)
class Pair:
    """Two spellings, as the matcher sees them; `weight` is how many pairs of names are written so."""

    score: float
    companies: tuple[str, str]
    spellings: tuple[str, str]
    weight: float

    @property
    def same(self) -> bool:
        return self.companies[0] == self.companies[1]


@dataclass(frozen=True)
class Figures:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __str__(self) -> str:
        return f"precision {self.precision:.3f}  recall {self.recall:.3f}  F1 {self.f1:.3f}"


def read_names(path: Path, name: str, company: str) -> dict[str, set[str]]:
    """{company: its distinct spellings}"""
    companies: dict[str, set[str]] = defaultdict(set)
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            companies[row[company]].add(row[name])
    return companies


def halves(companies: dict[str, set[str]]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    order = sorted(companies)
    random.Random(SEED).shuffle(order)  # noqa: S311  (a split, not a secret)
    middle = len(order) // 2
    return {key: companies[key] for key in order[:middle]}, {key: companies[key] for key in order[middle:]}


def pairs_of(companies: dict[str, set[str]], prepare: Callable[[str], str], score: Scorer) -> list[Pair]:
    """Every pair of names. Names that look the same to the matcher are scored once."""
    counted = Counter((key, prepare(name)) for key, names in companies.items() for name in names)
    spellings = sorted(counted.items())
    made = [
        Pair(score(a, b), (one, other), (a, b), n * m)
        for ((one, a), n), ((other, b), m) in combinations(spellings, 2)
    ]
    alike = [Pair(score(a, a), (key, key), (a, a), n * (n - 1) / 2) for (key, a), n in spellings if n > 1]
    return made + alike


def by_pairs(pairs: list[Pair], threshold: float) -> Figures:
    """Every pair of names counts the same, so a company with many spellings counts most."""
    found = sum(pair.weight for pair in pairs if pair.score >= threshold)
    right = sum(pair.weight for pair in pairs if pair.same and pair.score >= threshold)
    return Figures(right / found if found else 1.0, right / sum(pair.weight for pair in pairs if pair.same))


def by_companies(pairs: list[Pair], threshold: float) -> Figures:
    """Every company counts the same: its share of found spelling pairs, and of false ones with each other."""
    met: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for pair in pairs:
        if pair.spellings[0] != pair.spellings[1]:
            met[pair.companies].append(pair.score >= threshold)
    shares = {key: sum(hits) / len(hits) for key, hits in met.items()}
    of_each = [share for (one, other), share in shares.items() if one == other]
    right, wrong = sum(of_each), sum(shares.values()) - sum(of_each)
    return Figures(right / (right + wrong) if right + wrong else 1.0, right / len(of_each))


Judge = Callable[[list[Pair], float], Figures]


def plain(tune: dict[str, set[str]], test: dict[str, set[str]], judge: Judge) -> Iterator[str]:
    """Each scorer as it comes, at the threshold that does best on the tuning half."""
    for name, scorer in PLAIN.items():
        tuned = pairs_of(tune, default_process, scorer)
        threshold = max(range(40, 101), key=partial(_f1, judge, tuned))
        yield f"  {name:<20} at {threshold:>3}  {judge(pairs_of(test, default_process, scorer), threshold)}"


def _f1(judge: Judge, pairs: list[Pair], threshold: float) -> float:
    return judge(pairs, threshold).f1


def false_alarms(path: Path, column: str) -> Iterator[str]:
    """How many of a list of different customers are taken for another one of it."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names = sorted({row[column] for row in csv.DictReader(file)})
    keys = [normalised_name(name) for name in names]
    counted = Counter(word for key in keys for word in set(spelling(key).split()))
    common = frozenset(word for word, count in counted.items() if count >= COMMON_FROM)
    yield f"  {_alarmed(keys, partial(likeness, common=common), POSSIBLE)} of {len(names)}"
    plainly = [default_process(name) for name in names]
    winkler = _alarmed(plainly, PLAIN[_BEST_PLAIN], _BEST_PLAIN_AT)
    yield f"  {winkler} of {len(names)} with {_BEST_PLAIN} at {_BEST_PLAIN_AT}"


def _alarmed(keys: list[str], score: Scorer, threshold: float) -> int:
    pairs = combinations(enumerate(keys), 2)
    return len({place for (i, a), (j, b) in pairs if score(a, b) >= threshold for place in (i, j)})


def unreachable(pairs: list[Pair]) -> float:
    """Share of pairs alike enough that the search in the database would not bring together."""
    alike = [pair for pair in pairs if pair.same and pair.score >= POSSIBLE]
    lost = sum(pair.weight for pair in alike if not _meet(*pair.spellings))
    return lost / sum(pair.weight for pair in alike)


def _meet(typed: str, kept: str) -> bool:
    """Whether some words of both begin or end alike, which makes them neighbours in the alphabet."""
    return bool(
        {_start(word) for word in places_to_look(typed)} & {_start(word) for word in words_kept(kept)}
    )


def _start(word: str) -> str:
    return word[:5] if word.startswith(BACKWARDS) else word[:4]


def by_language(path: Path) -> Iterator[str]:
    """Of each language, how many same ones are found, how many different ones, and which are not."""
    told: dict[str, list[tuple[bool, bool, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            one, other = row["one"], row["other"]
            score = likeness(normalised_name(one), normalised_name(other))
            found = score >= POSSIBLE or shortens(one, other)
            told[row["language"]].append((row["same"] == "yes", found, f"{one} | {other}"))
    for language, pairs in told.items():
        same, different = ([pair for pair in pairs if pair[0] is is_same] for is_same in (True, False))
        hits, alarms = sum(pair[1] for pair in same), sum(pair[1] for pair in different)
        wrong = ", ".join(names for is_same, found, names in pairs if is_same != found)
        counts = f"{hits:>2} of {len(same):>2} found, {alarms} of {len(different)} false"
        yield f"  {language:<12} {counts}  {wrong}"


def errors(pairs: list[Pair], same: bool, most: int) -> Iterator[str]:
    """The worst ones, one per pair of companies."""
    wrong = [pair for pair in pairs if pair.same == same and (pair.score >= POSSIBLE) != same]
    seen: Counter[tuple[str, str]] = Counter()
    for pair in sorted(wrong, key=lambda pair: (pair.score if same else -pair.score, pair.spellings)):
        seen[pair.companies] += 1
        if seen[pair.companies] <= 2 and sum(min(n, 2) for n in seen.values()) <= most:
            yield f"  {pair.score:.2f}  {pair.spellings[0]}  |  {pair.spellings[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", type=Path)
    parser.add_argument("--name", default="person_name", help="column of the names")
    parser.add_argument("--company", default="leuven_id", help="column of the company")
    parser.add_argument("--different", nargs=2, action="append", default=[], metavar=("FILE", "COLUMN"))
    parser.add_argument("--languages", type=Path, metavar="FILE")
    parser.add_argument("--errors", type=int, default=20, help="how many errors of each kind are shown")
    options = parser.parse_args()

    companies = read_names(options.names, options.name, options.company)
    tune, test = halves(companies)
    for label, half in (("tuning", tune), ("held out", test)):
        print(f"{label}: {len(half)} companies, {sum(map(len, half.values()))} names")
    score = partial(pairs_of, prepare=normalised_name, score=likeness)
    for label, half in (("held out", test), ("tuning half", tune), ("all", companies)):
        pairs = score(half)
        print(f"\n{label}")
        print(f"  by pairs of names  {by_pairs(pairs, POSSIBLE)}")
        print(f"  by companies       {by_companies(pairs, POSSIBLE)}")
        print(f"  lost by the search {unreachable(pairs):.2%}")
    for judge, how in ((by_pairs, "by pairs of names"), (by_companies, "by companies")):
        print(f"\nplain scorers on the held-out half, thresholds from the tuning half, {how}")
        print("\n".join(plain(tune, test, judge)))
    for path, column in options.different:
        print(f"\n{Path(path).name}: different customers taken for another one")
        print("\n".join(false_alarms(Path(path), column)))
    if options.languages:
        print("\nby language, without the list of other names")
        print("\n".join(by_language(options.languages)))
    held_out = score(test)
    print("\nheld out, the same company and not found")
    print("\n".join(errors(held_out, True, options.errors)))
    print("\nheld out, different companies and found")
    print("\n".join(errors(held_out, False, options.errors)))


if __name__ == "__main__":
    main()
