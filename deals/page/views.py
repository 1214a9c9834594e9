"""One deal: where it stands, what happened, what can be done."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from deals.approvals import selectors as approvals_selectors
from deals.conflicts.claims import claims_beside
from deals.deal import policies
from deals.deal import presenters as deal_presenters
from deals.deal import selectors as deal_selectors
from deals.deal.forms import ReasonForm
from deals.deal.models import Deal
from deals.disputes.forms import AppealForm, PreferenceForm
from deals.disputes.models import CaseState
from deals.disputes.selectors import sides_of
from deals.notes.forms import FilesForm, NoteForm
from deals.notes.selectors import told_of
from deals.outcome.forms import LostForm, StageForm, WonForm
from deals.page import presenters, selectors
from deals.protection.forms import ExtensionForm
from deals.protection.selectors import extensions_of
from deals.registration.forms import WithdrawForm
from deals.registration.selectors import terms
from portal.tenancy.http import PortalRequest
from portal.ui.forms import place_objections


def deal_or_404(request: PortalRequest, reference: str) -> Deal:
    try:
        return selectors.deal_for_page(request.actor, reference)
    except Deal.DoesNotExist as error:
        raise Http404(reference) from error


@require_GET
def detail(request: PortalRequest, reference: str) -> HttpResponse:
    return deal_page(request, deal_or_404(request, reference))


def deal_page(request: PortalRequest, deal: Deal, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The page of a deal. `forms` take the place of its own, to show what was wrong with them."""
    actor = request.actor
    actions, for_partner = policies.actions(actor, deal), policies.may_work(actor, deal)
    told, limits = told_of(deal, actor), terms() if deal.resubmissions else None
    if limits and not limits.may_be_returned(deal):
        actions -= {"return"}
    lines = deal_selectors.lines_of(deal)
    context = {
        "deal": deal,
        "lines": lines,
        "contested": any(line.is_contested for line in lines),
        "closing": presenters.is_closing(deal, request.vendor.today),
        "stage_history": deal_selectors.stage_history(deal) if deal.stage_id else [],
        "terms": limits,
        "history": presenters.history(told),
        "files": [one for one in told if one.type == "file"],
        "may_remove": _may_remove(request, actions),
        "headline": presenters.headline(deal, for_partner=for_partner),
        "steps": presenters.progress(deal, vendor=request.vendor.name, for_partner=for_partner),
        "bar": presenters.protection_bar(deal),
        "look": deal_presenters.look(deal),
        "verdicts": deal_presenters.VERDICTS,
        "actions": actions,
        "weighted": _weighted(deal),
        **_approvals(request, deal),
        **_conversation(request, deal, actions),
        **_forms(deal, actions, request.vendor.today),
        **_extensions(deal, actions),
        **_conflict(request.actor, deal),
        **forms,
    }
    return render(request, "deals/page/detail.html", context, status=status)


def deal_page_refused(
    request: PortalRequest, deal: Deal, name: str, form: Form, error: ValidationError
) -> HttpResponse:
    """The page after a service refused the answers: objections to a field beside it, all others on top.

    The deal is read anew, for it may have moved on meanwhile; what was typed stays in the form.
    """
    problems = place_objections(form, error)
    current = deal_or_404(request, deal.reference)
    return deal_page(request, current, status=422, problems=problems, **{name: form})


def _approvals(request: PortalRequest, deal: Deal) -> dict[str, Any]:
    """Who approves and by when, for both sides; why it came to them, for the vendor's own people."""
    if not deal.is_pending:
        return {}
    steps = approvals_selectors.approval_steps(deal)
    return {
        "approvals": steps,
        "running": next((step for step in steps if not step.decided_at), None),
        "on_turn": policies.is_on_turn(request.actor, deal),
        "decision_time": approvals_selectors.decision_time() if request.actor.is_partner_person else None,
    }


