from django.urls import path

from deals.page import lists, terms, views

urlpatterns = [
    path("", lists.deal_list, name="list"),
    path("export/", lists.export, name="export"),
    path("inbox/", lists.inbox, name="inbox"),
    path("inbox/requests/", lists.requests, name="requests"),
    path("of/<slug:slug>/", lists.for_partner, name="for_partner"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("", views.detail, name="detail"),
    path("claims/", views.claims, name="claims"),
    path("terms/", terms.terms, name="terms"),
]
