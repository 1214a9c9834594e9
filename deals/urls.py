from django.urls import path

from deals.amendments import views as amendments_views
from deals.approvals import views as approvals_views
from deals.conflicts import views as conflicts_views
from deals.disputes import views as disputes_views
from deals.notes import views as notes_views
from deals.outcome import views as outcome_views
from deals.page import lists, terms
from deals.page import views as page_views
from deals.proofs import views as proofs_views
from deals.protection import views as protection_views
from deals.registration import views as registration_views
from deals.registration.bulk import views as bulk_views
from deals.shared_credit import views as shared_credit_views
from deals.special_prices import views as special_prices_views

app_name = "deals"
urlpatterns = [
    path("", lists.deal_list, name="list"),
    path("export/", lists.export, name="export"),
    path("register/", registration_views.register, name="create"),
    path("register/check/", conflicts_views.check, name="check"),
    path("register/duplicates/", registration_views.duplicates, name="duplicates"),
    path("register/many/", bulk_views.bulk, name="bulk"),
    path("register/many/template/", bulk_views.bulk_template, name="bulk_template"),
    path("register/many/<id:pk>/", bulk_views.bulk_rows, name="bulk_rows"),
    path("register/many/<id:pk>/register/", bulk_views.bulk_register, name="bulk_register"),
    path("register/many/<id:pk>/rejected/", bulk_views.bulk_rejected, name="bulk_rejected"),
    path("inbox/", lists.inbox, name="inbox"),
    path("cases/", disputes_views.case_list, name="cases"),
    path("cases/<id:pk>/", disputes_views.case, name="case"),
    path("cases/<id:pk>/files/<id:file>/", disputes_views.case_paper, name="case_paper"),
    path("cases/<id:pk>/decide/", disputes_views.case_decide, name="case_decide"),
    path("cases/<id:pk>/close/", disputes_views.case_close, name="case_close"),
    path("extend/<str:token>/", protection_views.extend_by_mail, name="extend_by_mail"),
    path("inbox/requests/", lists.requests, name="requests"),
    path("shared/", shared_credit_views.shared, name="shared"),
    path("shared/<id:pk>/accept/", shared_credit_views.share_accept, name="share_accept"),
    path("shared/<id:pk>/decline/", shared_credit_views.share_decline, name="share_decline"),
    path("credit/<id:pk>/confirm/", shared_credit_views.credit_confirm, name="credit_confirm"),
    path("credit/<id:pk>/decline/", shared_credit_views.credit_decline, name="credit_decline"),
    path("credit/<id:pk>/end/", shared_credit_views.credit_end, name="credit_end"),
    path("credit/<id:pk>/withdraw/", shared_credit_views.credit_withdraw, name="credit_withdraw"),
    path("proofs/<id:pk>/accept/", proofs_views.proof_accept, name="proof_accept"),
    path("proofs/<id:pk>/refuse/", proofs_views.proof_refuse, name="proof_refuse"),
    path("proofs/files/<id:pk>/", proofs_views.proof_file, name="proof_file"),
    path("prices/<id:pk>/grant/", special_prices_views.price_grant, name="price_grant"),
    path("prices/<id:pk>/refuse/", special_prices_views.price_refuse, name="price_refuse"),
    path("prices/<id:pk>/withdraw/", special_prices_views.price_withdraw, name="price_withdraw"),
    path("changes/<id:pk>/approve/", amendments_views.amendment_approve, name="amendment_approve"),
    path("changes/<id:pk>/reject/", amendments_views.amendment_reject, name="amendment_reject"),
    path("changes/<id:pk>/withdraw/", amendments_views.amendment_withdraw, name="amendment_withdraw"),
    path("of/<slug:slug>/", lists.for_partner, name="for_partner"),
    # References are slugs: nothing else, NUL included, ever reaches the database.
    path("<slug:reference>/", page_views.detail, name="detail"),
    path("<slug:reference>/edit/", registration_views.edit, name="edit"),
    path("<slug:reference>/claims/", page_views.claims, name="claims"),
    path("<slug:reference>/terms/", terms.terms, name="terms"),
    path("<slug:reference>/change/", amendments_views.amend, name="amend"),
    path("<slug:reference>/credit/", shared_credit_views.credit, name="credit"),
    path("<slug:reference>/proof/", proofs_views.proof, name="proof"),
    path("<slug:reference>/price/", special_prices_views.price, name="price"),
    path("<slug:reference>/review/", approvals_views.start_review, name="review"),
    path("<slug:reference>/approve/", approvals_views.approve, name="approve"),
    path("<slug:reference>/return/", approvals_views.send_back, name="return"),
    path("<slug:reference>/reject/", approvals_views.reject, name="reject"),
    path("<slug:reference>/files/", notes_views.attach, name="attach"),
    path("<slug:reference>/files/<id:pk>/", notes_views.file, name="file"),
    path("<slug:reference>/files/<id:pk>/remove/", notes_views.file_remove, name="file_remove"),
    path("<slug:reference>/note/", notes_views.note, name="note"),
    path("<slug:reference>/internal-note/", notes_views.remark, name="remark"),
    path("<slug:reference>/withdraw/", registration_views.withdraw, name="withdraw"),
    path("<slug:reference>/claims/open/", disputes_views.case_open, name="case_open"),
    path("<slug:reference>/conflict/<id:pk>/appeal/", disputes_views.case_appeal, name="case_appeal"),
    path("<slug:reference>/conflict/<id:pk>/attach/", disputes_views.case_attach, name="case_attach"),
    path("<slug:reference>/conflict/files/<id:pk>/", disputes_views.case_file, name="case_file"),
    path("<slug:reference>/extend/", protection_views.extend, name="extend"),
    path("<slug:reference>/extend/<id:pk>/grant/", protection_views.grant_extension, name="grant_extension"),
    path(
        "<slug:reference>/extend/<id:pk>/refuse/", protection_views.refuse_extension, name="refuse_extension"
    ),
    path("<slug:reference>/stage/", outcome_views.stage, name="stage"),
    path("<slug:reference>/won/", outcome_views.won, name="won"),
    path("<slug:reference>/lost/", outcome_views.lost, name="lost"),
]
