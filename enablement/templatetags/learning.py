"""Marks of learning pages: `{% load learning %}`."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from enablement.courses.models import FULL_MARKS
from enablement.player.presenters import duration
from enablement.quizzes.presenters import percent

register = template.Library()

#: {{ minutes|duration }}: "1 h 10 min". {{ score|percent_of }}: "72%" of basis points.
register.filter("duration", duration)
register.filter("marks", percent)


@register.simple_tag
def score_bar(score: int | None, pass_mark: int | None) -> SafeString:
    """A score against the pass mark, both in basis points; nothing where there is no score."""
    if score is None or pass_mark is None:
        return SafeString("")
    you, mark = 100 * score / FULL_MARKS, 100 * pass_mark / FULL_MARKS
    return format_html(
        '<svg class="cx gap-m" width="100%" height="52" role="img" aria-label="You {}, pass mark {}">'
        '<rect class="c-track" y="18" width="100%" height="10" rx="3"/>'
        '<rect class="c-ink" y="18" width="{}%" height="10" rx="3"/>'
        '<rect class="c-ink" x="{}%" y="12" width="1.5" height="22"/>'
        '<text class="strong" x="{}%" y="10" text-anchor="{}">you {}</text>'
        '<text x="{}%" y="48" text-anchor="{}">pass mark {}</text></svg>',
        percent(score), percent(pass_mark), you, mark, you, _anchor(you), percent(score), mark, _anchor(mark),
        percent(pass_mark),
    )  # fmt: skip


def _anchor(x: float) -> str:
    """Which end of a text stands at x, so that it stays within the picture."""
    return "start" if x < 12 else "end" if x > 88 else "middle"
