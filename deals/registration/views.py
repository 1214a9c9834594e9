"""The registration form: a new deal, a draft, or the answer to a question."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deals.approvals import selectors as approvals_selectors
from deals.conflicts.views import Checked, checked, own_or_404
from deals.deal import policies
from deals.deal import selectors as deal_selectors
from deals.deal.models import Deal, DealLine, DealStatus
from deals.notes import services as notes_services
from deals.notes.forms import FilesForm
from deals.page.actions import act_with_form
from deals.page.views import deal_or_404
from deals.registration import selectors, services
from deals.registration.forms import MOST_LINES, DealForm, ProductLines, WithdrawForm, product_choices
from partners import selectors as partners_selectors
from portal.money import exchange
from portal.tenancy.http import PortalRequest
from portal.ui.versions import VersionedForm

_PREFIX = "lines"
_NEW_LINE = {"product": "", "quantity": "1"}


@require_http_methods(["GET", "POST"])
def register(request: PortalRequest) -> HttpResponseBase:
    if not policies.may_register(request.actor):
        raise PermissionDenied("Only people of an active partner register deals.")
    return _answered(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    if not policies.may("edit", request.actor, deal):
        raise PermissionDenied("Only the partner changes a registration.")
    if not deal.is_editable:
        return _not_now(request, deal)
    return _answered(request, deal)


def _not_now(request: PortalRequest, deal: Deal) -> HttpResponseBase:
    """Sent twice, or opened from an old tab: the deal's page shows what became of it."""
    if request.method == "GET":
        messages.info(request, "This registration can be read but not changed now.")
    return redirect("deals:detail", deal.reference)


def _answered(request: PortalRequest, deal: Deal | None) -> HttpResponseBase:
    if request.method == "GET":
        return _empty(request, deal)
    if "add_line" in request.POST or "remove_line" in request.POST:
        return _other_lines(request, deal)
    if "check" in request.POST:
        return _only_checked(request, deal)
    return _sent(request, deal)


def _empty(request: PortalRequest, deal: Deal | None) -> HttpResponse:
    form = _form(request, deal)
    present = deal_selectors.lines_of(deal) if deal else []
    if deal:
        watch_lines(form, present)
    return _form_page(request, deal, form, product_lines(initial=lines_typed(present)))


def lines_typed(lines: Iterable[DealLine]) -> list[dict[str, Any]]:
    """The rows of products as the form shows them; one to fill in where there are none."""
    rows = [{"product": line.product_id, "quantity": line.quantity} for line in lines]
    return rows or [_NEW_LINE]


def watch_lines(form: VersionedForm, lines: Iterable[Any], data: QueryDict | None = None) -> None:
    """The rows of products beside a form: what the record has now, and what was sent."""
    lines = list(lines)
    now = sorted(f"{line.product_id} x {line.quantity}" for line in lines)
    rows = typed_lines(data) if data else []
    sent = sorted(f"{row['product']} x {row['quantity']}" for row in rows if row["product"])
    words = ", ".join(f"{line.quantity:,} {line.product}" for line in lines)
    form.watch("products", "The list of products", now=now, sent=sent, words=words)


def _other_lines(request: PortalRequest, deal: Deal | None) -> HttpResponse:
    """Another row of products, or one less; what was typed is kept, nothing is judged yet."""
    form = _form(request, deal, initial=request.POST.dict())
    return _form_page(request, deal, form, other_lines(request.POST))


def other_lines(data: QueryDict) -> Any:
    """The rows of products that were typed, with one more or one less."""
    rows = typed_lines(data)
    removed = data.get("remove_line", "")
    if removed.isdecimal() and int(removed) < len(rows):
        del rows[int(removed)]
    if "add_line" in data or not rows:
        rows.append(_NEW_LINE)
    lines = product_lines(initial=rows)
    lines.forms[-1].fields["product"].widget.attrs["autofocus"] = True
    return lines


def _only_checked(request: PortalRequest, deal: Deal | None) -> HttpResponse:
    """The conflict check without scripts; what was typed is kept, nothing else is judged yet."""
    form = _form(request, deal, initial=request.POST.dict())
    lines = product_lines(initial=typed_lines(request.POST) or [_NEW_LINE])
    return _form_page(request, deal, form, lines, checked=checked(request.actor, request.POST))


def typed_lines(data: QueryDict) -> list[dict[str, str]]:
    return [
        {name: data.get(f"{_PREFIX}-{place}-{name}", "") for name in ("product", "quantity")}
        for place in range(_count(data))
    ]


def _count(data: QueryDict) -> int:
    """How many rows of products were sent: at least one, and no more than can be asked to be fewer."""
    total = data.get(f"{_PREFIX}-TOTAL_FORMS", "")
    return max(1, min(int(total), MOST_LINES + 1)) if total.isdecimal() else 1


def _sent(request: PortalRequest, deal: Deal | None) -> HttpResponseBase:
    draft = "submit" not in request.POST
    form = _form(request, deal, request.POST, draft=draft)
    present = deal_selectors.lines_of(deal) if deal else []
    if deal:
        watch_lines(form, present, request.POST)
    lines = product_lines(data=request.POST, draft=draft)
    files = FilesForm(request.POST, request.FILES, auto_id="files_%s", optional=True)
    if not all([form.is_valid(), lines.is_valid(), files.is_valid()]):
        lines = product_lines(initial=lines_typed(present)) if "products" in form.left_alone else lines
        return _form_page(request, deal, form, lines, files=files, status=422)
    if not draft and _unconfirmed_twin(request, deal, form, lines):
        return _form_page(request, deal, form, lines, files=files, status=422, ask_twin=True)
    try:
        saved = _saved(request, deal, form, lines, files, draft)
    except ValidationError as error:
        return _refused(request, deal, form, lines, files, error)
    done = "Draft saved." if draft else "Submitted. You hear back by the time shown below."
    messages.success(request, done)
    return redirect("deals:edit" if draft else "deals:detail", saved.reference)


