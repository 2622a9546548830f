"""Settings as ``startproject`` writes them, with Haystack; ``HAYSTACK_SITE`` names the folder it keeps."""

import os
from pathlib import Path

FOLDER = Path(os.environ["HAYSTACK_SITE"])
SECRET_KEY = "only-compared-with"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "haystack",
    "tests.bench.haystack_site",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "tests.bench.haystack_site.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "site.sqlite3"}}
LANGUAGE_CODE = "zh-hans"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
HAYSTACK_CONNECTIONS = {
    "default": {
        "ENGINE": "tests.bench.haystack_site.chinese_backend.ChineseWhooshEngine",
        "PATH": str(FOLDER / "whoosh"),
    }
}
HAYSTACK_SEARCH_RESULTS_PER_PAGE = 20
