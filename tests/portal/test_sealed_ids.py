"""Ids in addresses tell nothing, and open only what was sealed here."""

import pytest
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter

from portal.sealed_ids import opened, sealed

#: Numbers that count no rows: the place of a module in a course, the version of a course, an answer's place.
PLACES = {"position", "number", "place", "version"}


@pytest.mark.parametrize("pk", [1, 2, 4711, 2**40, 2**63 - 1])
def test_what_was_sealed_opens(pk: int) -> None:
    assert opened(sealed(pk)) == pk
    assert len(sealed(pk)) == 22


def test_neighbours_have_nothing_in_common() -> None:
    texts = [sealed(pk) for pk in range(1, 200)]
    assert len({text[:4] for text in texts}) > 190
    assert sorted(texts) != texts


@pytest.mark.parametrize("text", ["", "1", "a" * 22, "-" * 22, "é" * 22, sealed(7)[:-1], sealed(7) + "A"])
def test_nothing_else_does(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        opened(text)


def test_links_outlive_the_key() -> None:
    with override_settings(SECRET_KEY="one"):
        before = sealed(7)
    with override_settings(SECRET_KEY="two", SECRET_KEY_FALLBACKS=["one"]):
        assert opened(before) == 7
        assert sealed(7) != before


@pytest.mark.parametrize("urls", ["portal.urls", "portal.urls_lobby", "portal.urls_content"])
def test_no_address_holds_the_number_of_a_row(urls: str) -> None:
    """The administration's are Django's, and for program admins alone."""
    numbered = [
        (route, name)
        for route, pattern in patterns(get_resolver(urls).url_patterns)
        for name, converter in pattern.pattern.converters.items()
        if isinstance(converter, IntConverter) and name not in PLACES
    ]
    assert not numbered


def patterns(entries: list[URLPattern | URLResolver], before: str = "") -> list[tuple[str, URLPattern]]:
    found = []
    for entry in entries:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            found.append((route, entry))
        elif not route.startswith("admin/"):
            found += patterns(entry.url_patterns, route)
    return found
