"""The library: who finds what, what is said inside, what counts as use, and how it is kept."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from enablement.library import services
from enablement.library.document_text import text_of
from enablement.library.events import DOWNLOADED, OPENED
from enablement.library.models import Asset, AssetFile, Collection
from portal.events.models import PortalEvent
from portal.files.uploads import checked
from portal.tenancy.scope import entered, system_scope
from tests.enablement import library
from tests.support import factories
from tests.support.files import PDF, PNG, packed
from tests.support.pages import BUDGET, statements, text
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], PortalClient]
TXT = ("night.txt", b"The dairy cut its night shifts from four people to one.")


def at(name: str, *args: Any) -> str:
    return reverse(f"library:{name}", args=args)


@pytest.fixture
def rep(world: VendorWorld, client_as: SignIn) -> PortalClient:
    """Of beta: a reseller of tier Silver in region North."""
    return client_as(world.people["partner_rep"])


@pytest.fixture
def admin(world: VendorWorld, client_as: SignIn) -> PortalClient:
    return client_as(world.people["program_admin"])


def events(world: VendorWorld, *types: str) -> list[PortalEvent]:
    with entered(system_scope(world.vendor.pk)):
        return list(PortalEvent.objects.filter(type__in=types).order_by("pk"))


def for_others(world: VendorWorld) -> dict[str, dict[str, Any]]:
    """Why something is not for beta's rep, each by itself."""
    today = world.vendor.today
    return {
        "role": {"role": "partner_admin"},
        "type": {"partner_type": "distributor"},
        "tier": {"least_tier": world.tiers[1]},
        "region": {"region": world.regions["west"]},
        "ended": {"ends_on": today - timedelta(days=1)},
        "retired": {},
    }


class TestAudience:
    @pytest.mark.parametrize("why", ["role", "type", "tier", "region", "ended", "retired"])
    def test_what_is_not_for_somebody_is_nowhere(
        self, why: str, world: VendorWorld, rep: PortalClient
    ) -> None:
        fields = for_others(world)[why]
        asset = library.asset(
            world, "Secret recipe", upload=("a.png", PNG), products=(world.products[0],), **fields
        )
        collection = library.collection(world, "Hidden collection", asset)
        if why == "retired":
            with acting_as(world.people["program_admin"]) as actor:
                services.asset_retire(actor=actor, asset=asset, retired=True)
        for name in ("asset", "download", "picture"):
            assert rep.get(at(name, asset.pk)).status_code == 404, name
        assert rep.get(at("collection", collection.pk)).status_code == 404
        for address in (
            at("home"),
            at("home") + "?q=secret",
            at("recommended") + f"?product={world.products[0].pk}",
        ):
            page = text(rep.get(address))
            assert "Secret recipe" not in page, address
            assert "Hidden collection" not in page
        assert events(world, OPENED, DOWNLOADED) == []

    def test_what_fits_in_every_respect_is_found(self, world: VendorWorld, rep: PortalClient) -> None:
        asset = library.asset(
            world, "Recipe", upload=("a.png", PNG), role="partner_rep", partner_type="reseller",
            least_tier=world.tiers[0], region=world.regions["north"], ends_on=world.vendor.today,
        )  # fmt: skip
        assert "Recipe" in text(rep.get(at("home") + "?q=recipe"))
        for name in ("asset", "download", "picture"):
            assert rep.get(at(name, asset.pk)).status_code == 200

    def test_the_sub_partners_timeline_names_no_asset(self, world: VendorWorld, client_as: SignIn) -> None:
        """The distributor reads it, and the asset may not be for the distributor."""
        asset = library.asset(world, "Reseller secret", partner_type="reseller")
        client_as(world.people["sub_rep"]).get(at("asset", asset.pk))
        page = client_as(world.people["distributor_admin"]).get(reverse("partners:timeline", args=["gamma"]))
        assert "Opened an asset of the library" in text(page)
        assert "Reseller secret" not in text(page)

    def test_another_vendor_has_none_of_it(
        self, world: VendorWorld, other_world: VendorWorld, client_as: SignIn
    ) -> None:
        asset = library.asset(world, "Ours", upload=("a.png", PNG))
        there = client_as(other_world.people["program_admin"])
        for name in ("asset", "download", "picture", "edit_asset"):
            assert there.get(at(name, asset.pk)).status_code == 404


