from django.urls import path

from deals.registration import views

urlpatterns = [
    path("register/", views.register, name="create"),
    path("register/duplicates/", views.duplicates, name="duplicates"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("edit/", views.edit, name="edit"),
    path("withdraw/", views.withdraw, name="withdraw"),
]
