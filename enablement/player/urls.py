from django.urls import path

from enablement.player import views

urlpatterns = [
    path("courses/<slug:slug>/", views.course, name="course"),
    path("courses/<slug:slug>/enrol/", views.enrol, name="enrol"),
    path("courses/<slug:slug>/leave/", views.leave, name="leave"),
    path("courses/<slug:slug>/<int:position>/", views.module, name="module"),
    path("courses/<slug:slug>/<int:position>/done/", views.done, name="module_done"),
    path("courses/<slug:slug>/<int:position>/skip/", views.skip, name="module_skip"),
    path("courses/<slug:slug>/<int:position>/place/", views.place, name="module_place"),
    path("courses/<slug:slug>/preview/<int:number>/<int:position>/", views.preview, name="preview"),
    path("files/<id:pk>/", views.download, name="file"),
    path("captions/<id:pk>/", views.captions, name="captions"),
    path("pictures/<id:pk>/", views.picture, name="picture"),
]
