from django.urls import path

from deals.shared_credit import views

urlpatterns = [
    path("shared/", views.shared, name="shared"),
    path("shared/<int:pk>/accept/", views.share_accept, name="share_accept"),
    path("shared/<int:pk>/decline/", views.share_decline, name="share_decline"),
    path("credit/<int:pk>/confirm/", views.credit_confirm, name="credit_confirm"),
    path("credit/<int:pk>/decline/", views.credit_decline, name="credit_decline"),
    path("credit/<int:pk>/end/", views.credit_end, name="credit_end"),
    path("credit/<int:pk>/withdraw/", views.credit_withdraw, name="credit_withdraw"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("credit/", views.credit, name="credit"),
]
