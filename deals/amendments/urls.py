from django.urls import path

from deals.amendments import views

urlpatterns = [
    path("changes/<id:pk>/approve/", views.amendment_approve, name="amendment_approve"),
    path("changes/<id:pk>/reject/", views.amendment_reject, name="amendment_reject"),
    path("changes/<id:pk>/withdraw/", views.amendment_withdraw, name="amendment_withdraw"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("change/", views.amend, name="amend"),
]
