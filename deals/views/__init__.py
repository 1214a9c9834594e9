"""Pages of the deals app: parse, call, render."""

from deals.views.acting import approve, lost, reject, send_back, stage, start_review, withdraw, won
from deals.views.amending import amend, amendment_approve, amendment_reject, amendment_withdraw
from deals.views.bulk import bulk, bulk_register, bulk_rejected, bulk_rows, bulk_template
from deals.views.cases import (
    case,
    case_appeal,
    case_attach,
    case_close,
    case_decide,
    case_file,
    case_list,
    case_open,
    case_paper,
)
from deals.views.checking import check
from deals.views.conversing import attach, file, file_remove, note, remark
from deals.views.extending import extend, extend_by_mail, grant_extension, refuse_extension
from deals.views.lists import deal_list, export, for_partner, inbox, requests
from deals.views.page import claims, detail
from deals.views.pricing import price, price_grant, price_refuse, price_withdraw
from deals.views.proving import proof, proof_accept, proof_file, proof_refuse
from deals.views.registering import duplicates, edit, register
from deals.views.sharing import (
    credit,
    credit_confirm,
    credit_decline,
    credit_end,
    credit_withdraw,
    share_accept,
    share_decline,
    shared,
)
from deals.views.terms import terms

__all__ = [
    "amend", "amendment_approve", "amendment_reject", "amendment_withdraw", "approve", "attach", "bulk",
    "bulk_register", "bulk_rejected", "bulk_rows", "bulk_template", "case", "case_appeal", "case_attach",
    "case_close", "case_decide", "case_file", "case_list", "case_open", "case_paper", "check", "claims",
    "credit", "credit_confirm", "credit_decline", "credit_end", "credit_withdraw", "deal_list", "detail",
    "duplicates", "edit", "export", "extend", "extend_by_mail", "file", "file_remove", "for_partner",
    "grant_extension", "inbox", "lost", "note", "price", "price_grant", "price_refuse", "price_withdraw",
    "proof", "proof_accept", "proof_file", "proof_refuse", "refuse_extension", "register", "reject",
    "remark", "requests", "send_back", "share_accept", "share_decline", "shared", "stage", "start_review",
    "terms", "withdraw", "won",
]  # fmt: skip
