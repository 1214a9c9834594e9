"""What people of the demo wrote, handed in and changed beside their registrations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from deals.amendments.models import Amendment, AmendmentLine
from deals.amendments.selectors import changes_of
from deals.deal.models import PENDING, Deal, DealStatus, Verdict
from deals.notes.models import Attachment, InternalNote, Note
from deals.registration.models import DealTerms
from partners.models import Partner, Product
from portal.calendar.selectors import decision_due
from portal.events.log import record
from portal.files.uploads import checked
from portal.requests.models import RequestStatus
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope

#: Of each partner: registrations under review, returned ones, and running deals.
SHARES: Final = ((PENDING, 3), ((DealStatus.RETURNED,), 2), ((DealStatus.APPROVED,), 6))
#: Partners that get some: the first ones, whose people the logins are.
PARTNERS: Final = 4
ASKED: Final = (
    "Is the second site part of this, or a project of its own?",
    "Who signs on the customer's side?",
    "Please tell us when you plan the pilot; we can lend a unit.",
)
ANSWERED: Final = (
    "Both sites. They want one contract, and the second goes live a quarter later.",
    "The head of operations signs. Purchasing has seen the offer.",
    "The pilot starts in the second week of next month. A loan unit would help.",
)
INTERNAL: Final = (
    "Direct sales met them at the fair last year; no quote was given.",
    "Margin is thin at this size. Look again if they ask for a special price.",
    "Good pipeline hygiene so far: last three registrations closed on the month they gave.",
)
PAPERS: Final = (
    ("Customer preference.txt", "We would like to go on with the partner who advised us.\n"),
    ("Bill of quantities.csv", "position,quantity\nunits,6\nspare batteries,12\n"),
    ("Order intent.pdf", ""),
)


def papers(vendor: Vendor) -> None:
    """Notes, files and changes on the newest deals of some partners; nothing where there are notes already.

    Runs under the vendor's system scope in the caller's transaction.
    """
    if Note.objects.exists():
        return
    if not DealTerms.objects.exists():
        DealTerms.objects.create()
    place = 0
    notes: list[Note | InternalNote] = []
    for number, partner in enumerate(Partner.objects.order_by("pk")[:PARTNERS]):
        for deal in _deals(partner):
            notes += _talk(deal, place)
            _hand_in(deal, place)
            place += 1
        if number % 2 == 0:
            _change(vendor, partner)
    for table in (Note, InternalNote):
        table.objects.bulk_create([note for note in notes if isinstance(note, table)])


def _deals(partner: Partner) -> Iterator[Deal]:
    mine = Deal.objects.filter(partner=partner, registered_by__isnull=False, submitted_at__isnull=False)
    for statuses, most in SHARES:
        yield from mine.filter(status__in=statuses).select_related("partner").order_by("-created_at")[:most]


def _talk(deal: Deal, place: int) -> Iterator[Note | InternalNote]:
    """A question and its answer, some hours apart; for every third an internal note."""
    here = {"partner_id": deal.partner_id, "deal": deal}
    asked, answered = _after(deal, 3), _after(deal, 20)
    if deal.assigned_to_id is None:
        return
    yield Note(
        **here, text=ASKED[place % 3], written_by_id=deal.assigned_to_id, by_vendor=True, written_at=asked
    )
    yield Note(**here, text=ANSWERED[place % 3], written_by_id=deal.registered_by_id, written_at=answered)
    if place % 3 == 0:
        text = INTERNAL[place // 3 % len(INTERNAL)]
        moment = _after(deal, 4)
        yield InternalNote(**here, text=text, written_by_id=deal.assigned_to_id, written_at=moment)


def _after(deal: Deal, hours: int) -> datetime:
    """So long after it was submitted, and never in the future."""
    moment = (deal.submitted_at or deal.created_at) + timedelta(hours=hours)
    return min(moment, timezone.now() - timedelta(minutes=90 - hours))


def _hand_in(deal: Deal, place: int) -> None:
    name, text = PAPERS[place % len(PAPERS)]
    upload = checked(name, text.encode() or _pdf(f"Order intent of {deal.customer_name}"))
    row = Attachment(partner_id=deal.partner_id, deal=deal, **upload.as_fields(deal.registered_by))
    row.uploaded_at = _after(deal, 1)
    row.save()
    _told("deals.file_added", deal, row.uploaded_at, files=[row.name])


def _told(kind: str, deal: Deal, moment: datetime, **more: object) -> None:
    """As the person who registered it."""
    data = {"reference": deal.reference, "customer": deal.customer_name, **more}
    with entered(system_scope(deal.vendor.pk, deal.registered_by_id)):
        record(kind, partner_id=deal.partner_id, subject=deal, data=data, occurred_at=moment)


def _pdf(line: str) -> bytes:
    """One page with one line."""
    shown = "".join(sign for sign in line if sign.isascii() and sign not in "()\\")
    text = f"BT /F1 16 Tf 60 760 Td ({shown}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(made))
    return made + head + table + tail


# Changes -----------------------------------------------------------------------------------------------


def _change(vendor: Vendor, partner: Partner) -> None:
    """Of three running deals one grew a little, one a lot, and one may get another product."""
    running = Deal.objects.filter(partner=partner, status=DealStatus.APPROVED, amount__isnull=False)
    deals = list(running.filter(registered_by__isnull=False).order_by("-approved_at")[:3])
    for deal, how in zip(deals, (_grew, _wants_more, _wants_a_product), strict=False):
        how(vendor, deal)


def _grew(vendor: Vendor, deal: Deal) -> None:
    """It has the new amount already."""
    before = (deal.amount or 0) * 10 // 11 // 100_00 * 100_00
    _written(vendor, deal, before, deal.amount or 0, RequestStatus.GRANTED, "")


def _wants_more(vendor: Vendor, deal: Deal) -> None:
    amount = (deal.amount or 0) * 3 // 2
    why = "the amount changes by half since it was approved, more than 20%"
    _written(vendor, deal, deal.amount or 0, amount, RequestStatus.OPEN, why)


def _wants_a_product(vendor: Vendor, deal: Deal) -> None:
    taken = deal.lines.values("product")
    product = Product.objects.filter(is_active=True).exclude(pk__in=taken).order_by("pk").first()
    if product is None:
        return
    amount = deal.amount or 0
    _written(vendor, deal, amount, amount, RequestStatus.OPEN, "it adds a product", product)


def _written(
    vendor: Vendor,
    deal: Deal,
    before: int,
    amount: int,
    status: str,
    why: str,
    product: Product | None = None,
) -> None:
    asked = max(deal.approved_at or deal.created_at, timezone.now() - timedelta(hours=5))
    amendment = Amendment.objects.create(
        partner_id=deal.partner_id,
        deal=deal,
        status=status,
        why=why,
        reason="They want the second line covered from the start.",
        amount_before=before,
        amount=amount,
        close_before=deal.expected_close,
        expected_close=deal.expected_close,
        requested_by=deal.registered_by,
        requested_at=asked,
        due_at=decision_due(vendor, asked) if why else asked,
        decided_at=None if why else asked,
    )
    if product:
        AmendmentLine.objects.create(
            partner_id=deal.partner_id,
            amendment=amendment,
            product=product,
            quantity=2,
            verdict=Verdict.CLEAR,
        )
    changes = changes_of(amendment)
    what = "requested" if why else "granted_at_once"
    _told(f"deals.amendment_{what}", deal, asked, changes=changes)