@transaction.atomic
def _saved(
    request: PortalRequest, deal: Deal | None, form: DealForm, lines: Any, files: FilesForm, draft: bool
) -> Deal:
    actor, key = request.actor, None if deal else form.key(lines.pairs)
    saved = services.deal_draft_save(actor=actor, deal=deal, answers=form.answers, lines=lines.pairs, key=key)
    uploads = files.cleaned_data["uploads"]
    if uploads and saved.is_editable:  # the same form sent twice may find it submitted already
        notes_services.deal_files_add(actor=actor, deal=saved, uploads=uploads)
    if draft:
        return saved
    submit = services.deal_resubmit if saved.status == DealStatus.RETURNED else services.deal_submit
    return submit(actor=actor, deal=saved)


def _refused(
    request: PortalRequest,
    deal: Deal | None,
    form: DealForm,
    lines: Any,
    files: FilesForm,
    error: ValidationError,
) -> HttpResponseBase:
    """The service's objections beside the answers they are about."""
    if getattr(error, "code", "") == "illegal" and deal is not None:
        return _not_now(request, deal_or_404(request, deal.reference))
    problems = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for name, texts in problems.items():
        if name == "products":
            lines.forms[0].add_error("product", texts)
        elif name == "uploads":
            files.add_error(name, texts)
        else:
            form.add_error(name if name in form.fields else None, texts)
    return _form_page(request, deal, form, lines, files=files, status=422)


def _unconfirmed_twin(request: PortalRequest, deal: Deal | None, form: DealForm, lines: Any) -> bool:
    """Whether the partner has this customer open already and has not said that this is another deal."""
    if request.POST.get("another_deal"):
        return False
    known = deal or selectors.deal_of_form(request.actor, form.key(lines.pairs))
    return bool(_twins(request, form, known))


def _twins(request: PortalRequest, form: DealForm, known: Deal | None) -> list[Deal]:
    name, domain = form["customer_name"].value() or "", form["customer_domain"].value() or ""
    return selectors.own_duplicates(request.actor, name, domain, other_than=known)


def _form(request: PortalRequest, deal: Deal | None, *args: Any, **more: Any) -> DealForm:
    more.setdefault("initial", DealForm.initial_of(deal) if deal else {})
    return DealForm(*args, currencies=_currencies(request, deal), today=request.vendor.today, **more)


def _currencies(request: PortalRequest, deal: Deal | None) -> list[str]:
    """The vendor's own first, then those with a rate; a deal keeps the one it has."""
    own = request.vendor.currency
    others = set(exchange.currencies_with_rates()) | ({deal.currency} if deal else set())
    return [own, *sorted(others - {own})]


def product_lines(*, data: Any = None, initial: Any = None, draft: bool = False) -> Any:
    products = product_choices(partners_selectors.products_on_offer())
    if data is not None:
        data = data.copy()
        data[f"{_PREFIX}-TOTAL_FORMS"] = str(_count(data))
        data[f"{_PREFIX}-INITIAL_FORMS"] = "0"
    formset: Any = ProductLines(data, prefix=_PREFIX, initial=initial, form_kwargs={"products": products})
    formset.draft = draft
    return formset


def _form_page(
    request: PortalRequest,
    deal: Deal | None,
    form: DealForm,
    lines: Any,
    *,
    status: int = 200,
    ask_twin: bool = False,
    checked: Checked | None = None,
    files: FilesForm | None = None,
) -> HttpResponse:
    tier = deal.partner.tier if deal else None
    chosen = bool(files and request.FILES)
    lines.ask_for_answers()
    context = {
        "deal": deal,
        "form": form,
        "lines": lines,
        "files": files or FilesForm(auto_id="files_%s", optional=True),
        "files_again": chosen,  # no browser keeps a choice of files
        "twins": _twins(request, form, deal) if form["customer_name"].value() else [],
        "ask_twin": ask_twin,
        "checked": checked,
        "days": (tier.protection_days if tier else None) or request.vendor.protection_days,
        "hours": request.vendor.decision_hours,
        "decision_time": approvals_selectors.decision_time(),
        "amount_label": f"Amount of the whole deal, in {request.vendor.currency}",
    }
    return render(request, "deals/registration/register.html", context, status=status)


@require_GET
def duplicates(request: PortalRequest) -> HttpResponse:
    """The partner's own open deals for the customer being typed; a fragment of the form."""
    if not policies.may_register(request.actor):
        raise PermissionDenied("Only people of an active partner register deals.")
    name, domain = (request.GET.get(field, "")[:253] for field in ("customer_name", "customer_domain"))
    twins = selectors.own_duplicates(request.actor, name, domain)
    edited = own_or_404(request.actor, request.GET.get("deal", ""))
    twins = [twin for twin in twins if twin.reference != edited]
    return render(request, "deals/registration/_duplicates.html", {"twins": twins})


@require_POST
def withdraw(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    form = WithdrawForm(request.POST, auto_id="withdraw_%s")
    done = "Withdrawn." if deal.submitted_at else "Discarded."
    return act_with_form(request, deal, "withdraw", services.deal_withdraw, done, "withdraw_form", form)