class TestSearch:
    def test_inside_the_words_of_a_file_by_their_stem(self, world: VendorWorld, rep: PortalClient) -> None:
        library.asset(world, "A dairy", upload=TXT)
        library.asset(world, "Another")
        page = text(rep.get(at("home") + "?q=night+shift"))
        assert "“night shift”: 1 of the 2 assets open to you" in page
        assert "<mark>night</mark> <mark>shifts</mark>" in page

    def test_in_the_language_of_the_asset(self, world: VendorWorld, rep: PortalClient) -> None:
        library.asset(world, "Molkerei", upload=("a.txt", "Zwei Häuser in Tirol".encode()), language="de")
        assert "1 of the 1 asset" in text(rep.get(at("home") + "?q=haus"))

    def test_a_title_weighs_more_than_the_text(self, world: VendorWorld, rep: PortalClient) -> None:
        library.asset(world, "Night without people")
        library.asset(world, "A dairy", upload=TXT)
        page = text(rep.get(at("home") + "?q=night"))
        assert page.index("Night without people") < page.index("A dairy")

    def test_hostile_words_stay_words(self, world: VendorWorld, rep: PortalClient) -> None:
        library.asset(world, "Odd", upload=("a.txt", b"alpha <b onclick=x> & beta"))
        page = text(rep.get(at("home") + "?q=alpha"))
        assert "<b onclick" not in page
        for odd in ("%27", "%26%21", "%22open", "a" * 400, "%00x", "((", "%02"):
            assert rep.get(at("home") + f"?q={odd}").status_code == 200, odd

    def test_narrowed_by_type_product_and_language(self, world: VendorWorld, rep: PortalClient) -> None:
        library.asset(world, "Film", type="video", products=(world.products[0],))
        library.asset(world, "Sheet", type="data_sheet", language="de", products=(world.products[1],))
        for query in ("type=video", f"product={world.products[0].pk}", "language=en"):
            page = text(rep.get(at("home") + f"?{query}"))
            assert "Film" in page, query
            assert "Sheet</a>" not in page, query
        assert rep.get(at("home") + "?type=nonsense&product=x").status_code == 200

    def test_statements_do_not_grow_with_the_library(self, world: VendorWorld, rep: PortalClient) -> None:
        library.collection(world, "First meeting", library.asset(world, "A dairy", upload=TXT))
        rep.get(at("home"))
        one = statements(rep, at("home") + "?q=dairy")
        for number in range(25):
            library.asset(world, f"A dairy {number}", products=tuple(world.products))
        assert statements(rep, at("home") + "?q=dairy") == one <= BUDGET


