"""How alike two company names are, against names that only look alike and names that only look different."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.customers.match_keys import normalised_name
from deals.customers.similarity import POSSIBLE, likeness
from deals.customers.word_keys import places_to_look, words_kept

SAME = [
    ("International Business Machines Corp.", "IBM"),
    ("BMW AG", "Bayerische Motoren Werke Aktiengesellschaft"),
    ("IBM Österreich Internationale Büromaschinen GmbH", "IBM"),
    ("Microsoft Österreich GmbH", "Microsoft Corporation"),
    ("Dolomiti Packging srl", "Dolomiti Packaging S.p.A."),
    ("Packaging Dolomiti", "Dolomiti Packaging"),
    ("DolomitiPackaging", "Dolomiti Packaging"),
    ("Hewlett Packard Enterprise", "Hewlett-Packard"),
    ("Stadtwerke Muenchen", "Stadtwerke München GmbH"),
    ("Société Générale", "SOCIETE GENERALE S.A."),
    ("Ernst and Young LLP", "Ernst & Young Global Limited"),
    ("McDonald's Corp", "McDonalds Deutschland"),
    ("Proctor and Gamble", "Procter & Gamble Co."),
    ("Schäffler AG", "Schaeffler Group"),
    ("Huber Bäckerei", "Bäckerei Huber e.U."),
    ("Unilever N.V., Rotterdam, NL", "Unilever"),
    ("K. L. M. N. V.", "KLM"),
    ("Alpine Systems GmbH", "Alpin Systems"),
]
DIFFERENT = [
    ("IBM", "IBS"),
    ("SAP SE", "SAS Institute"),
    ("ABB", "ABN AMRO"),
    ("Intel", "Intelsat"),
    ("Oracle", "Orange"),
    ("IBM", "Imbema Controls"),
    ("Stadtwerke München", "Stadtwerke Münster"),
    ("Sparkasse Köln Bonn", "Sparkasse Bremen"),
    ("Universität Wien", "Universität Graz"),
    ("Technische Universität Wien", "Technische Universität Graz"),
    ("Deutsche Bank AG", "Deutsche Bahn AG"),
    ("Bank of America", "Bank of Ireland"),
    ("First National Bank of Omaha", "First National Bank of Alaska"),
    ("General Electric", "General Motors"),
    ("American Airlines", "American Express"),
    ("Delta Electronics", "Delta Air Lines"),
    ("Mitsubishi Electric", "Mitsubishi Motors"),
    ("Siemens Energy", "Siemens Healthineers"),
    ("Johnson & Johnson", "Johnson Controls"),
    ("Merck KGaA", "Merck Sharp & Dohme"),
    ("Red Hat", "Red Bull"),
    ("Acme East", "Acme West"),
    ("New York Times", "New York Life"),
    ("Air France", "Air Canada"),
    ("Huber Metallbau", "Huber Optik"),
    ("Hansen AS", "Jansen AS"),
    ("St. Mary's Hospital", "St. John's Hospital"),
    ("Ministry of Defence", "Ministry of Health"),
]
names = st.text(alphabet=st.characters(codec="utf-8"), max_size=60).map(normalised_name)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_company_written_differently(one: str, other: str) -> None:
    assert likeness(normalised_name(one), normalised_name(other)) >= POSSIBLE


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_companies_written_alike(one: str, other: str) -> None:
    assert likeness(normalised_name(one), normalised_name(other)) < POSSIBLE


def test_one_scorer_alone_would_fall_for_them() -> None:
    """The negative control: the naive way takes most of the different ones for the same."""
    from rapidfuzz import fuzz

    fooled = [pair for pair in DIFFERENT if fuzz.WRatio(*map(normalised_name, pair)) >= 60]
    assert len(fooled) > len(DIFFERENT) / 2


def test_a_short_name_does_not_swallow_all_that_contain_it() -> None:
    assert likeness("ibm", "ibmobile data", frozenset()) == 0
    assert likeness("abb", "cabb chemicals") == 0
    assert likeness("delta", "delta pronatura dr krauss") < POSSIBLE


def test_a_word_many_customers_share_stops_counting_as_a_name() -> None:
    one, other = "quarry bikes", "summit bikes"
    assert likeness("metro bikes", "metro cycles") < likeness(
        "metro bikes", "metro cycles", frozenset({"bikes", "cycles"})
    )
    assert likeness(one, other, frozenset({"bikes"})) < likeness(one, other)


@given(names, names)
def test_it_is_symmetric_and_between_nothing_and_the_same(one: str, other: str) -> None:
    score = likeness(one, other)
    assert 0 <= score <= 1
    assert score == pytest.approx(likeness(other, one))


@given(names.filter(bool))
def test_a_name_is_itself(name: str) -> None:
    assert likeness(name, name) == 1


def test_naughty_and_endless_names_take_no_time_worth_naming() -> None:
    endless = " ".join("".join(random.Random(seed).choices("abcdef", k=9)) for seed in range(20))
    assert likeness(endless[:200], endless[:199]) > POSSIBLE


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_company_stands_where_it_is_looked_for(one: str, other: str) -> None:
    """Beside one of the places in the alphabet, in one of the two directions."""
    looked, kept = places_to_look(normalised_name(one)), words_kept(normalised_name(other))
    assert any(place[:3] == word[:3] for place in looked for word in kept), (looked, kept)
