"""Addresses of deals, below /deals/. Each feature brings its own."""

from django.urls import include, path

from deals.amendments import urls as amendments
from deals.approvals import urls as approvals
from deals.conflicts import urls as conflicts
from deals.disputes import urls as disputes
from deals.notes import urls as notes
from deals.outcome import urls as outcome
from deals.page import urls as page
from deals.proofs import urls as proofs
from deals.protection import urls as protection
from deals.registration import urls as registration
from deals.registration.bulk import urls as bulk
from deals.shared_credit import urls as shared_credit
from deals.special_prices import urls as special_prices

app_name = "deals"
#: References are slugs: nothing else, NUL included, ever reaches the database.
deal_urlpatterns = [
    *page.deal_urlpatterns,
    *registration.deal_urlpatterns,
    *disputes.deal_urlpatterns,
    *protection.deal_urlpatterns,
    *shared_credit.deal_urlpatterns,
    *proofs.deal_urlpatterns,
    *special_prices.deal_urlpatterns,
    *amendments.deal_urlpatterns,
    *approvals.deal_urlpatterns,
    *notes.deal_urlpatterns,
    *outcome.deal_urlpatterns,
]
urlpatterns = [
    *page.urlpatterns,
    *registration.urlpatterns,
    *conflicts.urlpatterns,
    *bulk.urlpatterns,
    *disputes.urlpatterns,
    *protection.urlpatterns,
    *shared_credit.urlpatterns,
    *proofs.urlpatterns,
    *special_prices.urlpatterns,
    *amendments.urlpatterns,
    # Last: a reference may read like any of the addresses above.
    path("<slug:reference>/", include(deal_urlpatterns)),
]
