"""Runs stand-ins for the sandbox: an interpreter that has them loaded forks for each call, which is faster than starting one.

Started by sandbox.py as a process of its own, without the site's packages. A stand-in's program (images.py, `run`) sends its process
id, its three streams, its root and its folder, and where to answer.
"""

import array
import ctypes
import gc
import os
import signal
import socket
import sys
import zlib  # noqa: F401 - stand-ins of downloads need it, and nothing can be loaded once the root has changed
from collections.abc import Callable
from typing import Any

PARENT_DIES = 1


def serve(asked: socket.socket, client: int, folder: str) -> None:
    ctypes.CDLL(None).prctl(PARENT_DIES, signal.SIGKILL)
    sys.path.insert(0, folder)
    modules = {name: __import__(module) for name, module in __import__("table").MODULES.items()}
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # a child's pages stay shared, and it does not live long enough to leave garbage
    gc.disable()
    gc.freeze()
    own = os.readlink("/proc/self/ns/net")
    while True:
        data, ancillary, *_ = asked.recvmsg(64, socket.CMSG_SPACE(6 * 4))
        if not data:
            return
        handles = array.array("i")
        for _level, _kind, part in ancillary:
            handles.frombytes(part)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(int(data), list(handles), modules, client, own)
        for handle in handles:
            os.close(handle)


def _answer(pid: int, handles: list[int], modules: dict[str, Any], client: int, own: str) -> None:
    status = 1
    reply = handles[5]
    try:
        words, uid, gid, groups = _caller(pid)
        if os.readlink(f"/proc/{pid}/ns/net") != own:
            with open(f"/proc/{pid}/ns/net") as space:
                ctypes.CDLL(None).setns(space.fileno(), 0)
        # a folder that is a mount there must be one here: it cannot be removed
        with open(f"/proc/{pid}/ns/mnt") as space:
            if ctypes.CDLL(None).setns(space.fileno(), 0) != 0:
                raise OSError("setns")
        os.fchdir(handles[3])
        os.chroot(".")
        os.fchdir(handles[4])
        for number in range(3):
            os.dup2(handles[number], number)
        os.dup2(client, 9)
        for handle in handles[:5]:
            os.close(handle)
        os.umask(0o022)
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)
        sys.argv = words
        sys.path[:] = []
        name = words[0].rsplit("/", 1)[-1]
        status = _run(modules[name].COMMANDS[name], name, words[1:])
    finally:
        try:
            os.write(reply, bytes([status & 255]))
        finally:
            os._exit(0)


def _caller(pid: int) -> tuple[list[str], int, int, list[int]]:
    """The words of a process after its interpreter, and who runs it; its variables become ours."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        words = [os.fsdecode(word) for word in file.read().split(b"\0")[1:-1]]
    with open(f"/proc/{pid}/environ", "rb") as file:
        pairs = [os.fsdecode(pair).partition("=") for pair in file.read().split(b"\0") if pair]
    os.environ.clear()
    os.environ.update({name: value for name, _, value in pairs})
    if "PYTHONPATH" in os.environ:
        os.environ["STANDIN_PYTHONPATH"] = os.environ["PYTHONPATH"]
    with open(f"/proc/{pid}/status") as lines:
        said = dict(line.split(":", 1) for line in lines)
    return words, int(said["Uid"].split()[1]), int(said["Gid"].split()[1]), [int(word) for word in said["Groups"].split()]


def _run(command: Callable[[str, list[str]], None], name: str, words: list[str]) -> int:
    try:
        command(name, words)
        status = 0
    except SystemExit as error:
        if isinstance(error.code, str):
            sys.stdout.flush()
            sys.stderr.write(error.code + "\n")
        status = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException as error:
        sys.stdout.flush()
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        status = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        pass
    return status


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), sys.argv[3])
