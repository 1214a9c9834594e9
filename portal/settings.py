"""Settings: one file, from the environment only, failing loudly when something is missing."""

from pathlib import Path

from portal import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("PORTAL_VAR", BASE_DIR / "var"))

DEBUG = env.flag("DEBUG")
#: Demo mode: generated vendors with printed passwords. Never in production.
DEMO = env.flag("DEMO")
SECRET_KEY = env.text("SECRET_KEY")
#: Former ones still open what was signed or sealed with them, addresses in old mails included.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
#: Seals the private keys that sign badges. Once changed, they are to be replaced unless it was SECRET_KEY.
BADGE_KEY_SECRET = env.text("BADGE_KEY_SECRET", "") or SECRET_KEY
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
#: Plain http is for the demo and for tests; everywhere else every cookie and redirect is https only.
HTTPS = env.flag("HTTPS", default=not (DEMO or DEBUG))

INSTALLED_APPS = [
    "portal",
    "partners",
    "deals",
    "enablement",
    "mdf",
    "scorecards",
    *(["demo"] if (BASE_DIR / "demo").is_dir() else []),  # the image for production goes without
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "portal.apps.VendorAdminConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "guardian",
    "django_htmx",
    "django_filters",
    "import_export",
    "django_countries",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.tenancy.middleware.VendorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.tenancy.middleware.ScopeMiddleware",
    "portal.tenancy.middleware.MemberRequiredMiddleware",
    "portal.tenancy.middleware.AccountFormMiddleware",
    "portal.tenancy.middleware.MethodMiddleware",
]

ROOT_URLCONF = "portal.urls"
#: Addresses without a vendor (no vendor host, no /v/<slug>/): sign-in and the vendor switcher.
LOBBY_URLCONF = "portal.urls_lobby"
#: What answers at the host of CONTENT_URL: learning content, and nothing of the portal.
CONTENT_URLCONF = "portal.urls_content"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.ui.navigation.shell",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

DATABASES = {
    # The unprivileged role: web, worker, beat, commands, demo and tests.
    "default": {**env.database("DATABASE_URL"), "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True},
}
if env.text("DATABASE_OWNER_URL", ""):
    # Owns the tables: migrations and bulk loads only, so web and workers in production do without. Row
    # security does not bind it.
    DATABASES["owner"] = {**env.database("DATABASE_OWNER_URL"), "CONN_MAX_AGE": 0}
for _database in DATABASES.values():
    # A server-side cursor outlives its transaction, and with it the scope.
    _database["DISABLE_SERVER_SIDE_CURSORS"] = True
#: The role that migrations grant rights to; tests change the connection, never this name.
APP_ROLE = str(DATABASES["default"]["USER"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "portal.people.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_FORMS = {
    "login": "portal.ui.forms.SignInForm",
    "reset_password": "portal.ui.forms.PasswordForgottenForm",
}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Invitations prove the address; nobody signs up unasked.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Failed sign-ins are counted in portal/accounts.py. Whole offices come from one address, so what counts per
# address is wide; what counts per account or person stays narrow.
ACCOUNT_RATE_LIMITS = {
    "login": "600/m/ip",
    "reset_password": "60/m/ip,5/h/key",
    "reset_password_from_key": "60/m/ip",
    "signup": "60/m/ip",
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Partner Portal"

GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None

CSRF_FAILURE_VIEW = "portal.people.views.csrf_failure"
SESSION_ENGINE = "portal.people.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY") else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"  # stored and thought in UTC; pages activate the vendor's zone
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["portal.ui.formats"]

#: Files that people handed in (portal/uploads.py). No address leads here: views hand them out, one by one.
MEDIA_ROOT = env.text("MEDIA_ROOT", VAR_DIR / "media")
UPLOAD_LIMIT = env.number("UPLOAD_LIMIT_MB", 10) * 2**20  # one file
PACKAGE_LIMIT = env.number("PACKAGE_LIMIT_MB", 200) * 2**20  # one learning package, packed
PACKAGE_UNPACKED_LIMIT = env.number("PACKAGE_UNPACKED_LIMIT_MB", 1000) * 2**20
UPLOAD_TOTAL_LIMIT = env.number("UPLOAD_TOTAL_LIMIT_MB", 50) * 2**20  # all files of one deal
#: What one request to the learning record store may hold, attachments included.
LEARNING_RECORD_LIMIT = env.number("LEARNING_RECORD_LIMIT_MB", 20) * 2**20
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # Only the portal's own user reads them.
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 600

EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends.filebased.EmailBackend"
    if DEMO
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "portal@localhost")

#: Where the portal answers, for links in e-mails.
BASE_URL = env.text("BASE_URL", "http://localhost:8000").rstrip("/")
#: Where learning content runs: an address with a host of its own, which the portal's cookies never reach.
#: Without one content runs in a sandbox without an origin, where some of it works less well. A browser takes
#: every name under localhost for this machine, so the demo has one too.
CONTENT_URL = env.text(
    "CONTENT_URL", BASE_URL.replace("//localhost", "//content.localhost") if DEMO else ""
).rstrip("/")
CONTENT_HOST = CONTENT_URL.partition("//")[2].partition(":")[0]

REDIS_URL = env.text("REDIS_URL")
#: Holds counts of tries (portal/limits.py, and allauth's own), which every process must see alike.
CACHES = {
    "default": {
        "BACKEND": "portal.limits.SharedCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": {
            "serializer": "portal.limits.JsonSerializer",
            "socket_connect_timeout": 1,
            "socket_timeout": 1,
        },
    }
}
#: Proxies (addresses or networks) whose X-Forwarded-For is believed; of all others only the peer counts.
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
