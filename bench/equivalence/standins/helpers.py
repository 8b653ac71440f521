"""curl, wget, git, sudo, useradd, groupadd, gpg."""

import os
import sys

from common import digest, fail, need_network, read, split, write


def payload(url):
    """What a server gives: an archive where the name says so."""
    if url.endswith((".tar.gz", ".tgz", ".tar")):
        text = f"{digest(url)}\n".encode()
        name = b"pack/file.txt"
        header = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + f"{len(text):011o}\0".encode() + b"00000000000\0"
        header += b" " * 8 + b"0" + b"\0" * 100 + b"ustar\x0000" + b"\0" * 247
        header = header.ljust(512, b"\0")
        total = sum(header)
        header = header[:148] + f"{total:06o}\0 ".encode() + header[156:]
        data = header + text.ljust(512, b"\0") + b"\0" * 1024
        if url.endswith("gz"):
            import zlib

            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            data = packer.compress(data) + packer.flush()
        return data
    if url.endswith(".sh"):
        return f"#!/bin/sh\necho installed > /usr/local/{digest(url)}\n".encode()
    return f"{digest(url)}\n".encode()


def save(path, data):
    if path == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    with open(path, "wb") as file:
        file.write(data)


def curl(name, words):
    joined = list(words)
    values = ("-o", "--output", "-H", "--retry", "-A", "--connect-timeout")
    for index, word in enumerate(joined):
        # -fsSLo x
        if word.startswith("-") and not word.startswith("--") and word.endswith("o") and len(word) > 2:
            joined[index : index + 1] = [word[:-1], "-o"]
    options, urls = split(joined, values=values)
    if not urls:
        print("curl 7.88")
    short = "".join(item[1:] for item in options if not item.startswith("--"))
    for url in urls:
        need_network("curl: (6) Could not resolve host")
        if "missing" in url:
            if "f" in short or "--fail" in options:
                fail("curl: (22) The requested URL returned error: 404", 22)
            sys.stdout.write("404\n")
            continue
        out = (options.get("-o") or options.get("--output") or ["-"])[0]
        save(url.rsplit("/", 1)[-1] if "O" in short or "--remote-name" in options else out, payload(url))


def wget(_, words):
    joined = []
    for word in words:
        if word.startswith("-") and not word.startswith("--") and len(word) > 2 and word[-1] in "OP":
            joined += [word[:-1], "-" + word[-1]]
        elif word.startswith("-O") and len(word) > 2:
            joined += ["-O", word[2:]]
        else:
            joined.append(word)
    options, urls = split(joined, values=("-O", "-P", "--output-document", "--directory-prefix"))
    for url in urls:
        need_network("wget: unable to resolve host address")
        if "missing" in url:
            fail("ERROR 404: Not Found.", 8)
        folder = (options.get("-P") or options.get("--directory-prefix") or ["."])[0]
        out = (options.get("-O") or options.get("--output-document") or [f"{folder}/{url.rsplit('/', 1)[-1]}"])[0]
        save(out, payload(url))
        quiet = any(item in options for item in ("-q", "--quiet", "-nv", "--no-verbose", "--progress=dot:giga"))
        if not quiet:
            sys.stderr.write("100%\n")


def git(_, words):
    options, rest = split(words, values=("-b", "--branch", "--depth", "-c", "-C"))
    if rest[:1] != ["clone"]:
        print("git version 2.39")
        return
    need_network("fatal: unable to access")
    folder = rest[2] if len(rest) > 2 else rest[1].rsplit("/", 1)[-1].removesuffix(".git")
    if os.path.isdir(folder) and os.listdir(folder):
        fail(f"fatal: destination path '{folder}' already exists and is not an empty directory.", 128)
    write(f"{folder}/README.md", digest(rest[1], options.get("-b"), options.get("--branch")) + "\n")
    write(f"{folder}/.git/HEAD", "ref: refs/heads/main\n")


