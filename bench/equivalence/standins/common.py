"""What all stand-ins share. Only `os` and `sys` are imported: a stand-in must start in some milliseconds."""

import os
import sys

# A step says its time here, in place of the clock: what it writes is the same each time.
NETWORK = "/proc/net/dev"


def fail(text, status=1):
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.exit(status)


def digest(*parts):
    """Sixteen hexadecimal digits."""
    data = b"\x01" + "\0".join(str(part) for part in parts).encode("utf-8", "surrogateescape")
    return f"{int.from_bytes(data, 'big') % 18446744073709551557:016x}"


def online():
    """Whether there is a network interface beside the loop."""
    try:
        with open(NETWORK) as lines:
            return any(":" in line and line.split(":")[0].strip() != "lo" for line in lines)
    except OSError:
        return True


def need_network(what):
    if not online():
        fail(f"{what}: could not resolve host")


def read(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        if default is None:
            fail(f"cannot read {path}")
        return default


def write(path, text, mode=None):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    if os.path.islink(path):
        os.unlink(path)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    if mode is not None:
        os.chmod(path, mode)


def remove(path):
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        for name in os.listdir(path):
            remove(os.path.join(path, name))
        os.rmdir(path)


def empty(path):
    """Deletes what is in a folder."""
    if os.path.isdir(path):
        for name in sorted(os.listdir(path)):
            remove(os.path.join(path, name))


def link(target, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        remove(path)
    os.symlink(target, path)


def home():
    return os.environ.get("HOME") or "/"


def tree(folder, skip=()):
    """Relative paths of all files below a folder."""
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if name in skip or path in ("/proc", "/sys", "/dev"):
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            found += [f"{name}/{item}" for item in tree(path, skip)]
        else:
            found.append(name)
    return found


def literal(path):
    """What a JSON file holds."""
    text = read(path)
    try:
        return eval(text, {"__builtins__": {}, "true": True, "false": False, "null": None})
    except Exception as error:
        fail(f"{path}: not JSON: {error}")


def dump(value, indent=""):
    """JSON with sorted keys."""
    if isinstance(value, dict):
        inner = ",\n".join(f'{indent}  "{key}": {dump(value[key], indent + "  ")}' for key in sorted(value))
        return "{\n" + inner + f"\n{indent}}}" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(dump(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return '"' + str(value) + '"'


def split(words, flags=(), values=()):
    """Options as a dict and the other words; `values` are options that take the next word."""
    options, rest = {}, []
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            return options, rest + words
        if word.startswith("--") and "=" in word:
            name, value = word.split("=", 1)
            options.setdefault(name, []).append(value)
        elif word in values:
            if not words:
                fail(f"{word} needs a value")
            options.setdefault(word, []).append(words.pop(0))
        elif word.startswith("-") and word != "-":
            options.setdefault(word, []).append("")
        else:
            rest.append(word)
    return options, rest


def shell(script, cwd=None, env=None):
    """Runs a script; its exit status."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        if cwd:
            os.chdir(cwd)
        os.execve("/bin/sh", ["sh", "-c", script], {**os.environ, **(env or {})})
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def cached(folder, key, text, what, usable=True):
    """A download by way of a cache folder: what it holds under a key is not asked for again."""
    path = os.path.join(folder, key) if folder else None
    if path and usable and os.path.isfile(path):
        return read(path)
    need_network(what)
    if path and usable:
        try:
            write(path, text)
        except OSError:
            pass
    return text


def writable(folder):
    """Whether a cache folder can be used: it, or the first parent that is there, is this user's."""
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    return os.stat(folder).st_uid == os.geteuid() and os.access(folder, os.W_OK)


TOOLS = "/usr/lib/standin/tool"


def program(path, name, text):
    """Installs a program: a stand-in where there is one of that name, else a script that says what it is."""
    if os.path.exists(f"/usr/lib/standin/tools/{name}"):
        link(TOOLS, path)
    else:
        write(path, f"#!/bin/sh\necho {text} \"$@\"\n", 0o755)


def binary(path, text):
    """What a compiler makes: it says `text` when it runs, without any shell."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open("/usr/lib/standin/printer", "rb") as file:
        data = file.read()
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "wb") as file:
        file.write(data + b"\x01" + text.encode("utf-8", "surrogateescape") + b"\n")
    os.chmod(path, 0o755)
