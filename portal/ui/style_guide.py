"""The style guide: every component with sample data, for people who build pages. URL name `guide`."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.tenancy.http import PortalRequest
from portal.ui import charts

SCORES = {"sales": 72.0, "enablement": 68.0, "marketing": 42.0, "engagement": 60.2}
WEIGHTS = {"sales": 35, "enablement": 20, "marketing": 15, "engagement": 30}
HEALTH = [57, 58, 58, 59, 60, 61, 61, 61, 62, 62, 62, 62, 63]
PEERS = charts.Peers(p25=46, median=54, p75=64, low=28, high=81, n=23)


class SampleForm(forms.Form):
    """One field of each kind, with long labels as German and French have them."""

    customer = forms.CharField(label="Legal name", help_text="As on their invoices.")
    amount = forms.CharField(
        label="Voraussichtlicher Gesamtauftragswert einschließlich Wartungsvereinbarung, in Euro",
        help_text="Your selling price without tax.",
    )
    close = forms.DateField(
        label="Date de clôture prévisionnelle", widget=forms.DateInput(attrs={"type": "date"})
    )
    country = forms.ChoiceField(
        label="Country", choices=[("AT", "Austria"), ("DE", "Germany"), ("IT", "Italy")]
    )
    source = forms.ChoiceField(
        label="Where does this deal come from?",
        widget=forms.RadioSelect,
        choices=[("partner", "We found it"), ("vendor", "A lead of the vendor"), ("together", "Together")],
    )
    use = forms.CharField(
        label="What should it do?", widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    file = forms.FileField(
        label="Attachments", required=False, help_text="PDF, Office or images, 20 MB each."
    )
    terms = forms.BooleanField(label="The customer knows that we register this deal")


class SampleFilter(forms.Form):
    q = forms.CharField(
        label="Partner or city", required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    tier = forms.ChoiceField(
        label="Tier", required=False, choices=[("", "-"), ("gold", "Gold"), ("silver", "Silver")]
    )
    flags = forms.ChoiceField(label="Flags", required=False, choices=[("", "-"), ("high", "High")])


@require_GET
def guide(request: PortalRequest) -> HttpResponse:
    """For the vendor's own people while developing or in the demo; nowhere else does it exist."""
    if not (settings.DEBUG or settings.DEMO) or not request.actor.is_staff:
        raise Http404
    return render(request, "components/guide.html", sample(request.GET.get("page", "1")))


def sample(page: str = "1") -> dict[str, Any]:
    """The guide's context; the same figures as the design's screens, so that both can be compared."""
    now = timezone.now()
    months = [date(2025, 11, 30) + timedelta(days=30.4) * i for i in range(13)]
    bound = SampleForm({"customer": "Dolomiti Packaging S.r.l.", "amount": "", "close": "2020-02-30"})
    return {
        "now": now,
        "icons": ["home", "briefcase", "users", "flag", "target-arrow", "search", "plus", "download"],
        "clocks": [
            (now + timedelta(hours=2, minutes=40), now - timedelta(hours=5)),
            (now + timedelta(days=1, hours=2), now - timedelta(days=1)),
            (now + timedelta(days=37), now - timedelta(days=23)),
            (now + timedelta(days=3), None),
            (now - timedelta(hours=1, minutes=20), now - timedelta(days=2)),
        ],
        "scores": SCORES,
        "partial": {**SCORES, "marketing": None},
        "weights": WEIGHTS,
        "trend": HEALTH,
        "gaps": [57, 58, None, None, 60, 61, 61, None, 62, 62, 62, 63],
        "health": list(zip(months, HEALTH, strict=True)),
        "bookings": [("Q4", 14_800_000), ("Q1", 16_300_000), ("Q2", 17_100_000), ("Q3", 21_200_000)],
        "peers": PEERS,
        "as_of": date(2026, 11, 18),
        "looks": {
            "approved": ("ok", "Approved", "shield-check"),
            "returned": ("watch", "Returned", "arrow-back-up"),
        },
        "steps": [
            {"title": "Registered", "state": "done", "lines": ["27 Aug, 16:42", "Lukas Brunner"]},
            {"title": "Reviewed", "state": "done", "lines": ["28 Aug", "Jana Kowalczyk"]},
            {"title": "Selling", "state": "now", "lines": ["Close due 11 Dec", "Your turn"]},
            {"title": "Verkaufsnachweis", "state": "next", "lines": ["Due 30 days later"]},
            {"title": "Closed", "state": "next", "lines": []},
        ],
        "tabs": [
            {"label": "Scorecard", "url": "#scorecard", "active": True},
            {"label": "Deals", "url": "#deals", "count": 9},
            {"label": "Zertifizierungen", "url": "#learning"},
        ],
        "crumbs": [("Partners", "#partners"), ("Alpine Systems GmbH", "")],
        "page": Paginator(range(238), 10).get_page(page),
        "form": bound,
        "filter": SampleFilter({"q": "", "tier": "gold"}),
        "result": SimpleNamespace(value=0.382, unit="percent"),
        "missing": SimpleNamespace(value=None, unit="days"),
        "scatter": charts.figure(
            [charts.bubble_trace([
                {"x": 60, "y": 72, "size": 412, "label": "Alpine Systems"},
                {"x": 47, "y": 66, "size": 684, "label": "Rhein-Main Integratoren"},
                {"x": 83, "y": 88, "size": 548, "label": "Helvetia Handling"},
            ])],
            "Engagement score", "Sales score",
        ),
        "gaps_series": [("Oct", None), ("Nov", 3)],
        "scatter_headers": ["Partner", "Engagement", "Sales"],
        "scatter_rows": [
            ("Alpine Systems", 60, 72),
            ("Rhein-Main Integratoren", 47, 66),
            ("Helvetia Handling", 83, 88),
        ],
    }  # fmt: skip