class TestUse:
    def test_opens_and_downloads_of_partner_people_are_events(
        self, world: VendorWorld, rep: PortalClient, admin: PortalClient
    ) -> None:
        asset = library.asset(world, "Sheet", upload=("a.pdf", PDF))
        for client in (rep, admin):
            client.get(at("asset", asset.pk))
            answer = client.get(at("download", asset.pk))
            assert answer["Content-Disposition"] == 'attachment; filename="a.pdf"'
        opened, downloaded = events(world, OPENED, DOWNLOADED)
        assert (opened.type, downloaded.type) == (OPENED, DOWNLOADED)
        assert {opened.partner_id, downloaded.partner_id} == {world.partners["beta"].pk}
        assert opened.subject_id == asset.pk

    def test_what_one_used_and_ends_soon_is_told(self, world: VendorWorld, rep: PortalClient) -> None:
        soon = world.vendor.today + timedelta(days=20)
        used = library.asset(world, "Price list", ends_on=soon)
        library.asset(world, "Other list", ends_on=soon)
        rep.get(at("asset", used.pk))
        assert "Ends soon: 1 you use" in text(rep.get(at("home")))

    def test_usage_of_partners_in_reach(self, world: VendorWorld, client_as: SignIn) -> None:
        old = timezone.now() - timedelta(days=200)
        popular, ignored = library.asset(world, "Popular"), library.asset(world, "Ignored")
        with entered(system_scope(world.vendor.pk)):
            Asset.objects.update(created_at=old)
        for name in ("partner_rep", "partner_admin", "sub_rep"):
            client_as(world.people[name]).get(at("asset", popular.pk))
        page = client_as(world.people["program_admin"]).get(at("usage")).context["usage"]
        assert [(use.asset, use.people, use.partners, use.opens) for use in page.most] == [(popular, 3, 2, 3)]
        assert page.least[0].asset == ignored
        assert {group.label: (group.using, group.partners) for group in page.types} == {
            "Distributor": (0, 1), "Reseller": (2, 3),
        }  # fmt: skip
        assert {group.label: group.using for group in page.tiers} == {"Gold": 0, "Silver": 2}
        assert {group.label: group.using for group in page.regions} == {"North": 1, "West": 0, "No region": 1}
        # Gamma is nobody's: its rep is not counted for the manager.
        assert client_as(world.people["manager"]).get(at("usage")).context["usage"].most[0].people == 2

    def test_usage_tells_what_ends_and_stays_within_the_budget(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        manager = client_as(world.people["manager"])
        library.asset(world, "Price list", ends_on=world.vendor.today + timedelta(days=20))
        assert "Price list" in text(manager.get(at("usage") + "?days=365"))
        assert statements(manager, at("usage")) <= BUDGET


class TestRecommended:
    def test_about_the_products_asked_for_the_best_fitting_first(
        self, world: VendorWorld, rep: PortalClient
    ) -> None:
        arm, cart = world.products
        library.asset(world, "Both", products=(arm, cart))
        library.asset(world, "Arm alone", products=(arm,))
        library.asset(world, "Neither")
        page = text(rep.get(at("recommended") + f"?product={arm.pk}&product={cart.pk}"))
        assert page.index("Both") < page.index("Arm alone")
        assert "About Arm and Cart." in page
        assert "Neither" not in page

    def test_nothing_where_nothing_fits_or_nonsense_is_asked(
        self, world: VendorWorld, rep: PortalClient
    ) -> None:
        for query in ("", "?product=x", "?product=99999999999999999999999", "?product=-1"):
            assert text(rep.get(at("recommended") + query)).strip() == ""

    def test_a_deals_page_asks_for_its_products(self, world: VendorWorld, rep: PortalClient) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            deal = factories.approved_deal(partner=world.partners["beta"])
            factories.DealLineFactory(deal=deal, partner=deal.partner, product=world.products[1])
        page = text(rep.get(reverse("deals:detail", args=[deal.reference])))
        assert f'hx-get="/v/acme{at("recommended")}?' in page
        assert f"product={world.products[1].pk}&amp;" in page


class TestKeeping:
    FORM = {"title": "Sheet", "type": "data_sheet", "language": "en"}

    def test_a_file_is_judged_by_its_content(self, world: VendorWorld, admin: PortalClient) -> None:
        page = admin.post(
            at("edit_new"), {**self.FORM, "upload": SimpleUploadedFile("a.pdf", b"<script>x</script>")}
        )
        assert page.status_code == 422
        assert "Web pages, drawings and scripts are not accepted." in text(page)
        assert 'value="Sheet"' in text(page)
        assert admin.post(
            at("edit_new"), {**self.FORM, "upload": SimpleUploadedFile("a.pdf", PDF)}
        ).status_code in (302, 303)  # fmt: skip
        with entered(system_scope(world.vendor.pk)):
            assert Asset.objects.get().file.content_type == "application/pdf"

    def test_either_a_file_or_a_link(self, world: VendorWorld, admin: PortalClient) -> None:
        assert "Choose a file, or give a link below." in text(admin.post(at("edit_new"), self.FORM))
        both = {**self.FORM, "url": "https://example.com/", "upload": SimpleUploadedFile("a.pdf", PDF)}
        assert "Give it either a file or a link, not both." in text(admin.post(at("edit_new"), both))
        with entered(system_scope(world.vendor.pk)):
            assert not Asset.objects.exists()
            assert not AssetFile.objects.exists()

    def test_another_file_is_the_next_version_and_the_same_one_is_none(self, world: VendorWorld) -> None:
        asset = library.asset(world, "Sheet", upload=("a.pdf", PDF))
        with acting_as(world.people["program_admin"]) as actor:
            for upload in (("a.pdf", PDF), TXT, TXT):
                asset = services.asset_change(
                    actor=actor, asset=asset, fields={"title": "Sheet"}, products=(), upload=checked(*upload)
                )
            assert asset.version == 2
            assert list(AssetFile.objects.values_list("name", flat=True)) == ["night.txt"]
        assert len(events(world, "enablement.asset_version_added")) == 1

    def test_a_link_takes_the_place_of_a_file_and_back(self, world: VendorWorld, admin: PortalClient) -> None:
        asset = library.asset(world, "Sheet", upload=TXT)
        admin.post(at("edit_asset", asset.pk), {**self.FORM, "url": "https://example.com/"})
        with entered(system_scope(world.vendor.pk)):
            asset = Asset.objects.get()
            assert (asset.file_id, asset.url, asset.text, asset.version) == (
                None, "https://example.com/", "", 2,
            )  # fmt: skip
        sent = {**self.FORM, "url": asset.url, "upload": SimpleUploadedFile(*TXT)}
        admin.post(at("edit_asset", asset.pk), sent)
        with entered(system_scope(world.vendor.pk)):
            asset = Asset.objects.get()
            assert (asset.url, asset.version, asset.text[:9]) == ("", 3, "The dairy")

    def test_taken_out_and_put_back(self, world: VendorWorld, admin: PortalClient, rep: PortalClient) -> None:
        asset = library.asset(world, "Sheet")
        for _ in range(2):
            admin.post(at("edit_retire", asset.pk))
        assert rep.get(at("asset", asset.pk)).status_code == 404
        assert "Taken out of the library" in text(admin.get(at("asset", asset.pk)))
        admin.post(at("edit_retire", asset.pk), {"offer": "1"})
        assert rep.get(at("asset", asset.pk)).status_code == 200
        assert len(events(world, "enablement.asset_retired", "enablement.asset_offered")) == 2

    def test_a_collection_is_made_changed_and_removed(
        self, world: VendorWorld, admin: PortalClient, rep: PortalClient
    ) -> None:
        first, second = library.asset(world, "First"), library.asset(world, "Second")
        sent = {"name": "Meeting", "position": "1", "asset_1": second.pk, "asset_2": first.pk}
        admin.post(at("edit_collection_new"), sent)
        again = admin.post(at("edit_collection_new"), sent)
        assert again.status_code == 422
        assert "There is a collection of this name already." in text(again)
        with entered(system_scope(world.vendor.pk)):
            made = Collection.objects.get()
        page = text(rep.get(at("collection", made.pk)))
        assert page.index("Second") < page.index("First")
        admin.post(at("edit_collection", made.pk), {**sent, "asset_2": ""})
        assert "Meeting: 1 asset" in text(rep.get(at("collection", made.pk)))
        admin.post(at("edit_collection_remove", made.pk))
        assert rep.get(at("collection", made.pk)).status_code == 404

    def test_only_program_admins_keep_it(self, world: VendorWorld) -> None:
        for name in ("manager", "executive", "partner_admin"):
            with acting_as(world.people[name]) as actor, pytest.raises(PermissionDenied):
                services.asset_add(actor=actor, fields={"title": "x", "url": "https://example.com/"})

    def test_an_asset_of_neither_file_nor_link_is_refused(self, world: VendorWorld) -> None:
        with acting_as(world.people["program_admin"]) as actor, pytest.raises(ValidationError):
            services.asset_add(actor=actor, fields={"title": "Nothing"})


class TestDocumentText:
    def test_of_each_kind_that_holds_words(self) -> None:
        book = Workbook()
        book.active.title = "Night shift"
        book.active["A1"] = "payback"
        kept = BytesIO()
        book.save(kept)
        assert text_of(checked("a.xlsx", kept.getvalue())).split() == ["Night", "shift", "payback"]
        assert text_of(checked("a.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello there\n")) == "Hello there"
        assert text_of(checked("a.docx", word("Lanes at night"))) == "Lanes at night"
        assert text_of(checked("a.png", PNG)) == ""

    def test_a_pdf(self) -> None:
        assert text_of(checked("a.pdf", pdf("Reduced speed"))) == "Reduced speed"

    def test_what_cannot_be_read_is_kept_without_words(self) -> None:
        assert text_of(checked("a.pdf", b"%PDF-1.7\nnonsense\n%%EOF")) == ""


def word(said: str) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = (
        f'<w:document xmlns:w="{space}"><w:body><w:p><w:r><w:t>{said}</w:t></w:r></w:p></w:body></w:document>'
    )
    types = f'<Types><Override ContentType="{main}"/></Types>'
    return packed({"[Content_Types].xml": types.encode(), "word/document.xml": body.encode()})


def pdf(said: str) -> bytes:
    stream = f"BT /F1 12 Tf 10 10 Td ({said}) Tj ET"
    parts = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(body))
        body += f"{number} 0 obj{part}endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer<</Size 6/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 6\n0000000000 65535 f \n{table}{trailer}".encode()
