"""The content kinds of courses themselves: a text, a video, a file."""

from collections.abc import Mapping
from typing import Any

from enablement.courses.content import Completion, ContentKind, Field, Shown, register
from enablement.courses.markdown import pages, rendered
from enablement.courses.models import Module
from enablement.courses.selectors import pictures_of

_MINUTES = 60


def _text(shown: Shown) -> Mapping[str, Any]:
    """The page asked for, and where it lies among the others."""
    leaves = pages(shown.module.body)
    page = min(max(shown.page, 1), len(leaves))
    pictures = pictures_of(shown.module.version.course_id) if "![" in leaves[page - 1] else {}
    return {
        "html": rendered(leaves[page - 1], pictures),
        "page": page,
        "pages": len(leaves),
        "page_share": round(100 * page / len(leaves)),
    }


def _text_missing(module: Module) -> str:
    return "" if module.body.strip() else "has no text yet"


def _text_place(module: Module, place: str) -> str:
    count = len(pages(module.body))
    return f"page {place} of {count}" if place.isdecimal() and count > 1 else ""


def _video(shown: Shown) -> Mapping[str, Any]:
    place = shown.progress.place if shown.progress else ""
    return {
        "plays_here": plays_here(shown.module.url),
        "start": int(place) if place.isdecimal() else 0,
        "transcript": rendered(shown.module.body) if shown.module.body.strip() else "",
    }


def plays_here(url: str) -> bool:
    """Films of these kinds play on the page; any other address opens where it leads."""
    return url.startswith("https://") and url.split("?")[0].lower().endswith((".mp4", ".webm"))


def _video_missing(module: Module) -> str:
    if not module.url:
        return "has no link yet"
    if not module.body.strip() and not module.captions_id:
        return "needs captions or a text version, for people who cannot hear it"
    return ""


def _video_place(module: Module, place: str) -> str:
    if not place.isdecimal():
        return ""
    minutes, seconds = divmod(int(place), _MINUTES)
    return f"{minutes}:{seconds:02d}"


def _file_missing(module: Module) -> str:
    return "" if module.file_id else "has no file yet"


register(
    ContentKind(
        "text",
        "Text",
        "file-text",
        "enablement/courses/kinds/text.html",
        description="Markdown with pictures and tables; a line of three hyphens begins a new page.",
        fields=(
            Field("body", "Text", required=True, help="Markdown. A line of three hyphens begins a new page."),
        ),
        context=_text,
        missing=_text_missing,
        place=_text_place,
    ),
    ContentKind(
        "video",
        "Video",
        "video",
        "enablement/courses/kinds/video.html",
        description="A link to a film, with captions or a text version.",
        fields=(
            Field("url", "Link", required=True, help="A film ending in .mp4 or .webm plays on the page."),
            Field("captions", "Captions", help="A WebVTT file of this course."),
            Field("body", "Text version", help="Markdown: what is said and shown."),
        ),
        context=_video,
        missing=_video_missing,
        place=_video_place,
    ),
    ContentKind(
        "file",
        "File",
        "paperclip",
        "enablement/courses/kinds/file.html",
        description="A document to download and read.",
        fields=(
            Field("file", "File", required=True, help="A file of this course."),
            Field("body", "What to look for", help="Markdown, shown beside the download."),
        ),
        context=lambda shown: {"html": rendered(shown.module.body) if shown.module.body.strip() else ""},
        missing=_file_missing,
    ),
    ContentKind(
        "external",
        "Elsewhere",
        "world",
        "enablement/courses/kinds/external.html",
        completion=Completion.CONTENT,
        description="Taken in another system, which tells the portal when it is done.",
        fields=(Field("url", "Link", required=True, help="Where it is taken."),),
        missing=lambda module: "" if module.url else "has no link yet",
    ),
)
