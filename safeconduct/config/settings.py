"""Every setting, from the environment, with its default. docs/configuration.md lists them and a test compares.

Refuses to start on a value it cannot read; there is no second settings file.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from safeconduct.config import environment
from safeconduct.lib import clock, folder

PACKAGE = Path(__file__).resolve().parent.parent

# The data folder and what kind it is.
SAFECONDUCT_HOME = Path(environment.text("SAFECONDUCT_HOME", "./var")).resolve()
SAFECONDUCT_FOLDER_KIND = folder.kind_of(SAFECONDUCT_HOME)
SAFECONDUCT_DEMO_FOLDER = SAFECONDUCT_FOLDER_KIND == "demo"
if os.environ.get(clock.ENVIRONMENT_NAME):
    if SAFECONDUCT_FOLDER_KIND == "real":
        raise ImproperlyConfigured("--at and SAFECONDUCT_AT are for demo and test folders only")
    try:
        clock.parse_instant(os.environ[clock.ENVIRONMENT_NAME])
    except ValueError as error:
        raise ImproperlyConfigured("SAFECONDUCT_AT must be an ISO 8601 instant") from error

# The address people use. Operators may also set it on the set-up page; the environment wins.
SAFECONDUCT_PORT = environment.integer("SAFECONDUCT_PORT", 8000, least=1, most=65535)
SAFECONDUCT_BIND = environment.text("SAFECONDUCT_BIND", "127.0.0.1")
SAFECONDUCT_URL_IS_FIXED = bool(environment.text("SAFECONDUCT_URL"))
SAFECONDUCT_URL = (
    environment.text("SAFECONDUCT_URL")
    or folder.base_url(SAFECONDUCT_HOME)
    or f"http://127.0.0.1:{SAFECONDUCT_PORT}"
).rstrip("/")
SAFECONDUCT_TRUSTED_PROXIES = environment.integer("SAFECONDUCT_TRUSTED_PROXIES", 0, most=5)
SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES = environment.boolean("SAFECONDUCT_ALLOW_PRIVATE_ADDRESSES")
SAFECONDUCT_FETCH_SECONDS = environment.integer("SAFECONDUCT_FETCH_SECONDS", 30, least=5, most=300)
SAFECONDUCT_DOCUMENT_DAYS = environment.integer("SAFECONDUCT_DOCUMENT_DAYS", 30, least=1, most=3650)
SAFECONDUCT_ONE_INCIDENT = environment.boolean("SAFECONDUCT_ONE_INCIDENT", default=True)
SAFECONDUCT_WEB_WORKERS = environment.integer("SAFECONDUCT_WEB_WORKERS", 1, least=1, most=32)

# Mail. Empty: what the operator entered in the desk; nothing there either: deliveries are held.
SAFECONDUCT_EMAIL_URL = environment.text("EMAIL_URL")
SAFECONDUCT_EMAIL_FROM = environment.text("SAFECONDUCT_EMAIL_FROM")
# The mailbox that bookings are forwarded to, and whose word about senders is believed (safeconduct/inbox).
SAFECONDUCT_BOOKINGS_IMAP = environment.text("SAFECONDUCT_BOOKINGS_IMAP")
SAFECONDUCT_BOOKINGS_ADDRESS = environment.text("SAFECONDUCT_BOOKINGS_ADDRESS")
SAFECONDUCT_BOOKINGS_AUTHSERV = environment.text("SAFECONDUCT_BOOKINGS_AUTHSERV").lower()
SAFECONDUCT_BOOKINGS_DAYS = environment.integer("SAFECONDUCT_BOOKINGS_DAYS", 30, least=1, most=365)
SAFECONDUCT_EMAIL_WINDOW = environment.integer("SAFECONDUCT_EMAIL_WINDOW", 20, least=1, most=100)

# Security.
DEBUG = environment.boolean("SAFECONDUCT_DEBUG")
# Commands that only read the settings (a type check, a look-up) leave no file in a folder that was never set up.
SECRET_KEY = (
    folder.secret(SAFECONDUCT_HOME, "signing")
    if folder.is_marked(SAFECONDUCT_HOME)
    else secrets.token_urlsafe(48)
)
ALLOWED_HOSTS = environment.names("SAFECONDUCT_HOSTS") or ["*"]
_secure = SAFECONDUCT_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "safeconduct_session"
CSRF_COOKIE_NAME = "safeconduct_csrf"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
CSRF_FAILURE_VIEW = "safeconduct.web.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [SAFECONDUCT_URL] if SAFECONDUCT_URL else []
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if _secure else 0
X_FRAME_OPTIONS = "DENY"
if SAFECONDUCT_TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "safeconduct.audit",
    "safeconduct.outbox",
    "safeconduct.places",
    "safeconduct.accounts",
    "safeconduct.orgs",
    "safeconduct.centres",
    "safeconduct.notify",
    "safeconduct.feeds",
    "safeconduct.advisories",
    "safeconduct.alerts",
    "safeconduct.ratings",
    "safeconduct.trips",
    "safeconduct.inbox",
    "safeconduct.guides",
    "safeconduct.matching",
    "safeconduct.advice",
    "safeconduct.ops",
    "safeconduct.web",
    # After ours: our templates of the same name come first.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "safeconduct.web.middleware.content_security_policy",
    "safeconduct.web.middleware.readable_request",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "safeconduct.web.middleware.reader",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "safeconduct.accounts.middleware.last_seen",
    "safeconduct.orgs.middleware.current_membership",
    "safeconduct.accounts.middleware.fresh_consent",
    "safeconduct.web.middleware.ExpectedErrors",
]

ROOT_URLCONF = "safeconduct.config.urls"
WSGI_APPLICATION = "safeconduct.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "safeconduct.web.context.shell",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# Storage.
DATABASES = {"default": environment.database(environment.text("DATABASE_URL"), SAFECONDUCT_HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_embedded = DATABASES["default"]["ENGINE"].endswith("sqlite3")
CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(SAFECONDUCT_HOME / "cache"),
            "OPTIONS": {"MAX_ENTRIES": 20000},
        }
        if _embedded
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "shared_cache",
            "OPTIONS": {"MAX_ENTRIES": 20000},
        }
    )
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
MEDIA_ROOT = SAFECONDUCT_HOME / "files"

# Static files are few and small: WhiteNoise serves them from the packages; nothing is collected.
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# Words and time.
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("de", _("German")),
    ("fr", _("French")),
    ("es", _("Spanish")),
    ("ar", _("Arabic")),
]
LANGUAGE_COOKIE_NAME = "safeconduct_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [PACKAGE / "locale"]

# People.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "safeconduct.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_FORMS = {
    "login": "safeconduct.accounts.forms.LoginForm",
    "signup": "safeconduct.accounts.forms.SignupForm",
    "add_email": "safeconduct.accounts.forms.AddEmailForm",
    "change_password": "safeconduct.accounts.forms.ChangePasswordForm",
    "reset_password": "safeconduct.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "safeconduct.accounts.forms.ResetPasswordKeyForm",
    "confirm_email_verification_code": "safeconduct.accounts.forms.VerifyCodeForm",
    "confirm_password_reset_code": "safeconduct.accounts.forms.ResetCodeForm",
    "reauthenticate": "safeconduct.accounts.forms.ReauthenticateForm",
}
# A campus comes from one address: sign-up and reset are limited per network loosely, per mail address tightly.
ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    "signup": "60/m/ip",
    "reset_password": "20/m/ip,5/h/key",
    "confirm_email": "5/m/key",
}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = SAFECONDUCT_TRUSTED_PROXIES
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {
    "activate_totp": "safeconduct.accounts.two_step.ActivateForm",
    "authenticate": "safeconduct.accounts.two_step.AuthenticateForm",
    "reauthenticate": "safeconduct.accounts.two_step.ReauthenticateForm",
}
MFA_ADAPTER = "safeconduct.accounts.two_step.TwoStepAdapter"
MFA_TOTP_ISSUER = "Safeconduct"
MFA_TOTP_TOLERANCE = 1
USERSESSIONS_TRACK_ACTIVITY = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "safeconduct.accounts.passwords.OrganisationPasswordValidator"},
]

# Logs: one JSON line each, to stderr, without personal data.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "safeconduct.lib.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": environment.text("SAFECONDUCT_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
    },
}
