"""One name in many languages and alphabets: what is recognised, and what stays two."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from deals.conflicts.candidates import Match, Typed, matches
from deals.customers.cities import cities
from deals.customers.common_words import ASIAN, NUMBERS, SAME
from deals.customers.defaults import other_names_begin
from deals.customers.match_keys import normalised_name
from deals.customers.models import Customer, OtherName
from deals.customers.similarity import POSSIBLE, likeness, shortens
from deals.customers.spelling import consonants, spelling
from portal.tenancy.scope import entered, system_scope
from tests.support.worlds import VendorWorld

PAIRS = Path(__file__).parents[1] / "data" / "names_by_language.csv"


def pairs() -> list[tuple[str, str, str, bool]]:
    """(language, one name, the other, whether they are the same)"""
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return [
            (row["language"], row["one"], row["other"], row["same"] == "yes") for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("Stadtwerke Wien GmbH", "stadtwerke vienna"),
        ("Hotel 's-Gravenhage", "hotels hague"),
        ("Sankt-Peterburg Bank", "st petersburg bank"),
        ("Яндекс Технологии", "yandeks tekhnologii"),
        ("华为技术有限公司", "huawei technology"),
        ("삼성전자", "samseong electronics"),
        ("7-Eleven", "7 11"),
        ("Twenty-One Pilots", "21 pilots"),
        ("20th Century Fox", "20th century fox"),
        ("Gebrüder Weiss", "brothers weiss"),
        ("Naamloze Vennootschap Philips", "naamloze vennootschap philips"),
        ("!!!", ""),
    ],
)
def test_names_are_spelt_one_way(name: str, spelt: str) -> None:
    assert spelling(normalised_name(name)) == spelt


@given(st.lists(st.sampled_from([*SAME, *NUMBERS, *cities(), *ASIAN, "müller", "яндекс"]), max_size=4))
def test_what_is_spelt_so_stays_so(words: list[str]) -> None:
    once = spelling(normalised_name(" ".join(words)))
    assert spelling(once) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [("aramco", "rmkw"), ("yandex", "yandeks"), ("microsoft", "maikurosofuto"), ("bosch", "botshiyu")],
)
def test_words_sound_alike_through_another_alphabet(one: str, other: str) -> None:
    assert consonants(one) == consonants(other)


@pytest.mark.parametrize(
    ("one", "other", "does"),
    [
        ("H&M", "Hennes & Mauritz", True),
        ("H & M", "HENNES UND MAURITZ AB", True),
        ("M+S", "Marks and Spencer plc", True),
        ("H&M", "Huber & Partner", False),
        ("Huber & Maier", "Hennes & Mauritz", False),  # both in full: two companies
        ("H&M", "H&M", False),  # both short: the same anyway
        ("HM", "Hennes & Mauritz", False),
        ("Hennes", "Mauritz", False),
    ],
)
def test_two_letters_with_an_and(one: str, other: str, does: bool) -> None:
    assert shortens(one, other) is shortens(other, one) is does


FALSE_ONES = [
    ("Siemens", "Siemens Energy"), ("Siemens", "Siemens Mobility"), ("Mitsubishi", "Mitsubishi Motors"),
    ("Philips", "Philips Lighting"), ("Samsung", "Samsung Life"), ("BMW", "BMW Bank"),
    ("Volvo", "Volvo Trucks"),
    ("Lufthansa", "Lufthansa Cargo"), ("Allianz", "Allianz Life"), ("UC", "UC Davis"), ("HP", "HP Indigo"),
    ("Meier", "Maier"), ("Mayer", "Meyer"), ("Müller", "Möller"), ("Jensen", "Jansen"), ("Bauer", "Bayer"),
    ("Hansen", "Hanson"), ("Weber", "Weger"), ("Vienna Airport", "Munich Airport"), ("Bosch", "Boss"),
    ("Four Seasons", "Five Seasons"), ("Saint Louis Zoo", "San Diego Zoo"), ("Air China", "Air India"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), FALSE_ONES)
def test_a_field_of_business_or_another_letter_makes_another_company(one: str, other: str) -> None:
    assert likeness(normalised_name(one), normalised_name(other)) < POSSIBLE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Huber", "Huber Gruppe"), ("Cisco", "Cisco Systems"), ("Adobe", "Adobe Software"),
        ("Tirloer", "Tiroler"), ("Siemans", "Siemens"), ("Quary", "Quarry"), ("Meier Gruber", "Maier Gruber"),
    ],
)  # fmt: skip
def test_what_says_nothing_of_the_field_and_slips_of_the_fingers_do_not(one: str, other: str) -> None:
    assert likeness(normalised_name(one), normalised_name(other)) >= POSSIBLE


@pytest.mark.django_db
class TestByLanguage:
    """Through the database, with the names a vendor starts with, typed the one and kept the other."""

    def told(self, world: VendorWorld, typed: str, kept: str) -> list[Match]:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            other_names_begin(world.vendor)
            customer = Customer.objects.create(name=kept, normalised_name=normalised_name(kept), country="AT")
            found = [one for one in matches([Typed.of(typed, "", "AT")])[0] if one.customer_id == customer.pk]
            customer.delete()
        return found

    def test_of_the_list_nothing_is_missed_and_nothing_is_false(self, world: VendorWorld) -> None:
        missed, false, languages = [], [], defaultdict(int)
        for language, one, other, same in pairs():
            languages[language] += 1
            for typed, kept in ((one, other), (other, one)):
                found = bool(self.told(world, typed, kept))
                if found != same:
                    (missed if same else false).append((language, typed, kept))
        assert false == []
        assert missed == [], missed
        assert len(languages) >= 20

    def test_only_what_is_spelt_alike_is_sure(self, world: VendorWorld) -> None:
        (exact,), (umlaut,), (renamed,) = (
            self.told(world, *names)
            for names in (("Müller", "MÜLLER GmbH"), ("Mueller", "Müller"), ("Facebook", "Meta Platforms"))
        )
        assert (exact.is_sure, umlaut.is_sure, renamed.is_sure) == (True, False, False)

    def test_the_vendor_adds_names_of_its_own(self, world: VendorWorld) -> None:
        assert not self.told(world, "Alpenglück", "Steinberger Holding")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            OtherName.objects.create(name="Alpenglueck", company="Steinberger")
        (match,) = self.told(world, "Alpenglück Tirol", "Steinberger Tirol")
        assert match.reason == "other name"
        (back,) = self.told(world, "Steinberger", "Alpenglück")
        assert not back.is_sure
