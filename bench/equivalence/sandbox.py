"""Runs programs in a stack of layers: overlay and chroot in a mount namespace of their own. Needs root.

One small process forks for each step; it is started before anything large is imported, as a fork copies page tables.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import pwd  # noqa: F401 - loaded here, as nothing can be imported once a child has changed its root
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
# what a step may say, in bytes
MOST_OUTPUT = 64 * 1024
FAILED_SETUP = 125
# the descriptor by which stand-ins find the server
TOOLS = 9
HERE = Path(__file__).parent

_libc = ctypes.CDLL(None, use_errno=True)

Request = dict[str, Any]


def can_run() -> str | None:
    """None where layers can be stacked here, else why not."""
    if os.geteuid() != 0:
        return "it needs root"
    with tempfile.TemporaryDirectory(dir=home()) as name:
        for folder in ("lower", "upper", "work", "merged"):
            (Path(name) / folder).mkdir()
        child = os.fork()
        if child == 0:
            try:
                _check(_libc.unshare(CLONE_NEWNS), "unshare")
                _mount(None, "/", None, MS_REC | MS_PRIVATE)
                os.chdir(name)
                _mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work")
                os.chroot("merged")
            except OSError:
                os._exit(1)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
    return "overlay file systems cannot be mounted" if status else None


def home() -> Path:
    """The folder for layers: in memory where there is some."""
    return Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())


class Sandbox:
    """A store of layers below a folder of its own, and the process that runs steps in them."""

    def __init__(self) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="eq-", dir=home()))
        for name in ("merged", "side", "empty"):
            (self.top / name).mkdir()
        server, client = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = [sys.executable, "-ISB", "-X", "utf8", str(HERE / "server.py"), str(server.fileno()), str(client.fileno())]
        self._server = subprocess.Popen([*program, str(HERE / "standins")], pass_fds=(server.fileno(), client.fileno()))
        asked, self._ask = os.pipe()
        self._answered, answer = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._ask)
            os.close(self._answered)
            try:
                _serve(self.top, asked, answer, client.fileno())
            finally:
                os._exit(0)
        os.close(asked)
        os.close(answer)
        server.close()
        client.close()
        self._replies = os.fdopen(self._answered, "rb")

    def run(self, request: Request) -> tuple[int, str]:
        """The exit status and the output of a program in `lowers` and `upper`; what it changes is in `upper` afterwards."""
        data = json.dumps(request, ensure_ascii=True).encode() + b"\n"
        view = memoryview(data)
        while view:
            view = view[os.write(self._ask, view) :]
        reply = json.loads(self._replies.readline())
        return reply["status"], reply["output"]

    def close(self) -> None:
        """Ends the process and deletes the layers."""
        os.close(self._ask)
        os.waitpid(self._pid, 0)
        self._replies.close()
        self._server.kill()
        self._server.wait()
        remove(self.top)


def remove(folder: Path) -> None:
    """Deletes a folder with all that is in it; device files of overlays included."""
    for top, folders, files in os.walk(folder, topdown=False):
        for name in files:
            os.unlink(os.path.join(top, name))
        for name in folders:
            path = os.path.join(top, name)
            (os.unlink if os.path.islink(path) else os.rmdir)(path)
    os.rmdir(folder)


# ------------------------------------------------------------ the process


def _serve(top: Path, asked: int, answer: int, tools: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(top)
    _check(_libc.unshare(CLONE_NEWNS), "unshare")
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    gc.disable()
    gc.freeze()
    with os.fdopen(asked, "rb") as lines:
        for line in lines:
            status, output = _step(json.loads(line), tools)
            reply = json.dumps({"status": status, "output": output.decode("utf-8", "replace")}).encode() + b"\n"
            while reply:
                reply = reply[os.write(answer, reply) :]


def _step(request: Request, tools: int) -> tuple[int, bytes]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.setsid()
            os.dup2(writer, 1)
            os.dup2(writer, 2)
            os.close(writer)
            _enter(request)
            os.dup2(tools, TOOLS)
            _become(request)
            os.execve(request["argv"][0], request["argv"], request["env"])
        except BaseException as error:
            os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode())
        os._exit(127 if not os.path.exists(request["argv"][0]) else FAILED_SETUP)
    os.close(writer)
    output = _read(reader, child, request.get("seconds", 20.0))
    os.close(reader)
    # what it has started in the background goes with it
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output


def _read(reader: int, child: int, seconds: float) -> bytes:
    output = b""
    end = time.monotonic() + seconds
    while True:
        if not select.select([reader], [], [], max(end - time.monotonic(), 0))[0]:
            os.killpg(child, signal.SIGKILL)
            return output + b"\nsandbox: it took too long\n"
        data = os.read(reader, 65536)
        if not data:
            # programs close their streams before they end
            _await(child, end)
            return output
        if len(output) < MOST_OUTPUT:
            output += data


def _await(child: int, end: float) -> None:
    """Waits for a process that is to be reaped, up to a time."""
    handle = os.pidfd_open(child)
    select.select([handle], [], [], max(end - time.monotonic(), 0))
    os.close(handle)


def _enter(request: Request) -> None:
    flags = CLONE_NEWNS | (0 if request.get("network", True) else CLONE_NEWNET)
    _check(_libc.unshare(flags), "unshare")
    options = f"lowerdir={':'.join(request['lowers'])},upperdir={request['upper']},workdir={request['work']}"
    _mount("overlay", "merged", "overlay", 0, options)
    here = os.getcwd()
    os.chdir("merged")
    for name in ("proc", "dev"):
        os.makedirs(name, exist_ok=True)
    # not the host's: it says which interfaces this network has
    _mount("proc", "proc", "proc", 0)
    _mount("/dev", "dev", None, MS_BIND)
    for mount in request.get("mounts", ()):
        _mount_one(mount, here)
    os.chroot(".")
    os.chdir("/")


def _mount_one(mount: dict[str, Any], here: str) -> None:
    target = os.path.join(here, "merged", mount["target"].lstrip("/"))
    if mount["kind"] == "tmpfs":
        os.makedirs(target, exist_ok=True)
        return _mount("tmpfs", target, "tmpfs", 0)
    source = os.path.join(here, mount["source"])
    if "lowers" in mount:
        side = os.path.join(here, "side")
        os.chdir(here)
        _mount("overlay", side, "overlay", MS_RDONLY, f"lowerdir={':'.join([*mount['lowers'], 'empty'])}")
        os.chdir("merged")
        source = os.path.join(side, mount["source"].lstrip("/"))
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o755))
    _mount(source, target, None, MS_BIND)
    if mount.get("readonly"):
        _mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY)
    return None


def _become(request: Request) -> None:
    os.umask(0o022)
    os.chdir(request["cwd"])
    os.setgroups(request.get("groups", []))
    os.setgid(request["gid"])
    os.setuid(request["uid"])
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if item is None else os.fsencode(item) for item in (source, target, kind, data)]
    _check(_libc.mount(encoded[0], encoded[1], encoded[2], flags, encoded[3]), f"mount {target} {data or ''}")


def _check(status: int, what: str) -> None:
    if status != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(can_run())
