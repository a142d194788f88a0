# syntax=docker/dockerfile:1
# One image for web, workers, beat and migrate; it runs as an ordinary user on a read-only root.

FROM node:22-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.13-slim AS build
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements/bootstrap.txt requirements/production.txt requirements/
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements/bootstrap.txt \
 && uv venv /opt/venv \
 && uv pip sync --no-cache --require-hashes --compile-bytecode --python /opt/venv/bin/python requirements/production.txt
COPY manage.py ./
COPY config config
COPY fleet fleet
COPY dashboards dashboards
COPY templates templates
COPY static static
COPY stack/__init__.py stack/health.py stack/
COPY --from=assets /app/node_modules /tmp/packages/node_modules
# Only the files that are served leave the packages; the stand-in settings serve this one command.
RUN /opt/venv/bin/python -c "\
import pathlib, shutil; from dashboards.static_files import NPM_FILES; \
targets = {s: pathlib.Path('node_modules', s) for s in NPM_FILES.values()}; \
[(t.parent.mkdir(parents=True, exist_ok=True), shutil.copy(pathlib.Path('/tmp/packages/node_modules', s), t)) for s, t in targets.items()]" \
 && DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost/0 FLOTILLA_SECRET_KEY=build \
    /opt/venv/bin/python manage.py collectstatic --noinput -v 0

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin flotilla
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=config.settings
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--preload", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-", "config.wsgi"]
