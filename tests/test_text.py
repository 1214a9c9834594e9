"""What means the same however it is written, and what does not although it looks alike."""

import unicodedata

import pytest
from django.db import connection
from django.db.models.expressions import RawSQL
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.people.models import User
from portal.tenancy.lookups import FoldedName
from portal.text import Ambiguous, KeyIndex, Unknown, email_address, folded_key, folded_name, tidy

ZERO_WIDTH = "\u200b"
DECOMPOSED = unicodedata.normalize("NFD", "Müller")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Huber\u00a0 GmbH\t", "Huber GmbH"),
        ("Huber\r\nGmbH", "Huber GmbH"),
        ("Huber\u2028GmbH\u0085Wien", "Huber GmbH Wien"),
        (f"{DECOMPOSED}{ZERO_WIDTH}", "Müller"),
        ("\ufeffHu\u00adber\u202e", "Huber"),
        ("Ｈｕｂｅｒ", "Ｈｕｂｅｒ"),  # as written: only comparing folds it
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner that its script needs
        ("Hu\u200cber", "Huber"),
        ("\u3164", ""),
        ("", ""),
    ],
)
def test_a_text_is_kept_without_what_nobody_sees(typed: str, kept: str) -> None:
    assert tidy(typed) == kept


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME-1", "acme-1"),
        ("Müller", DECOMPOSED),
        ("ＡＣＭＥ－１", "ACME-1"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        (f"AC{ZERO_WIDTH}ME", "ACME"),
        ("Straße", "STRASSE"),
        ("A\u00a0B", "A  B"),
    ],
)
def test_keys_that_mean_the_same(one: str, other: str) -> None:
    assert folded_key(one) == folded_key(other)


@pytest.mark.parametrize(("one", "other"), [("m²", "m2"), ("00042", "42"), ("Müller", "Muller"), ("①", "1")])
def test_keys_that_do_not(one: str, other: str) -> None:
    assert folded_key(one) != folded_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("O’Reilly", "O'Reilly"), ("Coca‑Cola", "coca-cola"), ("Grifﬁn", "GRIFFIN"), ("ΟΔΟΣ", "οδος")],
)
def test_names_that_mean_the_same(one: str, other: str) -> None:
    assert folded_name(one) == folded_name(other)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Jo@Huber.AT ", "jo@huber.at"),
        (f"{ZERO_WIDTH}jo@huber.at\ufeff", "jo@huber.at"),
        ("mailto:jo@huber.at", "jo@huber.at"),
        ("jo@münchen.de", "jo@xn--mnchen-3ya.de"),
        ("jo@XN--MNCHEN-3YA.DE", "jo@xn--mnchen-3ya.de"),
        (unicodedata.normalize("NFD", "jo@münchen.de"), "jo@xn--mnchen-3ya.de"),
        ("ｊｏ＠ｈｕｂｅｒ．ａｔ", "jo@huber.at"),
        ("jo@hu_ber.at", "jo@hu_ber.at"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_an_address_is_one_however_it_is_typed(typed: str, address: str) -> None:
    assert email_address(typed) == address


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    for fold in (tidy, folded_key, folded_name, email_address):
        assert fold(fold(text)) == fold(text)


def test_two_records_that_differ_only_in_case_stay_two() -> None:
    index = KeyIndex([("ACME", 1), ("acme", 2)])
    assert (index.find("ACME"), index.find("acme"), index.find(f"acme{ZERO_WIDTH}")) == (1, 2, 2)
    with pytest.raises(Ambiguous):
        index.find("Acme")


def test_an_exact_key_of_a_later_level_wins_over_an_inexact_one_of_an_earlier() -> None:
    index = KeyIndex([("acme", 1)], [("ACME", 2)])
    assert (index.find("acme"), index.find("ACME")) == (1, 2)
    with pytest.raises(Ambiguous):
        index.find("Acme")


def test_what_is_two_things_on_one_level_is_not_decided_by_the_next() -> None:
    index = KeyIndex([("Huber", 1), ("Huber", 2)], [("Huber", 3)])
    with pytest.raises(Ambiguous):
        index.find("Huber")
    with pytest.raises(Ambiguous):
        index.find("HUBER")


def test_one_thing_under_several_keys_is_found_by_each() -> None:
    index = KeyIndex([("H1", 1), (None, 2)], [("huber", 1), ("Müller", 2)], [("Huber", 1)])
    assert [index.find(key) for key in ("h1", "HUBER", DECOMPOSED)] == [1, 1, 2]
    for nothing in ("", "Maier"):
        with pytest.raises(Unknown):
            index.find(nothing)


#: Letters both sides know: the database's Unicode is newer than Python's.
_KNOWN = st.characters(codec="utf-8", exclude_categories=("Cs", "Cn"), exclude_characters="\0")


@pytest.mark.django_db
class TestInTheDatabase:
    @given(st.lists(st.text(_KNOWN, max_size=60), min_size=20, max_size=20))
    @settings(max_examples=50, deadline=None)
    def test_a_name_is_folded_as_here(self, names: list[str]) -> None:
        assert _folded_there(names) == [folded_name(name)[:200] for name in names]

    def test_every_letter_is_folded_as_here(self) -> None:
        letters = [
            chr(number)
            for number in range(1, 0x20000)
            if unicodedata.category(chr(number)) not in ("Cs", "Cn", "Co")
        ]
        apart = [
            letter
            for letter, there in zip(letters, _folded_there(letters), strict=True)
            if folded_name(letter) != there
        ]
        assert apart == []

    def test_folding_does_not_burst_the_column(self) -> None:
        assert len(_folded_there(["ﷺ" * 160])[0]) == 200


def _folded_there(names: list[str]) -> list[str]:
    expression = FoldedName(RawSQL("name", ()), length=200)
    sql, _ = User.objects.annotate(folded=expression).values("folded").query.sql_with_params()
    folding = sql[len("SELECT ") : sql.index(' AS "folded"')]
    with connection.cursor() as cursor:
        cursor.execute(f"select {folding} from unnest(%s::text[]) as t(name)", [names])
        return [row[0] for row in cursor.fetchall()]
