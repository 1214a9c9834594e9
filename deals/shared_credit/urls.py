from django.urls import path

from deals.shared_credit import views

urlpatterns = [
    path("shared/", views.shared, name="shared"),
    path("shared/<id:pk>/accept/", views.share_accept, name="share_accept"),
    path("shared/<id:pk>/decline/", views.share_decline, name="share_decline"),
    path("credit/<id:pk>/confirm/", views.credit_confirm, name="credit_confirm"),
    path("credit/<id:pk>/decline/", views.credit_decline, name="credit_decline"),
    path("credit/<id:pk>/end/", views.credit_end, name="credit_end"),
    path("credit/<id:pk>/withdraw/", views.credit_withdraw, name="credit_withdraw"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("credit/", views.credit, name="credit"),
]
