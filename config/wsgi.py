"""WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# What a loaded process consists of stays until it ends: searching it for garbage over and over would cost each page
# some of its time. Frozen before the server forks, its memory also stays shared. A page makes far more objects than
# the default threshold, nearly all of which end with the answer.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
