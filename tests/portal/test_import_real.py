"""The shipped maps on the data sets they were written for, when those lie beside the project."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Avg, Count, F, Sum

from deals.deal.models import Deal, DealLine
from partners.models import Partner, PartnerUserGrant, Region
from partners.partner_access import reach
from portal.imports.maps import parse_map, vendor_settings
from portal.people.models import Membership
from portal.tenancy.models import Vendor
from portal.tenancy.new_vendor import create_vendor
from portal.tenancy.scope import entered, system_scope
from tests.support.imports import SHARED, counts, run

pytestmark = pytest.mark.django_db
MAPS = Path(settings.BASE_DIR) / "docs" / "import"
MAVEN, ADVENTURE = SHARED / "maven_crm", SHARED / "adventureworks_reseller"


def load_all(map_name: str, folder: Path, files: dict[str, str]) -> tuple[Vendor, list[tuple[int, ...]]]:
    text = (MAPS / f"{map_name}.toml").read_text()
    settings_of_map = vendor_settings(parse_map(text))
    vendor = create_vendor(slug=map_name, **settings_of_map)
    done = [counts(run(vendor, kind, (folder / name).read_bytes(), text)) for kind, name in files.items()]
    return vendor, done


@pytest.mark.parametrize("name", ["maven", "adventureworks"])
def test_the_shipped_maps_are_valid(name: str) -> None:
    from portal.imports import kinds
    from portal.imports.maps import import_map

    sections = parse_map((MAPS / f"{name}.toml").read_text())
    for section in set(sections) - {"vendor"}:
        mapping = import_map(sections, section, set(kinds.kind(section).resource_class.cells()))
        assert mapping.columns


@pytest.mark.skipif(not MAVEN.exists(), reason="the CRM export is not here")
def test_a_real_crm_export() -> None:
    files = {
        "partners": "sales_teams.csv",
        "people": "sales_teams.csv",
        "customers": "accounts.csv",
        "products": "products.csv",
        "deals": "sales_pipeline.csv",
    }
    vendor, done = load_all("maven", MAVEN, files)
    assert done == [(35, 0, 0, 0), (6, 0, 0, 0), (85, 0, 0, 0), (7, 0, 0, 0), (8800, 0, 0, 0)]
    with entered(system_scope(vendor.pk)):
        won = Deal.objects.filter(won_at__isnull=False)
        totals = won.aggregate(
            n=Count("pk"), amount=Sum("won_amount_vendor"), cycle=Avg(F("won_at") - F("approved_at"))
        )
        assert (totals["n"], totals["amount"]) == (4238, 10_005_534_00)
        assert round(totals["cycle"].total_seconds() / 86_400, 3) == 51.782
        assert Deal.objects.filter(lost_at__isnull=False).count() == 2473
        unnamed = Deal.objects.filter(customer=None)
        assert unnamed.count() == 1425
        assert set(unnamed.values_list("customer_name", flat=True)) == {"Unnamed customer"}
        assert Deal.objects.filter(lines__product__name="GTX Pro").count() == 1480
        assert Deal.objects.filter(status="draft", submitted_at=None).count() == 500
        assert PartnerUserGrant.objects.filter(content_object__in=Partner.objects.all()).count() == 35
        assert Region.objects.count() == 3
    text = (MAPS / "maven.toml").read_text()
    again = run(vendor, "deals", (MAVEN / "sales_pipeline.csv").read_bytes(), text)
    assert counts(again) == (0, 0, 8800, 0)


@pytest.mark.skipif(not ADVENTURE.exists(), reason="the reseller channel is not here")
def test_a_real_reseller_channel() -> None:
    files = {
        "partners": "resellers.csv",
        "people": "sales_reps.csv",
        "products": "products.csv",
        "deals": "reseller_sales.csv.gz",
    }
    vendor, done = load_all("adventureworks", ADVENTURE, files)
    assert done == [(701, 0, 0, 0), (17, 0, 0, 0), (397, 0, 0, 0), (3616, 0, 0, 0)]
    with entered(system_scope(vendor.pk)):
        won = Deal.objects.aggregate(n=Count("pk"), amount=Sum("won_amount_vendor"))
        assert won == {"n": 3616, "amount": 77_548_570_20}
        assert Deal.objects.values("partner").distinct().count() == 632
        assert DealLine.objects.count() == 57_851
        canada = Partner.objects.filter(region__name="Canada")
        garrett = Membership.objects.get(user__email="garrett1@adventure-works.com")
        assert reach(garrett).partner_ids == frozenset(canada.values_list("pk", flat=True))
