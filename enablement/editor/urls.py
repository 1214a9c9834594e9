from django.urls import path

from enablement.editor import question_views, views

urlpatterns = [
    path("edit/", views.course_list, name="edit"),
    path("edit/new/", views.course_new, name="edit_course_new"),
    path("edit/courses/<slug:slug>/", views.course_page, name="edit_course"),
    path("edit/courses/<slug:slug>/details/", views.course_details, name="edit_details"),
    path("edit/courses/<slug:slug>/retire/", views.retire, name="edit_retire"),
    path("edit/courses/<slug:slug>/draft/", views.draft, name="edit_draft"),
    path("edit/courses/<slug:slug>/discard/", views.discard, name="edit_discard"),
    path("edit/courses/<slug:slug>/publish/", views.publish, name="edit_publish"),
    path("edit/courses/<slug:slug>/files/", views.file_add, name="edit_file"),
    path("edit/courses/<slug:slug>/refreshers/", views.refresher_add, name="edit_refresher"),
    path(
        "edit/courses/<slug:slug>/refreshers/<id:pk>/remove/",
        views.refresher_remove,
        name="edit_refresher_remove",
    ),
    path("edit/courses/<slug:slug>/add/<slug:kind>/", views.module_new, name="edit_module_new"),
    path("edit/courses/<slug:slug>/modules/<id:pk>/", views.module_edit, name="edit_module"),
    path("edit/courses/<slug:slug>/modules/<id:pk>/move/", views.module_move, name="edit_module_move"),
    path("edit/courses/<slug:slug>/modules/<id:pk>/remove/", views.module_remove, name="edit_module_remove"),
    path("edit/courses/<slug:slug>/modules/<id:pk>/test/", views.quiz, name="edit_quiz"),
    path("edit/courses/<slug:slug>/pools/new/", question_views.pool_new, name="edit_pool_new"),
    path("edit/pools/<id:pk>/", question_views.pool, name="edit_pool"),
    path("edit/pools/<id:pk>/name/", question_views.pool_edit, name="edit_pool_name"),
    path("edit/pools/<id:pk>/import/", question_views.pool_import, name="edit_pool_import"),
    path("edit/pools/<id:pk>/questions/new/", question_views.question_new, name="edit_question_new"),
    path("edit/questions/<id:pk>/", question_views.question_edit, name="edit_question"),
    path("edit/questions/<id:pk>/retire/", question_views.question_retire, name="edit_question_retire"),
    path("edit/paths/", question_views.path_list, name="edit_paths"),
    path("edit/paths/new/", question_views.path_new, name="edit_path_new"),
    path("edit/paths/<slug:slug>/", question_views.path_edit, name="edit_path"),
    path("edit/paths/<slug:slug>/retire/", question_views.path_retire, name="edit_path_retire"),
]
