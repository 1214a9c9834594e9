"""Importing partners."""

import datetime as dt
from collections.abc import Collection, Hashable, Iterable
from typing import Any
from zlib import crc32

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from partners import grants
from partners.models import Partner, PartnerStatus, PartnerType, Region, Tier
from portal.events.log import Fact, record, record_many
from portal.imports.cells import Cell, Choice, Country, Day, Key, Known, Lookup, Refused, Text
from portal.imports.maps import folded
from portal.imports.records import Record
from portal.imports.resources import Saved, VendorResource

NAMESAKES = "There are several partners of this name. Give the line its key."
#: `/partners/people/` is a page of its own.
RESERVED = {"people"}


def partner_lookup(noun: str = "partner", partners: Iterable[Partner] | None = None) -> Lookup:
    """Partners of the scope's vendor (ids) by external key, else key, else name."""
    rows = list(Partner.objects.only("slug", "name", "external_key") if partners is None else partners)
    return Lookup(
        noun,
        ((row.external_key, row.pk) for row in rows),
        ((row.slug, row.pk) for row in rows),
        ((row.name, row.pk) for row in rows),
    )


class PartnerResource(VendorResource):
    slug = Cell("slug", Key(), help="Its key in addresses; made from the name if absent.", names=("key",))
    name = Cell("name", Text(), required=True, help="Name.", names=("partner", "company"))
    external_key = Cell("external_key", Key(null=True), help="Its key in the system it comes from.")
    type = Cell("type", Choice(PartnerType, default=PartnerType.RESELLER), help="Empty: reseller.")
    status = Cell("status", Choice(PartnerStatus, default=PartnerStatus.ACTIVE), help="Empty: active.")
    tier = Cell("tier_id", Known("tier"), help="Name of a tier; empty: the entry tier.")
    region = Cell("region_name", Text(), help="Name of a region; created if there is none.")
    parent = Cell("parent_name", Text(), help="The distributor it buys through.", names=("distributor",))
    country = Cell("country", Country(), help="ISO code or name.")
    city = Cell("city", Text(), help="City.")
    website = Cell("website", Text(), help="With or without https://.")
    joined_on = Cell("joined_on", Day(past=True), help="Since when it is in the programme; empty: today.")

    keys = ("external_key", "slug")
    namely = "name"
    about = (
        "A new partner without a `slug` gets one made from its name; a line without a key means the partner "
        "of its name. The distributor of a partner may stand anywhere in the same file."
    )
    tracked = (
        "slug", "name", "external_key", "type", "status", "tier_id", "region_id", "new_region", "parent_id",
        "country", "city", "website", "joined_on",
    )  # fmt: skip

    stamped = ("status_since",)
    reported_as = {"region_id": "region", "new_region": "region", "parent_id": "parent"}

    class Meta:
        model = Partner
        fields = (
            "slug", "name", "external_key", "type", "status", "tier", "region", "parent", "country", "city",
            "website", "joined_on",
        )  # fmt: skip

    def load_lookups(self) -> None:
        tiers = list(Tier.objects.order_by("rank"))
        self.entry_tier = tiers[0].pk if tiers else None
        self.tier_names = {tier.pk: tier.name for tier in tiers}
        self.context.lookups["tier"] = Lookup("tier", ((tier.name, tier.pk) for tier in tiers))
        self.regions = {folded(region.name): region.pk for region in Region.objects.all()}
        known = Partner.objects.values_list("pk", "slug", "external_key", "parent_id")
        #: {attribute: {key: who has it}}; a new partner is known by itself until it has a number.
        self.owners: dict[str, dict[str, Any]] = {"slug": {}, "external_key": {}}
        self.parents: set[int] = set()
        for pk, slug, external_key, parent in known:
            self.owners["slug"][slug] = pk
            self.owners["external_key"][external_key] = pk
            self.parents |= {parent} - {None}

    def identity(self, field: str, value: Any) -> Any:
        return folded(value) if field == "name" else value

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        if field != "name":
            return super().existing(field, keys)
        found: dict[Hashable, Any] = {}
        for partner in Partner.objects.order_by("pk"):
            name = self.identity("name", partner.name)
            found[name] = Refused(NAMESAKES) if name in found else partner
        return found

    def prepare(self, records: list[Record]) -> list[Record]:
        """Distributors before those who buy through them; a key made of the name where that is the key."""
        for one in records if self.key == "slug" else ():
            one.texts["slug"] = one.texts.get("slug") or slug_of(one.texts["name"])
        return sorted(records, key=lambda one: bool(one.texts.get("parent")))

    def complete(self, instance: Partner, before: Partner | None) -> None:
        if not instance.slug:
            instance.slug = self._free_slug(instance)
        instance.tier_id = instance.tier_id or (before.tier_id if before else self.entry_tier)
        instance.joined_on = instance.joined_on or (before.joined_on if before else self.context.today)
        if instance.website and "://" not in instance.website:
            instance.website = f"https://{instance.website}"
        if before is None or instance.status != before.status:
            instance.status_since = self.now
        self._place(instance)
        self._refuse_taken(instance)
        self._hang_below(instance)

    def _free_slug(self, partner: Partner) -> str:
        """From the name; with the external key behind it where another partner of that name came first."""
        slug = slug_of(partner.name)
        if self.owners["slug"].get(slug) in (None, partner.pk):
            return slug
        return f"{slug[:60]}-{slugify(partner.external_key or '') or crc32(partner.name.encode())}"[:80]

    def _place(self, partner: Any) -> None:
        """Into its region; one that is new waits by name until the batch is written."""
        name = getattr(partner, "region_name", None)
        if name is None:
            return
        partner.region_id = self.regions.get(folded(name))
        partner.new_region = name if name and partner.region_id is None else None
        Region(name=name or "-").clean_fields(exclude={"vendor", "group"})

    def _refuse_taken(self, partner: Partner) -> None:
        for field in ("slug", "external_key"):
            key = getattr(partner, field)
            owner = self.owners[field].setdefault(key, partner.pk or partner) if key else None
            if owner not in (None, partner.pk) and owner is not partner:
                raise ValidationError({field: f"Another partner has the key {key!r} already."})

    def _hang_below(self, partner: Any) -> None:
        name = getattr(partner, "parent_name", None)
        if name is not None:
            partner.parent_id = self._distributor(name) if name else None
        if partner.type != PartnerType.DISTRIBUTOR:
            if partner.pk in self.parents:
                raise ValidationError({"type": "It has sub-partners, so it must stay a distributor."})
        elif partner.parent_id:
            raise ValidationError({"parent": "A distributor does not buy through another distributor."})

    def _distributor(self, name: str) -> int:
        try:
            found: int = self._distributors().get(name)
        except Refused as refused:
            raise ValidationError({"parent": refused}) from refused
        return found

    def _distributors(self) -> Lookup:
        """Those who can have sub-partners, the ones of this very file included."""
        if "distributor" not in self.context.lookups:
            self.bulk_create(True, False, True)
            self.bulk_update(True, False, True)
            rows = Partner.objects.filter(type=PartnerType.DISTRIBUTOR, parent=None)
            self.context.lookups["distributor"] = partner_lookup("distributor", rows)
        return self.context.lookups["distributor"]

    def before_writing(self, instances: list[Any]) -> None:
        waiting = [one for one in instances if getattr(one, "new_region", None)]
        names = {folded(one.new_region): one.new_region for one in waiting}
        if not waiting:
            return
        opened = grants.open_regions(names.values(), self.context.vendor.slug)
        self.regions |= {folded(region.name): region.pk for region in opened}
        for region in opened:
            record("partners.region_opened", actor=self.actor, subject=region, data={"region": region.name})
        for partner in waiting:
            partner.region_id = self.regions[folded(partner.new_region)]
        self.notes.append(f"New regions: {', '.join(names.values())}.")

    def after_writing(self) -> None:
        if not self.dry_run:
            record_many([fact for saved in self.saved for fact in self._facts(saved)], actor=self.actor)

    def _facts(self, saved: Saved) -> Iterable[Fact]:
        partner, before = saved.instance, saved.before
        if before is None:
            joined = dt.datetime.combine(partner.joined_on, dt.time(), tzinfo=self.context.vendor.zone)
            yield Fact("partners.joined", partner.pk, partner, joined, {"imported": True})
            return
        changed = set(self.differences(partner, before))
        if "status" in changed:
            data = {"from": before.get_status_display(), "to": partner.get_status_display()}
            yield Fact("partners.status_changed", partner.pk, partner, self.now, data)
        if "tier_id" in changed:
            data = {"from": self._tier(before), "to": self._tier(partner)}
            yield Fact("partners.tier_changed", partner.pk, partner, self.now, data)
        others = [name for name in self.changed_fields(partner, before) if name not in ("status", "tier")]
        if others:
            told = {name: saved.record.texts.get(name, "") for name in others}
            yield Fact("partners.changed", partner.pk, partner, self.now, told)

    def _tier(self, partner: Partner) -> str:
        return self.tier_names.get(partner.tier_id or 0, "no tier")


def slug_of(name: str) -> str:
    """A partner's key from its name; a name without a Latin letter or digit gives one from its bytes."""
    slug = slugify(name)[:80].strip("-_").replace("_", "-")
    if not slug:
        return f"partner-{crc32(name.encode(errors='surrogateescape')):08x}"
    return f"{slug}-partner" if slug in RESERVED else slug
