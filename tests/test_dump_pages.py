"""The dump that moves of code are checked with: it hides what says nothing, and nothing else."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from tests.dump_pages import compare, file_name, links, normalised, route

PAGE = """
<form><input type="hidden" name="csrfmiddlewaretoken" value="{token}">
  <script nonce="{nonce}" src="/static/js/portal.{digest}.js"></script>
  <input name="form_key" value="{key}"><td>{amount}</td></form>
"""


def page(number: int, amount: str = "EUR 48,500") -> str:
    return PAGE.format(
        token=f"{number}" * 32,
        nonce=f"n{number}",
        digest=f"{number}" * 12,
        key=UUID(int=number),
        amount=amount,
    )


def in_folder(folder: Path, text: str, *, statements: int = 7) -> Path:
    folder.mkdir()
    (folder / "deal.html").write_text(normalised(text))
    (folder / "index.json").write_text(
        json.dumps({"pages": [{"file": "deal.html", "statements": statements}]})
    )
    return folder


def test_what_is_different_each_time_is_hidden_and_figures_are_not():
    one = normalised('<input name="csrfmiddlewaretoken" value="abc"><p>EUR  48,500</p>')
    assert one == '<input name="csrfmiddlewaretoken" value="CSRF">\n<p>\nEUR 48,500\n</p>'
    hashed = normalised('<link href="/static/css/portal.0123456789ab.css"><a nonce="xyz" title="2 days">')
    assert hashed == '<link href="/static/css/portal.css">\n<a nonce="NONCE" title="2 days">'


def test_two_dumps_of_the_same_page_are_equal(tmp_path, capsys):
    before, after = in_folder(tmp_path / "a", page(1)), in_folder(tmp_path / "b", page(2))
    assert compare(before, after) == 0
    assert "1 pages compared, 0 differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "statements", "said"),
    [(page(1, "EUR 48"), 7, "-EUR 48,500\n+EUR 48\n"), (page(1), 8, "deal.html: 7 -> 8 statements")],
)
def test_another_figure_or_one_more_statement_is_a_difference(tmp_path, capsys, text, statements, said):
    before = in_folder(tmp_path / "a", page(1))
    after = in_folder(tmp_path / "b", text, statements=statements)
    assert compare(before, after) == 1
    assert said in capsys.readouterr().out


def test_a_page_that_went_is_a_difference_and_an_empty_folder_no_dump(tmp_path, capsys):
    before, after = in_folder(tmp_path / "a", page(1)), in_folder(tmp_path / "b", page(1))
    (before / "lead.html").write_text("x")
    assert compare(before, after) == 1
    assert "lead.html" in capsys.readouterr().out
    (tmp_path / "none").mkdir()
    with pytest.raises(SystemExit):
        compare(before, tmp_path / "none")


def test_links_within_the_vendor_are_followed_and_those_that_act_are_not():
    text = """<a href="/v/acme/deals/D-1/?tab=a&amp;b=1#top"><button hx-get="?page=2"><a href="../leads/">
        <a href="/v/acme/accounts/logout/"><a href="https://example.com/"><a href="/v/globex/deals/">
        <a href="/v/acme/deals/export/"><a href="#here">"""
    found = list(links(text, "/v/acme/deals/", "/v/acme/"))
    assert found == ["deals/D-1/?tab=a&b=1", "deals/?page=2", "leads/"]


def test_addresses_that_differ_in_values_only_are_of_one_kind():
    assert route("deals/ACME-1/?page=2&sort=x") == route("deals/ACME-2/?sort=y&page=9")
    assert route("deals/ACME-1/") != route("deals/ACME-1/edit/")
    assert route("deals/ACME-1/") != route("deals/ACME-1/?page=2")


def test_file_names_tell_the_page_and_long_ones_stay_apart():
    assert file_name("") == "home.html"
    assert file_name("deals/ACME-1/?page=2") == "deals~ACME-1~page=2.html"
    long = [file_name(f"deals/?q={'x' * 300}{end}") for end in "ab"]
    assert len(set(long)) == 2
    assert max(map(len, long)) < 120