def _conversation(request: PortalRequest, deal: Deal, actions: frozenset[str]) -> dict[str, Any]:
    """The forms for files, notes and taking it back, of who may use them now."""
    made: dict[str, Any] = {}
    if actions & {"attach", "enclose"}:
        made["files_form"] = FilesForm(auto_id="files_%s")
    if "note" in actions and deal.submitted_at:
        made["note_form"] = note_form(request, deal)
    if "remark" in actions:
        made["remark_form"] = remark_form()
    if "withdraw" in actions and deal.submitted_at:
        made["withdraw_form"] = WithdrawForm(auto_id="withdraw_%s")
    return made


def _may_remove(request: PortalRequest, actions: frozenset[str]) -> str:
    """Whose files the person may remove: "vendor", "partner", or "" for nobody's."""
    if not actions & {"attach", "enclose"}:
        return ""
    return "vendor" if request.actor.is_staff else "partner"


def note_form(request: PortalRequest, deal: Deal, data: Any = None) -> NoteForm:
    other = deal.partner.name if request.actor.is_staff else request.vendor.name
    return NoteForm(data, label=f"Note to {other}", auto_id="note_%s")


def remark_form(data: Any = None) -> NoteForm:
    return NoteForm(data, label="Internal note", auto_id="remark_%s")


def _weighted(deal: Deal) -> int | None:
    """The amount by the likelihood of its stage, in minor units of the deal's currency."""
    if deal.amount is None or deal.stage is None or not deal.is_open:
        return None
    return deal.amount * deal.stage.probability // 100


def _forms(deal: Deal, actions: frozenset[str], today: date) -> dict[str, Any]:
    """Only those the person can use now. Ids differ, because they stand on one page."""
    made: dict[str, Any] = {}
    if "return" in actions:
        made["return_form"] = reason_form("return")
    if "reject" in actions:
        made["reject_form"] = reason_form("reject")
    if "stage" in actions:
        made["stage_form"] = StageForm(
            initial={"stage": deal.stage_id}, stages=deal_selectors.stages_offered(deal)
        )
        made["won_form"] = WonForm(deal=deal, today=today, auto_id="won_%s")
        made["lost_form"] = LostForm(initial={"competitor": deal.competitor}, auto_id="lost_%s")
    return made


def _extensions(deal: Deal, actions: frozenset[str]) -> dict[str, Any]:
    """What was asked for and decided, and the forms of who may ask or decide."""
    if deal.approved_at is None or deal.expires_at is None:
        return {}
    shown = extensions_of(deal, may_ask="extend" in actions)
    made: dict[str, Any] = {"extensions": shown}
    if shown.room and not shown.room.why_not:
        made["extend_form"] = ExtensionForm(deal=deal, room=shown.room, auto_id="extend_%s")
    if shown.waiting and "grant" in actions:
        made["refuse_form"] = reason_form("refuse")
    return made


def _conflict(actor: Any, deal: Deal) -> dict[str, Any]:
    """The deal's own side of conflict cases, and what its partner can still do."""
    shown = sides_of(deal)
    if not shown:
        return {}
    made: dict[str, Any] = {"sides": shown}
    made["open_case"] = next((side.case_id for side in shown if side.state == CaseState.OPEN), None)
    if policies.may("appeal", actor, deal):
        made["appeal_form"] = AppealForm(auto_id="appeal_%s")
    if policies.may("attach_to_case", actor, deal):
        made["preference_form"] = PreferenceForm(auto_id="preference_%s")
    return made


def reason_form(action: str, data: Any = None) -> ReasonForm:
    label = {
        "return": "What do you need to know?",
        "reject": "Why is it rejected?",
        "refuse": "Why is it refused?",
    }[action]
    return ReasonForm(data, label=label, auto_id=f"{action}_%s")


@require_GET
def claims(request: PortalRequest, reference: str) -> HttpResponse:
    """Who else asks for this customer, side by side and how we know; for those who decide."""
    deal = deal_or_404(request, reference)
    if not policies.may_decide(request.actor, deal):
        raise Http404("for those who decide")
    context = {
        "deal": deal,
        "claims": claims_beside(deal) if deal.is_pending else [],
        "frame": "deals/page/_bare.html" if request.htmx else "base.html",
    }
    return render(request, "deals/page/claims.html", context)
