"""Course texts: pages, pictures, and what an author cannot smuggle in."""

import pytest

from enablement.courses.markdown import pages, rendered


def test_a_line_of_hyphens_begins_a_page() -> None:
    assert pages("One\n\n---\n\nTwo\n\n---\n\n") == ["One\n", "\nTwo\n"]
    assert pages("Heading\n---\nText") == ["Heading\n---\nText"]
    assert pages("```\n\n---\n```\n") == ["```\n\n---\n```"]
    assert pages("") == [""]


def test_headings_stand_below_those_of_the_page() -> None:
    assert rendered("# Top\n\n###### Deep") == "<h3>Top</h3>\n<h6>Deep</h6>\n"


def test_only_the_courses_own_pictures_show() -> None:
    own = {"map.png": "/learning/pictures/1/"}
    assert 'src="/learning/pictures/1/"' in rendered("![Map](Map.png)", own)
    assert "src" not in rendered("![x](https://elsewhere.example/x.png)", own)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](  JaVaScRiPt:alert(1) )",
        "![x](javascript:alert(1))",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg/onload=alert(1)>",
        '[x](https://a.example "onmouseover=alert(1)")',
        "<iframe src='https://a.example'></iframe>",
        "<style>*{display:none}</style>",
        "`<script>`",
    ],
)
def test_nothing_runs(text: str) -> None:
    html = rendered(text).lower()
    assert "<script" not in html
    assert "<iframe" not in html
    assert "<style" not in html
    assert "<svg" not in html
    assert "<img src=x" not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
