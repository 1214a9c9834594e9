"""What waits for whom, on a page of its own and as the number in the navigation."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.requests.queue import Queue, queue_of
from portal.tenancy.http import PortalRequest

#: More than that nobody counts.
MOST = 99


@require_GET
def waiting(request: PortalRequest) -> HttpResponse:
    """Everything that waits, the reader's own turn first."""
    queue = queue_of(request.actor)
    context = {"headline": _headline(queue), "yours": queue.yours, "theirs": queue.theirs}
    return render(request, "requests/waiting.html", context)


@require_GET
def count(request: PortalRequest) -> HttpResponse:
    """How much is the reader's turn: a fragment of the navigation."""
    return render(
        request, "requests/_count.html", {"count": len(queue_of(request.actor).yours), "most": MOST}
    )


def _headline(queue: Queue) -> str:
    yours = len(queue.yours)
    late = sum(one.is_overdue for one in queue.yours)
    if not yours:
        return "Nothing waits for you"
    things = f"{yours} thing{'' if yours == 1 else 's'} wait{'s' if yours == 1 else ''} for you"
    return f"{things}, {late} overdue" if late else things
