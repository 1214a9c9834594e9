"""Course texts: Markdown by a library, and of its HTML only what is harmless.

A line of three hyphens begins a new page. Pictures are files of the course, by name: `![Map](map.png)`.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

#: HTML of the author is shown as text; tables and strike-through on top of CommonMark.
_MARKDOWN: Final = MarkdownIt("js-default", {"html": False, "linkify": False, "typographer": False})
_TAGS: Final = {
    "p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong",
    "s", "a", "img", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES: Final = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
#: The page has its h1 and the module its h2, so what an author begins with is an h3.
_HEADINGS: Final = re.compile(r"<(/?)h([1-6])>")
_PAGE_BREAK: Final = re.compile(r"^-{3,}[ \t]*$", re.MULTILINE)
_FENCE: Final = re.compile(r"^(`{3,}|~{3,})")


def pages(text: str) -> list[str]:
    """The Markdown of each page, at least one; a line of hyphens within a code block breaks nothing."""
    found: list[str] = []
    current: list[str] = []
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or line.startswith(fence)):
            fence = "" if fence else mark[1]
        if not fence and _PAGE_BREAK.match(line) and (not current or not current[-1].strip()):
            found.append("\n".join(current))
            current = []
        else:
            current.append(line)
    found.append("\n".join(current))
    return [page for page in found if page.strip()] or [""]


def rendered(text: str, pictures: Mapping[str, str] | None = None) -> SafeString:
    """Safe HTML of one page. `pictures` are the addresses of the course's pictures by lower-case name.

    A picture that is none of them is left out; so is every link that is neither to the web nor to mail.
    """
    return _rendered(text, tuple(sorted((pictures or {}).items())))


@lru_cache(maxsize=512)
def _rendered(text: str, pictures: tuple[tuple[str, str], ...]) -> SafeString:
    html = _HEADINGS.sub(_lowered, _MARKDOWN.render(text))
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_pictures_only(dict(pictures)),
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return SafeString(cleaned)  # nh3 decided what is in it


def _lowered(heading: re.Match[str]) -> str:
    return f"<{heading[1]}h{min(int(heading[2]) + 2, 6)}>"


def _pictures_only(pictures: Mapping[str, str]) -> Callable[[str, str, str], str | None]:
    def kept(tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src":
            return pictures.get(value.rsplit("/", 1)[-1].lower())
        return value

    return kept
