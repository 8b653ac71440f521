"""How long compilers take for real sources, on this machine: rates for `rates.py`, which names and records them.

Needs cargo with Debian's crates (librust-clap-dev, -tokio-dev, -reqwest-dev, -regex-dev, -serde-json-dev, -anyhow-dev), javac with
openjdk-17-source, Maven with maven-debian-helper, gcc, g++, cmake, and npm. Nothing but npm's packages is fetched. Seconds are those of the
clock on an idle machine, and of all processors together.
"""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import tempfile
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CRATES = Path("/usr/share/cargo/registry")
JDK_SOURCES = Path("/usr/lib/jvm/openjdk-17/lib/src.zip")
DEPENDENCIES = {
    "anyhow": 'anyhow = "1"',
    "json": 'serde_json = "1"\nregex = "1"',
    "clap": 'clap = "4"',
    "tokio": 'tokio = { version = "1", features = ["rt-multi-thread", "net", "macros"] }',
    "reqwest": 'reqwest = { version = "0.11", features = ["json"] }',
}
RUST_LINE = "#[inline(never)] fn f{0}(a: u64, b: u64) -> u64 {{ let mut c = a; for i in 0..b {{ c = c.wrapping_mul({0}) ^ i; }} c % 7 }}\n"
NPM = (
    "typescript@5.5",
    "rxjs@7",
    "three@0.160",
    "esbuild@0.21",
    "webpack@5",
    "webpack-cli@5",
    "better-sqlite3@11",
    "leveldown@6",
)
JAVA_LINE = (
    "  static int f{0}(java.util.List<Integer> a, int b) {{ int c = b; for (int x : a) c += x * {0}; return c % 7; }}\n"
)
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId>
<artifactId>a</artifactId><version>1</version><packaging>jar</packaging>
<properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties></project>
"""


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def timed(command: str, where: Path) -> tuple[float, float]:
    """Seconds of the clock, and of the processors, that a command takes. Raises CalledProcessError when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, shell=True, cwd=where, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S602
    clock = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def size(where: Path) -> int:
    """Bytes of the files below a folder."""
    return sum(path.stat().st_size for path in where.rglob("*") if path.is_file() and not path.is_symlink())


def lines(files: list[Path]) -> int:
    """Lines of files."""
    return sum(path.read_bytes().count(b"\n") for path in files)


def cargo() -> dict[str, Any]:
    """`cargo build --release` of an empty program with crates of Debian, and of 8,000 lines of its own.

    Crates that are compiled, seconds of the clock, of the processors, bytes under target; then kilolines and seconds of a build
    after an edit.
    """
    rows = []
    for wanted in DEPENDENCIES.values():
        with folder() as top:
            crates = _crate(top, wanted, 1)
            clock, spent = timed("cargo build --release --offline", top)
            rows.append((crates, clock, spent, size(top / "target")))
    own = []
    for count in (1, 2000, 8000):
        with folder() as top:
            _crate(top, "", count)
            clock, _ = timed("cargo build --release --offline", top)
            own.append((count / 1000, clock))
    with folder() as top:
        _crate(top, DEPENDENCIES["reqwest"], 1)
        timed("cargo build --release --offline", top)
        (top / "src" / "main.rs").write_text('fn main() { println!("2"); }\n')
        edited, _ = timed("cargo build --release --offline", top)
    return {
        "crates_clock_cpu_bytes": rows,
        "s_per_crate": [clock / max(count, 1) for count, clock, *_ in rows],
        "bytes_per_crate": [kept / max(count, 1) for count, _, _, kept in rows],
        "kilolines_and_seconds": own,
        "edited_s": edited,
    }


