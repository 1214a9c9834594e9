"""Writes of the deals app: one function per business action.

Each takes keywords, `actor` first, locks the deal, looks again whether the action is legal, writes and
records its event in one transaction, and returns the deal as it is then (the object passed in is not
touched). Doing the same thing twice is once: the second call changes nothing and records nothing.
PermissionDenied for who may never do this; ValidationError, with a text for people, when it cannot be
done now.
"""

from deals.services.amending import (
    amendment_approve,
    amendment_reject,
    amendment_request,
    amendment_withdraw,
    amendments_nudge,
)
from deals.services.approving import approvals_nudge
from deals.services.beginning import programme_defaults
from deals.services.bulk import bulk_check, bulk_register, bulk_sweep
from deals.services.cases import case_appeal, case_attach, case_open, cases_mind
from deals.services.conversing import deal_file_remove, deal_files_add, deal_note, deal_remark
from deals.services.deciding import (
    deal_approve,
    deal_reject,
    deal_return,
    deal_start_review,
    deals_approve,
)
from deals.services.extending import (
    extension_grant,
    extension_refuse,
    extension_request,
    extensions_nudge,
)
from deals.services.handover import handover
from deals.services.pricing import (
    Asked,
    price_grant,
    price_refuse,
    price_request,
    price_withdraw,
    prices_mind,
)
from deals.services.protecting import protection_expire_due
from deals.services.proving import proof_accept, proof_refuse, proof_send, proofs_mind
from deals.services.publishing import decision_time_is_due, decision_time_publish
from deals.services.references import references_take
from deals.services.registering import deal_draft_save, deal_resubmit, deal_submit, deal_withdraw
from deals.services.reminding import protection_remind
from deals.services.selling import deal_lose, deal_stage_change, deal_win
from deals.services.settling import case_close, case_decide
from deals.services.sharing import (
    credit_confirm,
    credit_decline,
    credit_end,
    credit_name,
    credit_propose,
    credit_withdraw,
    share_accept,
    share_decline,
)

__all__ = [
    "Asked",
    "amendment_approve",
    "amendment_reject",
    "amendment_request",
    "amendment_withdraw",
    "amendments_nudge",
    "approvals_nudge",
    "bulk_check",
    "bulk_register",
    "bulk_sweep",
    "case_appeal",
    "case_attach",
    "case_close",
    "case_decide",
    "case_open",
    "cases_mind",
    "credit_confirm",
    "credit_decline",
    "credit_end",
    "credit_name",
    "credit_propose",
    "credit_withdraw",
    "deal_approve",
    "deal_draft_save",
    "deal_file_remove",
    "deal_files_add",
    "deal_lose",
    "deal_note",
    "deal_reject",
    "deal_remark",
    "deal_resubmit",
    "deal_return",
    "deal_stage_change",
    "deal_start_review",
    "deal_submit",
    "deal_win",
    "deal_withdraw",
    "deals_approve",
    "decision_time_is_due",
    "decision_time_publish",
    "extension_grant",
    "extension_refuse",
    "extension_request",
    "extensions_nudge",
    "handover",
    "price_grant",
    "price_refuse",
    "price_request",
    "price_withdraw",
    "prices_mind",
    "programme_defaults",
    "proof_accept",
    "proof_refuse",
    "proof_send",
    "proofs_mind",
    "protection_expire_due",
    "protection_remind",
    "references_take",
    "share_accept",
    "share_decline",
]
