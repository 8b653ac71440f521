"""What a setup.py reads, told from its text: usual ones, those that nobody can tell, and hostile ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.inputs import setup_py
from dockerlint.fixers.inputs.reads.local_project import project
from dockerlint.lint.context.build_context import Context

if TYPE_CHECKING:
    from pathlib import Path

SLOWEST = 5.0
HEAD = "import os, io, re, codecs, sys\nfrom os import path\nfrom pathlib import Path\nfrom setuptools import setup, find_packages\n"


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("setup(name='x')", ()),
        ("setup(long_description=open('README.md').read())", ("README.md",)),
        ("with open('README.md', encoding='utf8') as f:\n    text = f.read()\nsetup(long_description=text)", ("README.md",)),
        ("here = os.path.abspath(os.path.dirname(__file__))\nopen(os.path.join(here, 'a', 'b.txt'))", ("a/b.txt",)),
        ("here = path.dirname(path.realpath(__file__))\nio.open(path.join(here, 'VERSION'))", ("VERSION",)),
        ("HERE = Path(__file__).resolve().parent\ntext = (HERE / 'README.rst').read_text()", ("README.rst",)),
        ("Path('a').joinpath('b').read_text(encoding='utf8')", ("a/b",)),
        ("with Path(__file__).parent.joinpath('CHANGES').open() as f:\n    pass", ("CHANGES",)),
        ("codecs.open('README', 'r', 'utf8').read()", ("README",)),
        ("def read(name):\n    return open(os.path.join(os.path.dirname(__file__), name)).read()\nsetup(long_description=read('A') + read('B'))", ("A", "B")),
        ("def read(*parts):\n    with codecs.open(os.path.join(*parts)) as f:\n        return f.read()\nread('src', 'x', '__init__.py')", ("src/x/__init__.py",)),
        ("def read(name, kind='txt'):\n    return open('a.' + kind)\nread('x')\nread('x', kind='md')", ("a.txt", "a.md")),
        ("def inner(name):\n    return open(name)\ndef outer(name):\n    return inner('docs/' + name)\nouter('x')", ("docs/x",)),
        ("for name in ['A', 'B']:\n    open(name)", ("A", "B")),
        ("if sys.version_info < (3,):\n    open('old')\nelse:\n    open('new')", ("old", "new")),
        ("try:\n    open('A')\nexcept OSError:\n    open('B')\nfinally:\n    pass", ("A", "B")),
        ("if os.path.exists('A'):\n    pass", ("A",)),
        ("ROOT: str = 'docs'\nopen(f'x') if False else open(ROOT + '/a')", None),
        ("ROOT: str = 'docs'\nopen(ROOT + '/a')", ("docs/a",)),
        ("text = [line for line in open('requirements.txt')]", ("requirements.txt",)),
    ],
)
def test_files_that_are_read(text: str, reads: tuple[str, ...] | None) -> None:
    found = setup_py.read(HEAD + text + "\n")
    if reads is None:
        assert found.why is not None
    else:
        assert (found.why, set(found.reads)) == (None, set(reads))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("open(sys.argv[1])", "opens a file that dlint cannot name"),
        ("open(os.environ['X'])", "opens a file that dlint cannot name"),
        ("def read(name):\n    return open(name)\nsetup(x=read(y))", "opens a file that dlint cannot name"),
        ("open('/etc/passwd')", "opens /etc/passwd"),
        ("open('../x')", "opens ../x"),
        ("open('~/x') if x else open(os.path.expanduser('~'))", "opens a file that dlint cannot name"),
        ("import subprocess\nsubprocess.check_output(['git', 'describe'])", "calls check_output()"),
        ("from subprocess import run as go\ngo('x')", "calls run()"),
        ("os.system('x')", "calls system()"),
        ("os.listdir('.')", "calls listdir()"),
        ("import glob\nglob.glob('*.c')", "calls glob()"),
        ("Path('.').rglob('*')", "calls rglob()"),
        ("import importlib\nimportlib.import_module('x')", "calls import_module()"),
        ("__import__('x')", "calls __import__()"),
        ("eval('1')", "calls eval()"),
        ("exec(code)", "runs code that dlint cannot follow"),
        ("from . import x", "imports modules of its own package"),
        ("setup(ext_modules=[x])", "builds extensions"),
        ("setup(cmdclass={'x': y})", "has its own commands"),
        ("setup(use_scm_version=True)", "reads its version from git"),
        ("setup(scripts=['bin/x'])", "installs scripts from the source"),
        ("setup(**settings)", "computes the arguments of setup()"),
        ("def f():\n    f()\nf()", "has functions that call each other"),
        ("".join(f"open('{number}')\n" for number in range(400)), "calls too many functions to follow"),
        ("x = 'a'\nx = 'b'\nopen(x)", "opens a file that dlint cannot name"),
        ("def f(:\n", "is not Python that dlint can read"),
        ("'''", "is not Python that dlint can read"),
        ("print 'x'", "is not Python that dlint can read"),
    ],
)
def test_what_nobody_can_tell(text: str, why: str) -> None:
    assert setup_py.read(HEAD + text + "\n").why == f"setup.py {why}"


def test_code_that_it_runs() -> None:
    text = "about = {}\nwith open(os.path.join('x', '__about__.py')) as f:\n    exec(f.read(), about)\n"
    assert setup_py.read(HEAD + text).runs == ("x/__about__.py",)
    assert setup_py.read(HEAD + "exec(open('x/version.py').read())\n").runs == ("x/version.py",)
    assert setup_py.read(HEAD + "exec(compile(open('v.py').read(), 'v.py', 'exec'))\n").runs == ("v.py",)


def test_what_else_it_says() -> None:
    text = "from x import __version__\nimport numpy\nsetup(packages=find_packages('src'), install_requires=open('requirements/base.txt').read())\n"
    found = setup_py.read(HEAD + text)
    assert found.imports == ("x", "numpy")
    assert found.finds_packages
    assert found.depends
    assert found.requirements == () or found.requirements == ("requirements/base.txt",)


def test_it_is_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    setup_py.read(f"open({str(trap)!r}, 'w').write('x')\nimport os\nos.system('touch {trap}')\n")
    assert not trap.exists()


DEEP = 50_000
HOSTILE = {
    "brackets": "x = " + "(" * DEEP + ")" * DEEP,
    "lists": "x = " + "[" * DEEP,
    "minus": "x = " + "-" * DEEP + "1",
    "not": "x = " + "not " * 10_000 + "1",
    "sum": "x = " + "+".join(["1"] * 20_000),
    "dots": "x = a" + ".b" * 20_000,
    "calls": "x = a" + "()" * 20_000,
    "lambdas": "x = " + "lambda:" * 8_000 + "1",
    "ifs": "x = " + "1 if a else " * 5_000 + "1",
    "strings": "x = " + "'a' " * 15_000,
    "powers": "x = " + "a**" * 15_000 + "1",
    "elifs": "if a:\n pass\n" + "elif a:\n pass\n" * 4_000,
    "indents": "".join(" " * depth + "if a:\n" for depth in range(300)) + " " * 300 + "pass\n",
    "large": "x = 1\n" * 1_000_000,
    "comment": "#" + "x" * 5_000_000,
    "nul": "x = '\0'\n",
    "form feed": "x = 1\f\n\x0c",
    "bom": "\ufeffx = 1\n",
    "surrogate": "x = '\ud800'\n",
    "words": "def " * 10_000,
    "backslashes": "x = 1 \\\n" * 5_000,
    "decorators": "@a\n" * 10_000 + "def f(): pass\n",
    "calls in calls": "def f(x):\n    f(f(f(x)))\nf(1)\n",
    "many calls": "def f(x):\n" + "    f(x)\n" * 50 + "f(1)\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_read_or_refused(text: str) -> None:
    start = time.process_time()
    found = setup_py.read(text)
    assert time.process_time() - start < SLOWEST
    assert found.why is None or found.why.startswith("setup.py ")


@pytest.mark.parametrize("name", ["brackets", "lists", "minus", "lambdas", "sum", "calls", "large", "comment"])
def test_what_would_end_the_process_is_refused(name: str) -> None:
    assert setup_py.read(HOSTILE[name]).why is not None


# ---------------------------------------------------------------- the project around it


@pytest.mark.parametrize(
    ("files", "reads", "why"),
    [
        ({"setup.py": "from setuptools import setup\nsetup()\n"}, {"setup.py"}, None),
        (
            {"setup.py": "from x import __version__\n", "x/__init__.py": "__version__ = '1'\n"},
            {"setup.py", "x/__init__.py"},
            None,
        ),
        ({"setup.py": "from x import __version__\n", "x/__init__.py": "import flask\n"}, None, "imports flask"),
        ({"setup.py": "exec(open('v.py').read())\n", "v.py": "import os\nos.system('x')\n"}, None, "setup.py runs v.py"),
        ({"setup.py": "open('README')\n"}, None, "README is not in the build context"),
        (
            {"setup.cfg": "[metadata]\nlong_description = file: README.md, CHANGES\nversion = attr: x.v\n", "README.md": "", "CHANGES": "", "x.py": "v = 1\n"},
            {"setup.cfg", "README.md", "CHANGES", "x.py"},
            None,
        ),
        ({"setup.cfg": "[metadata]\nversion = attr: x.v\n"}, None, "pyproject.toml sets x.v"),
        ({"setup.cfg": "no section"}, None, "dlint cannot read setup.cfg"),
        ({"pyproject.toml": "[project]\nreadme = 'README.md'\nlicense = {file = 'LICENSE'}\n", "README.md": "", "LICENSE": ""}, {"pyproject.toml", "README.md", "LICENSE"}, None),
        ({"pyproject.toml": "[project]\nlicense = 'MIT'\n"}, {"pyproject.toml"}, None),
        ({"pyproject.toml": "[project]\ndynamic=['version']\n[tool.setuptools.dynamic]\nversion = {attr = 'x.v'}\n", "src/x/__init__.py": "v = 1\n"}, {"pyproject.toml", "src/x/__init__.py"}, None),
        ({"pyproject.toml": "[build-system]\nbuild-backend = 'mine'\n"}, None, "build backend mine"),
        ({"pyproject.toml": "[build-system]\nrequires = ['setuptools-scm>=8']\n"}, None, "builds more"),
        ({"pyproject.toml": "[tool.hatch.version]\nsource = 'vcs'\n"}, None, "lets hatch run hooks"),
        ({"pyproject.toml": "["}, None, "dlint cannot read"),
        ({"pyproject.toml": "[project]\nreadme = '../x'\n"}, None, "names ../x"),
    ],
)
def test_projects(tmp_path: Path, files: dict[str, str], reads: set[str] | None, why: str | None) -> None:
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    found = project(Context.of(tmp_path), "")
    assert found is not None
    if reads is None:
        assert why is not None
        assert why in (found.why or "")
    else:
        assert (found.why, set(found.files)) == (None, reads)


def test_no_project(tmp_path: Path) -> None:
    assert project(Context.of(tmp_path), "") is None