def _crate(top: Path, wanted: str, count: int) -> int:
    """Writes a program; the number of crates that it needs."""
    (top / "src").mkdir()
    (top / ".cargo").mkdir()
    (top / ".cargo" / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "{CRATES}"\n'
    )
    (top / "Cargo.toml").write_text(
        f'[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n{wanted}\n'
    )
    functions = "".join(RUST_LINE.format(number) for number in range(count))
    calls = "".join(f"b += f{number}(b, {number});" for number in range(count))
    (top / "src" / "main.rs").write_text(f'{functions}fn main() {{ let mut b = 1; {calls} println!("{{b}}"); }}\n')
    plan = subprocess.run(
        ["cargo", "tree", "--offline", "--prefix", "none", "-e", "normal,build"],  # noqa: S607
        cwd=top,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return len({re.sub(r" \(\*\)", "", line) for line in plan.splitlines() if line}) - 1


def javac() -> dict[str, Any]:
    """`javac` over packages of the JDK's own library: kilolines and seconds, and bytes of classes a line."""
    rows = []
    classes = []
    for packages in (("java/util/zip",), ("java/text",), ("java/util/concurrent",), ("java/util", "java/time")):
        with folder() as top, zipfile.ZipFile(JDK_SOURCES) as archive:
            names = [
                name
                for name in archive.namelist()
                if name.startswith(tuple(f"java.base/{package}/" for package in packages)) and name.endswith(".java")
            ]
            for name in names:
                archive.extract(name, top)
            files = [top / name for name in names]
            (top / "files").write_text("\n".join(map(str, files)))
            base = top / "java.base"
            clock, _ = timed(f"javac -nowarn -XDignore.symbol.file --patch-module java.base={base} -d out @files", top)
            rows.append((lines(files) / 1000, clock))
            classes.append(size(top / "out") / lines(files))
    return {"kilolines_and_seconds": rows, "bytes_per_line": classes}


def maven() -> dict[str, Any]:
    """`mvn package` offline with Debian's plugins, of a module of one line and of 5,000: kilolines and seconds; then again."""
    rows = []
    for count in (1, 5000):
        with folder() as top:
            sources = top / "src" / "main" / "java"
            sources.mkdir(parents=True)
            body = "".join(JAVA_LINE.format(number) for number in range(count))
            (sources / "A.java").write_text(f"class A {{\n{body}}}\n")
            (top / "pom.xml").write_text(POM)
            command = "mvn -q -o -s /etc/maven/settings-debian.xml package"
            rows.append((count / 1000, timed(command, top)[0], timed(command, top)[0]))
    return {"kilolines_first_again": rows}


def c_sources() -> dict[str, Any]:
    """`gcc -O2 -c` of SQLite (C) and `g++ -O2 -c` of LevelDB (C++), on one core: kilolines, seconds, bytes of objects a line."""
    with folder() as top:
        packages = _npm(top)
        found = {}
        sqlite = packages / "better-sqlite3" / "deps" / "sqlite3"
        leveldb = packages / "leveldown" / "deps" / "leveldb" / "leveldb-1.20"
        sets = {
            "C": ("gcc -O2 -c", sorted(sqlite.glob("sqlite3.c")), sqlite),
            "C++": (
                "g++ -O2 -c -DOS_LINUX -DLEVELDB_PLATFORM_POSIX -I. -Iinclude",
                sorted(
                    path for path in leveldb.glob("[dtu]*/*.cc") if "test" not in path.name and "bench" not in path.name
                ),
                leveldb,
            ),
        }
        for name, (command, files, where) in sets.items():
            done, clock, kept = 0, 0.0, 0
            for file in files:
                try:
                    clock += timed(f"{command} {file} -o {top}/a.o", where)[0]
                except subprocess.CalledProcessError:
                    continue
                done += lines([file])
                kept += (top / "a.o").stat().st_size
            found[name] = {
                "kilolines": done / 1000,
                "seconds": clock,
                "s_per_kiloline": 1000 * clock / done,
                "bytes_per_line": kept / done,
            }
        small = top / "small"
        small.mkdir()
        (small / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.10)\nproject(a)\nadd_executable(a a.c)\n"
        )
        (small / "a.c").write_text("int main(void) { return 0; }\n")
        found["cmake"] = {
            "configure_s": timed("cmake -S . -B b", small)[0],
            "build_s": timed("cmake --build b", small)[0],
        }
        return found


def typescript() -> dict[str, Any]:
    """`tsc` over RxJS' sources, `esbuild` and `webpack` of a bundle with three.js: kilolines, seconds."""
    with folder() as top:
        packages = _npm(top)
        sources = packages / "rxjs" / "src"
        shutil.copytree(sources, top / "src")
        files = list((top / "src").rglob("*.ts"))
        (top / "tsconfig.json").write_text(
            '{"compilerOptions": {"outDir": "out", "target": "es2019", "module": "commonjs", "moduleResolution": "node", '
            '"strict": true, "skipLibCheck": true, "lib": ["es2019", "dom"]}, "files": ["src/index.ts"]}'
        )
        (top / "a.js").write_text("import * as three from 'three';\nconsole.log(three);\n")
        tsc, _ = timed("npx tsc -p tsconfig.json || true", top)
        esbuild, _ = timed("npx esbuild a.js --bundle --minify --outfile=b.js", top)
        webpack, _ = timed("npx webpack --mode production ./a.js -o dist", top)
        bundled = lines([packages / "three" / "build" / "three.module.js"]) / 1000
        return {
            "tsc": {"kilolines": lines(files) / 1000, "seconds": tsc},
            "esbuild": {"kilolines": bundled, "seconds": esbuild},
            "webpack": {"kilolines": bundled, "seconds": webpack},
        }


def _npm(top: Path) -> Path:
    (top / "package.json").write_text('{"private": true}')
    timed(f"npm install --no-audit --no-fund --ignore-scripts {' '.join(NPM)}", top)
    timed("node node_modules/esbuild/install.js || true", top)
    return top / "node_modules"