def sudo(_, words):
    while words and words[0].startswith("-"):
        words = words[1:]
    sys.exit(os.spawnvp(os.P_WAIT, words[0], words))


def entry(path, line):
    write(path, read(path, "") + line + "\n")


def taken(path):
    return [int(line.split(":")[2]) for line in read(path, "").splitlines() if line.count(":") > 1]


def useradd(name, words):
    values = ("-u", "--uid", "-g", "--gid", "-G", "--groups", "-s", "--shell", "-d", "--home", "--home-dir", "-c", "--comment")
    options, rest = split(words, values=values)
    joined = "".join(item[1:] for item in options if not item.startswith("--"))
    user = rest[0]
    if any(line.startswith(user + ":") for line in read("/etc/passwd").splitlines()):
        fail(f"useradd: user '{user}' already exists", 9)
    system = "r" in joined or "--system" in options
    used = taken("/etc/passwd")
    number = (options.get("-u") or options.get("--uid") or [None])[0]
    number = int(number) if number else next(i for i in (range(999, 100, -1) if system else range(1000, 60000)) if i not in used)
    group = (options.get("-g") or options.get("--gid") or [None])[0]
    if group is None:
        gid = number if number not in taken("/etc/group") else max(taken("/etc/group")) + 1
        entry("/etc/group", f"{user}:x:{gid}:")
        entry("/etc/gshadow", f"{user}:!::")
    else:
        found = [line.split(":") for line in read("/etc/group").splitlines() if line.split(":")[0] == group or line.split(":")[2] == group]
        if not found:
            fail(f"useradd: group '{group}' does not exist", 6)
        gid = found[0][2]
    where = (options.get("-d") or options.get("--home-dir") or options.get("--home") or [f"/home/{user}"])[0]
    shell = (options.get("-s") or options.get("--shell") or ["/bin/sh"])[0]
    entry("/etc/passwd", f"{user}:x:{number}:{gid}::{where}:{shell}")
    entry("/etc/shadow", f"{user}:!:19000:0:99999:7:::")
    if ("m" in joined.replace("rm", "m") and "M" not in joined) or "--create-home" in options:
        os.makedirs(where, exist_ok=True)
        os.chown(where, number, int(gid))
        os.chmod(where, 0o700)
    if "l" not in joined and "--no-log-init" not in options:
        with open("/var/log/lastlog", "ab") as file:
            file.truncate(min(292 * (number + 1), 1 << 22))


def groupadd(_, words):
    options, rest = split(words, values=("-g", "--gid"))
    number = (options.get("-g") or options.get("--gid") or [None])[0]
    used = taken("/etc/group")
    system = "-r" in options or "--system" in options
    number = number or next(i for i in (range(999, 100, -1) if system else range(1000, 60000)) if i not in used)
    if any(line.startswith(rest[0] + ":") for line in read("/etc/group").splitlines()):
        fail(f"groupadd: group '{rest[0]}' already exists", 9)
    entry("/etc/group", f"{rest[0]}:x:{number}:")
    entry("/etc/gshadow", f"{rest[0]}:!::")


def adduser(_, words):
    """busybox's."""
    options, rest = split(words, values=("-u", "-G", "-s", "-h", "-g"))
    short = {"-u": "-u", "-G": "-g", "-s": "-s", "-h": "-d"}
    given = [word for item, values in options.items() if item in short for word in (short[item], values[0])]
    useradd("useradd", [*given, *(["-r"] if "-S" in options else []), *([] if "-H" in options else ["-m"]), "-l", rest[0]])


def addgroup(_, words):
    options, rest = split(words, values=("-g",))
    groupadd("groupadd", [*(["-g", options["-g"][0]] if "-g" in options else []), *(["-r"] if "-S" in options else []), rest[0]])


def gpg(_, words):
    print("gpg 2.2")


COMMANDS = {"curl": curl, "wget": wget, "git": git, "sudo": sudo, "useradd": useradd, "groupadd": groupadd, "adduser": adduser, "addgroup": addgroup, "gpg": gpg}
