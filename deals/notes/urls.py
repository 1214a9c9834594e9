from django.urls import path

from deals.notes import views

#: Below a deal's own address.
deal_urlpatterns = [
    path("files/", views.attach, name="attach"),
    path("files/<id:pk>/", views.file, name="file"),
    path("files/<id:pk>/remove/", views.file_remove, name="file_remove"),
    path("note/", views.note, name="note"),
    path("internal-note/", views.remark, name="remark"),
]
