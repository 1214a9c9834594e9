"""The match keys of a customer: normalised name and registrable domain."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.customers.match_keys import normalised_name, registrable_domain


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("The Bücher & Söhne GmbH", "bucher sohne"),
        ("BUCHER UND SOHNE", "bucher sohne"),
        ("* AKZO NOBEL N.V.", "akzo nobel"),
        ("Akzo Nobel N V", "akzo nobel"),
        ("J. P. Morgan Chase & Co.", "jp morgan chase"),
        ("JP Morgan Chase and Company", "jp morgan chase"),
        ("O’Reilly Media, Inc.", "oreilly media"),
        ("Łódź Sp. z o.o.", "lodz"),
        ("Müller GmbH & Co. KG", "muller"),
        ("ソニー株式会社", "ソニー"),
        ("株式会社ソニー", "ソニー"),
        ("がぎぐ", "がぎぐ"),  # marks that are letters in their script stay
        ("Limited Company", "limited company"),  # nothing but a legal form is still a name
        ("!!!", ""),
        ("", ""),
    ],
)
def test_normalised_name(name: str, key: str) -> None:
    assert normalised_name(name) == key


@pytest.mark.parametrize(
    ("one", "other"), [("Smith A", "Smith"), ("T-Mobile", "Tmobile"), ("Acme East", "Acme West")]
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert normalised_name(one) != normalised_name(other)


@given(st.text(max_size=400))
def test_any_text_has_a_key_that_is_its_own_key(name: str) -> None:
    key = normalised_name(name)
    assert len(key) <= 200
    assert not key or key[0] != " " != key[-1]
    assert normalised_name(name.strip() + " ") == key


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://shop.Example.co.uk/a?b=c", "example.co.uk"),
        ("sales@b.example.com", "example.com"),
        ("http://user:secret@www.example.com:8080/", "example.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("XN--MNCHEN-3YA.DE", "xn--mnchen-3ya.de"),
        ("shop-one.github.io", "shop-one.github.io"),  # private suffixes count: two shops, two customers
        ("example.com.", "example.com"),
        ("https://www.hainhall.example/a?b", "hainhall.example"),  # the companies of the demo
        ("github.io", ""),
        ("localhost", ""),
        ("192.0.2.1", ""),
        ("exa mple.com", ""),
        ("-example.com", ""),
        ("", ""),
    ],
)
def test_registrable_domain(address: str, domain: str) -> None:
    assert registrable_domain(address) == domain


@given(st.text(max_size=120))
def test_any_text_has_a_domain_or_none(address: str) -> None:
    domain = registrable_domain(address)
    assert domain == "" or (domain.isascii() and "." in domain and registrable_domain(domain) == domain)


def test_domains_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the suffix list is bundled; nothing may be fetched")

    monkeypatch.setattr(socket, "socket", refuse)
    assert registrable_domain("www.never-seen-before.example.org") == "example.org"
