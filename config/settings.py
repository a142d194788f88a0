"""All settings, from the environment through config.env. README.md, section Configuration, documents each name."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from kombu import Queue

from config import env
from config.logging import LEVELS, logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.boolean("FLOTILLA_DEBUG", default=False)
SECRET_KEY = env.text("FLOTILLA_SECRET_KEY", shape="50 or more random characters")
BASE_URL = env.base_url("FLOTILLA_BASE_URL", default="http://127.0.0.1:8000")
HTTPS = env.boolean("FLOTILLA_HTTPS", default=BASE_URL.startswith("https://"))
ALLOWED_HOSTS = env.words("FLOTILLA_ALLOWED_HOSTS", default=urlsplit(BASE_URL).hostname or "127.0.0.1")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if HTTPS else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "axes",
    "csp",
    "fleet",
    "dashboards",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.DependencyOutageMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.HtmxRedirectMiddleware",
    "config.middleware.MessagesToHeaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
                "dashboards.context.shell",
            ],
        },
    }
]

DATABASES = {
    "default": {
        **env.database("DATABASE_URL"),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": env.integer("FLOTILLA_DATABASE_POOL", default=8, minimum=1),
                "timeout": 5,
            },
            "connect_timeout": 5,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis_url("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
# Sessions live in the database: losing Redis must not sign anybody out.
SESSION_ENGINE = "config.sessions"

AUTH_USER_MODEL = "fleet.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview:page"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked_out.html"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
# Behind a reverse proxy the client's address is the entry of X-Forwarded-For that the outermost trusted hop added.
PROXY_HOPS = env.integer("FLOTILLA_PROXY_HOPS", default=0)
AXES_CLIENT_IP_CALLABLE = "dashboards.client.address"

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / ".flotilla" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "dashboards.static_files.NpmFinder",
]
NODE_MODULES = BASE_DIR / "node_modules"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# Templates only ever name the hashed copies; compressing the others too would double the time of a first start.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["png", "jpg", "webp", "gz", "br", "woff", "woff2", "map"]

# The one hash is that of the empty string: Plotly adds one empty <style> and fills it through the CSSOM.
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, EMPTY_STYLE],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [SELF],
    }
}
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if env.boolean("FLOTILLA_TRUST_PROXY_HTTPS", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "flotilla_session"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "flotilla_csrf"
CSRF_FAILURE_VIEW = "dashboards.errors.csrf_failure"

_smtp = env.smtp("SMTP_URL")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _smtp.host if _smtp else ""
EMAIL_PORT = _smtp.port if _smtp else 25
EMAIL_HOST_USER = _smtp.username if _smtp else ""
EMAIL_HOST_PASSWORD = _smtp.password if _smtp else ""
EMAIL_USE_TLS = bool(_smtp and _smtp.use_tls)
EMAIL_USE_SSL = bool(_smtp and _smtp.use_ssl)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("FLOTILLA_MAIL_FROM", default="flotilla@localhost")

DEFAULT_REGIONS = env.words("FLOTILLA_REGIONS", default="us-east-1")
INVENTORY_INTERVAL_S = env.integer("FLOTILLA_INVENTORY_INTERVAL_S", default=60, minimum=10)
METRICS_INTERVAL_S = env.integer("FLOTILLA_METRICS_INTERVAL_S", default=60, minimum=60)
TICK_INTERVAL_S = env.integer("FLOTILLA_TICK_INTERVAL_S", default=60, minimum=2)
BACKFILL_DAYS = env.integer("FLOTILLA_BACKFILL_DAYS", default=30, minimum=1)
FINE_HISTORY_HOURS = env.integer("FLOTILLA_FINE_HISTORY_HOURS", default=24, minimum=1)
CLOUDWATCH_DAILY_USD = env.integer("FLOTILLA_CLOUDWATCH_DAILY_USD", default=50)
COST_EXPLORER_DAILY_REQUESTS = env.integer("FLOTILLA_COST_EXPLORER_DAILY_REQUESTS", default=10, minimum=1)
OWNER_TAGS = env.words("FLOTILLA_OWNER_TAGS", default="Owner,owner")
TEAM_TAGS = env.words("FLOTILLA_TEAM_TAGS", default="Team,team")
APPLICATION_TAGS = env.words("FLOTILLA_APPLICATION_TAGS", default="Application,application")
EXPIRY_TAGS = env.words("FLOTILLA_EXPIRY_TAGS", default="Expires,expires")
KEPT_S = env.integer("FLOTILLA_KEPT_S", default=10)
STALE_AFTER_S = env.integer("FLOTILLA_STALE_AFTER_S", default=300, minimum=60)
EVENT_QUEUES = env.words("FLOTILLA_EVENT_QUEUES", default="")
OPERATION_POLL_S = env.integer("FLOTILLA_OPERATION_POLL_S", default=30, minimum=1)
OPERATION_TIMEOUT_S = env.integer("FLOTILLA_OPERATION_TIMEOUT_S", default=3600, minimum=60)
OPERATION_LEASE_S = env.integer("FLOTILLA_OPERATION_LEASE_S", default=120, minimum=5)
API_REQUESTS_PER_MINUTE = env.integer("FLOTILLA_API_REQUESTS_PER_MINUTE", default=300, minimum=1)

CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://") if REDIS_URL.startswith("unix://") else REDIS_URL
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than any task's hard limit, so that a running task is never delivered a second time.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "socket_connect_timeout": 5,
    # Bounds workers and beat; fleet.doorbell, whose ring a person waits for, has less patience.
    "socket_timeout": 30,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
# Celery would shut the process's pool of connections after each task; config.celery gives them back to it instead.
CELERY_DB_REUSE_MAX = sys.maxsize
# A page must not hang when Redis is away: the tick finds every row that missed its doorbell.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "inventory"
CELERY_TASK_QUEUES = [
    Queue(name) for name in ("inventory", "metrics", "operations", "notifications", "analysis")
]
CELERY_TASK_ROUTES = {
    "fleet.tick": {"queue": "analysis"},
    "fleet.check_account": {"queue": "inventory"},
    "fleet.sync_inventory": {"queue": "inventory"},
    "fleet.sync_due": {"queue": "inventory"},
    "fleet.sync_shards": {"queue": "inventory"},
    "fleet.retry_shards": {"queue": "inventory"},
    "fleet.sync_whole": {"queue": "inventory"},
    "fleet.sync_prices": {"queue": "inventory"},
    "fleet.read_bill": {"queue": "inventory"},
    "fleet.sync_metrics": {"queue": "metrics"},
    "fleet.backfill_metrics": {"queue": "metrics"},
    "fleet.fetch_minutes": {"queue": "metrics"},
    "fleet.update_costs": {"queue": "analysis"},
    "fleet.update_places": {"queue": "analysis"},
    "fleet.check_scaling": {"queue": "analysis"},
    "fleet.judge_caches": {"queue": "analysis"},
    "fleet.count_causes": {"queue": "analysis"},
    "fleet.plan_variant": {"queue": "analysis"},
    "fleet.compare_prediction": {"queue": "analysis"},
    "fleet.evaluate_alerts": {"queue": "analysis"},
    "fleet.advise": {"queue": "analysis"},
    "fleet.run_operation": {"queue": "operations"},
    "fleet.deliver_notifications": {"queue": "notifications"},
}
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "fleet.tick",
        "schedule": float(TICK_INTERVAL_S),
        "options": {"expires": TICK_INTERVAL_S * 0.9},
    }
}
CELERY_TIMEZONE = "UTC"

LOGGING = logging_config(debug=DEBUG, level=env.choice("FLOTILLA_LOG_LEVEL", LEVELS, default="INFO"))
LOGGING_CONFIG = "logging.config.dictConfig"
# W019 wants DENY, but the delivery log shows a sent mail in a frame of our own origin.
SILENCED_SYSTEM_CHECKS: list[str] = ["security.W019"]
