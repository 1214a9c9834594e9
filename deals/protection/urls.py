from django.urls import path

from deals.protection import views

urlpatterns = [
    path("extend/<str:token>/", views.extend_by_mail, name="extend_by_mail"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("extend/", views.extend, name="extend"),
    path("extend/<id:pk>/grant/", views.grant_extension, name="grant_extension"),
    path("extend/<id:pk>/refuse/", views.refuse_extension, name="refuse_extension"),
]
