from django.urls import path

from deals.registration.bulk import views

urlpatterns = [
    path("register/many/", views.bulk, name="bulk"),
    path("register/many/template/", views.bulk_template, name="bulk_template"),
    path("register/many/<id:pk>/", views.bulk_rows, name="bulk_rows"),
    path("register/many/<id:pk>/register/", views.bulk_register, name="bulk_register"),
    path("register/many/<id:pk>/rejected/", views.bulk_rejected, name="bulk_rejected"),
]
