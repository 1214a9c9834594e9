from django.urls import path

from deals.special_prices import views

urlpatterns = [
    path("prices/<id:pk>/grant/", views.price_grant, name="price_grant"),
    path("prices/<id:pk>/refuse/", views.price_refuse, name="price_refuse"),
    path("prices/<id:pk>/withdraw/", views.price_withdraw, name="price_withdraw"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("price/", views.price, name="price"),
]
