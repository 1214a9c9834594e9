"""The library's pages. What is not for somebody is 404 for them, wherever they ask for it."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from enablement.courses.selectors import PICTURES
from enablement.library import policies, presenters, selectors, services
from enablement.library.forms import SearchForm
from enablement.library.models import Asset, Collection
from enablement.library.selectors import Wanted
from enablement.library.usage import PERIODS, usage
from portal.files.uploads import as_attachment
from portal.tenancy.http import PortalRequest

PAGE = 20
#: Of a document's words the page shows the beginning.
BEGINNING = 1_200


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """Search, with what to narrow it by; without a question the newest first."""
    form = SearchForm(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    wanted = Wanted(
        asked.get("q", ""), asked.get("type", ""), asked.get("language", ""), asked.get("product")
    )
    found = selectors.search(request.actor, wanted)
    page = Paginator(found.ids, PAGE).get_page(request.GET.get("page"))
    assets = selectors.shown(list(page.object_list), wanted.text)
    context = {
        "wanted": wanted,
        "found": found,
        "page": page,
        "rows": [presenters.found_row(asset, found) for asset in assets],
        "facets": presenters.facets(found, wanted),
        "everything": presenters.address(Wanted(wanted.text)),
        "narrowed": bool(wanted.type or wanted.language or wanted.product),
        "collections": selectors.collections_for(request.actor),
        "ends_soon": selectors.ends_soon(request.actor) if policies.leaves_a_trace(request.actor) else [],
        "edits": policies.may_edit(request.actor),
        "sees_usage": policies.may_see_usage(request.actor),
    }
    return render(request, "enablement/library/home.html", context)


def asset_or_404(request: PortalRequest, pk: int) -> Asset:
    found = selectors.asset_for(request.actor, pk)
    if found is None:
        raise Http404("no such asset for this person")
    return found


@require_GET
def asset(request: PortalRequest, pk: int) -> HttpResponse:
    """What it is, a look inside, and the way to it."""
    found = asset_or_404(request, pk)
    services.asset_opened(actor=request.actor, asset=found)
    context = {
        "asset": found,
        "row": presenters.row(found),
        "picture": found.file is not None and found.file.content_type in PICTURES,
        "beginning": "" if found.file is None else found.text[:BEGINNING],
        "more": len(found.text) > BEGINNING,
        "ended": found.ends_on is not None and found.ends_on < request.actor.vendor.today,
        "edits": policies.may_edit(request.actor),
    }
    return render(request, "enablement/library/asset.html", context)


@require_GET
def download(request: PortalRequest, pk: int) -> HttpResponse:
    found = asset_or_404(request, pk)
    if found.file is None:
        raise Http404("a link, not a file")
    answer = as_attachment(found.file, actor=request.actor)
    services.asset_downloaded(actor=request.actor, asset=found)
    return answer


@require_GET
def picture(request: PortalRequest, pk: int) -> HttpResponse:
    """The asset itself where it is a picture. Shown on its page, so it leaves no event of its own."""
    stored = asset_or_404(request, pk).file
    if stored is None or stored.content_type not in PICTURES:
        raise Http404("not a picture")
    with stored.file.open() as file:
        response = HttpResponse(file.read(), content_type=stored.content_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
def collection(request: PortalRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Collection, pk=pk)
    assets = selectors.items_for(request.actor, found)
    if not assets:
        raise Http404("nothing in it for this person")
    context = {
        "collection": found,
        "rows": [presenters.row(one) for one in assets],
        "edits": policies.may_edit(request.actor),
    }
    return render(request, "enablement/library/collection.html", context)


@require_GET
def recommended(request: PortalRequest) -> HttpResponse:
    """A part of pages about products (`?product=3&product=7`), such as a deal's; empty without any."""
    products = {int(value) for value in request.GET.getlist("product")[:50] if value.isdecimal()}
    products = {pk for pk in products if 0 < pk < 2**63}
    assets = selectors.recommended(request.actor, products) if products else []
    rows = [(presenters.row(one), presenters.reason(one, products)) for one in assets]
    return render(request, "enablement/library/_recommended.html", {"rows": rows})


@require_GET
def usage_page(request: PortalRequest) -> HttpResponse:
    """Who uses what, what nobody uses, and what ends soon."""
    if not policies.may_see_usage(request.actor):
        raise PermissionDenied("Usage is for the vendor's people.")
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, PERIODS) else min(PERIODS)
    figures = usage(request.actor, days)
    context = {"usage": figures, "days": days, "periods": PERIODS, "edits": policies.may_edit(request.actor)}
    return render(request, "enablement/library/usage.html", context)
