"""What a setup.py reads besides itself, told from its text alone: it is never run."""

from __future__ import annotations

import io
import posixpath
import sys
import tokenize
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    import libcst as cst

# LibCST's parser is native code that recurses: what is nested deeper, or joined by more signs in one line, is not given to it
# (some thousand end the process, some hundred are read in a moment; measured with 1.5).
LARGEST = 60_000
DEEPEST = 40
MOST_SIGNS = 400
MOST_BRANCHES = 300
JOINING = frozenset({"not", "and", "or", "in", "is", "if", "else", "lambda", "await", "for"})
# How deep functions of the file that call each other are followed, and how many calls in all.
DEEPEST_CALLS = 5
MOST_CALLS = 300

OPENERS = frozenset({"open", "io.open", "codecs.open", "os.open", "tokenize.open"})
METHODS = frozenset({"read_text", "read_bytes", "open"})
ASKERS = frozenset({"os.path.exists", "os.path.isfile", "os.path.isdir", "os.path.lexists", "os.path.getmtime"})
# Of no path that they get is anything read.
PATHS = frozenset(
    {"os.path.join", "os.path.abspath", "os.path.dirname", "os.path.realpath", "os.path.normpath", "str", "os.fspath", "Path", "pathlib.Path"}
)
FINDERS = frozenset({"find_packages", "setuptools.find_packages", "find_namespace_packages", "setuptools.find_namespace_packages"})
SETUPS = frozenset({"setup", "setuptools.setup", "distutils.core.setup", "core.setup"})
# Calls after which nobody can tell what is read: they run programs or code, or look through folders.
OPAQUE = frozenset(
    """
    eval compile __import__ getattr globals locals vars input importlib.import_module import_module runpy.run_path run_path
    imp.load_source load_source SourceFileLoader spec_from_file_location importlib.util.spec_from_file_location os.system os.popen
    os.walk os.listdir os.scandir os.chdir os.execv os.spawnv glob glob.glob glob.iglob iglob subprocess.run subprocess.call
    subprocess.check_call subprocess.check_output subprocess.Popen check_output check_call Popen shutil.copy shutil.copytree
    get_version use_scm_version versioneer.get_version fileinput.input linecache.getlines pkgutil.get_data
    """.split()
)
LOOKING = frozenset({"glob", "rglob", "iterdir", "walk"})
# Arguments of `setup()` that build something, run code, or ask the repository. Source: setuptools' documentation, "Keywords".
BUILDING = {
    "ext_modules": "builds extensions",
    "cmdclass": "has its own commands",
    "distclass": "has its own commands",
    "cffi_modules": "builds extensions",
    "rust_extensions": "builds extensions",
    "use_scm_version": "reads its version from git",
    "pbr": "reads its version from git",
    "use_2to3": "converts its source",
    "libraries": "builds libraries",
    "scripts": "installs scripts from the source",
}
MODULES = frozenset({"setuptools", "distutils", "pkg_resources", "__future__"})
UNKNOWN = object()


class SetupPy(Struct, frozen=True):
    """What a setup.py does: the files that it reads, relative to its folder, those that it runs as code, the local modules
    that it may import, and whether it looks for packages and names dependencies; `why` nobody can tell all of that, or None.
    """

    reads: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    finds_packages: bool = False
    depends: bool = False
    why: str | None = None

    @property
    def requirements(self) -> tuple[str, ...]:
        """The files with requirements among those that it reads."""
        return tuple(name for name in self.reads if "require" in posixpath.basename(name) and name.endswith((".txt", ".in")))


def read(text: str) -> SetupPy:
    """What a setup.py, or a module that it runs, does; a text that cannot be read is said to be so."""
    if (why := _unfit(text)) is not None:
        return SetupPy(why=why)
    import libcst as cst

    try:
        module = cst.parse_module(text)
        return _Reader(module).result()
    except cst.ParserSyntaxError:
        return SetupPy(why="setup.py is not Python that dlint can read")
    except RecursionError:
        return SetupPy(why="setup.py is nested too deeply to read")


def _unfit(text: str) -> str | None:
    """Why a text is not given to the parser; None when it may be."""
    if len(text) > LARGEST:
        return "setup.py is too large to read"
    # neither is text, for the native parser
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        return "setup.py is not Python that dlint can read"
    counts = _Counts()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            counts.add(token)
            if counts.depth > DEEPEST or counts.indents > DEEPEST:
                return "setup.py is nested too deeply to read"
            if counts.signs > MOST_SIGNS * (1 + (counts.depth > 0)) or counts.branches > MOST_BRANCHES:
                return "setup.py is too complex to read"
    except (tokenize.TokenError, SyntaxError, ValueError):
        return "setup.py is not Python that dlint can read"
    return None


class _Counts(Struct):
    """How deep a text is nested, and how many signs a line of it joins."""

    depth: int = 0
    indents: int = 0
    signs: int = 0
    branches: int = 0

    def add(self, token: tokenize.TokenInfo) -> None:
        """Counts the next token."""
        match token.type:
            case tokenize.OP:
                self.depth += (token.string in "([{") - (token.string in ")]}")
                self.signs += token.string != ","
            case tokenize.NEWLINE | tokenize.ENDMARKER:
                self.signs = 0
            case tokenize.NAME:
                self.signs += token.string in JOINING
                self.branches += token.string in ("elif", "else", "with")
            case tokenize.STRING:
                # strings that stand side by side are nested too
                self.signs += 1
            case tokenize.INDENT:
                self.indents += 1
            case tokenize.DEDENT:
                self.indents -= 1


class _Reader(Struct):
    """Walks over a module, and into its functions where they are called."""

    module: cst.Module
    reads: dict[str, None] = field(default_factory=dict)
    runs: dict[str, None] = field(default_factory=dict)
    imports: dict[str, None] = field(default_factory=dict)
    functions: dict[str, cst.FunctionDef] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    finds_packages: bool = False
    depends: bool = False
    why: str | None = None
    calls: int = 0

    def result(self) -> SetupPy:
        import libcst as cst

        for statement in self.module.body:
            if isinstance(statement, cst.FunctionDef):
                self.functions[statement.name.value] = statement
        env: dict[str, object] = {"__file__": "setup.py"}
        self._statements([item for item in self.module.body if not isinstance(item, cst.FunctionDef)], env, 0)
        return SetupPy(
            tuple(self.reads), tuple(self.runs), tuple(self.imports), self.finds_packages, self.depends, self.why
        )

    def _doubt(self, why: str) -> None:
        self.why = self.why or f"setup.py {why}"

    # ------------------------------------------------------------ statements

    def _statements(self, nodes: list[cst.CSTNode], env: dict[str, object], depth: int) -> None:
        """Looks at statements in order; of branches and loops at all."""
        todo = list(reversed(nodes))
        while todo:
            todo.extend(reversed(self._statement(todo.pop(), env, depth)))

    def _statement(self, node: cst.CSTNode, env: dict[str, object], depth: int) -> list[cst.CSTNode]:
        """Looks at a statement; gives back those that stand in it."""
        import libcst as cst

        match node:
            case cst.FunctionDef():
                self.functions[node.name.value] = node
                return []
            case cst.Import() | cst.ImportFrom():
                self._imported(node)
            case cst.Assign() | cst.AnnAssign():
                self._assigned(node, env, depth)
            case cst.With():
                for item in node.items:
                    self._expression(item.item, env, depth)
                    if item.asname is not None and isinstance(item.asname.name, cst.Name):
                        env[item.asname.name.value] = UNKNOWN
            case cst.For():
                self._for(node, env, depth)
                return list(node.orelse.body.body) if node.orelse is not None else []
            case cst.If() | cst.While():
                self._expression(node.test, env, depth)
            case cst.BaseCompoundStatement() | cst.SimpleStatementLine() | cst.Else() | cst.Finally() | cst.ExceptHandler():
                pass
            case _:
                self._expression(node, env, depth)
                return []
        return _within(node)

    def _assigned(self, node: cst.Assign | cst.AnnAssign, env: dict[str, object], depth: int) -> None:
        import libcst as cst

        if node.value is None:
            return
        self._expression(node.value, env, depth)
        value = self._value(node.value, env, depth)
        targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else [node.target]
        for target in targets:
            self._bind(target, value, env)

    def _for(self, node: cst.For, env: dict[str, object], depth: int) -> None:
        import libcst as cst

        self._expression(node.iter, env, depth)
        values = self._value(node.iter, env, depth)
        rounds = values if isinstance(values, list) and len(values) <= MOST_BRANCHES else [UNKNOWN]
        for value in rounds:
            if isinstance(node.target, cst.Name):
                env.pop(node.target.value, None)
            self._bind(node.target, value, env)
            self._statements(list(node.body.body), env, depth)

    def _bind(self, target: cst.CSTNode, value: object, env: dict[str, object]) -> None:
        import libcst as cst

        if isinstance(target, cst.Name):
            # a name with several values has none
            known = env.get(target.value, UNKNOWN)
            env[target.value] = value if known in (value, UNKNOWN) else UNKNOWN
        elif isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self._bind(element.value, UNKNOWN, env)

    # ------------------------------------------------------------ imports

    def _import(self, name: str, alias: str | None) -> None:
        top = name.partition(".")[0]
        if alias:
            self.aliases[alias] = name
        if top not in sys.stdlib_module_names and top not in MODULES:
            self.imports[name] = None

    def _imported(self, node: cst.Import | cst.ImportFrom) -> None:
        import libcst as cst

        if isinstance(node, cst.Import):
            for alias in node.names:
                self._import(_dotted(alias.name), alias.evaluated_alias)
            return
        if node.relative or node.module is None:
            self._doubt("imports modules of its own package")
            return
        name = _dotted(node.module)
        self._import(name, None)
        if isinstance(node.names, cst.ImportStar):
            return
        for alias in node.names:
            self.aliases[alias.evaluated_alias or alias.evaluated_name] = f"{name}.{alias.evaluated_name}"

    # ------------------------------------------------------------ expressions

    def _expression(self, node: cst.CSTNode, env: dict[str, object], depth: int) -> None:
        """Looks at all calls in an expression or a simple statement."""
        import libcst as cst

        todo = [node]
        while todo:
            item = todo.pop()
            if isinstance(item, cst.FunctionDef | cst.ClassDef):
                continue
            if isinstance(item, cst.Lambda) and len(item.params.params):
                inner = {**env, **{param.name.value: UNKNOWN for param in item.params.params}}
                self._expression(item.body, inner, depth)
                continue
            if isinstance(item, cst.Call):
                self._call(item, env, depth)
            todo.extend(item.children)

    def _call(self, node: cst.Call, env: dict[str, object], depth: int) -> None:
        import libcst as cst

        self.calls += 1
        if self.calls > MOST_CALLS:
            self._doubt("calls too many functions to follow")
            return
        name = self._name(node.func)
        short = node.func.attr.value if isinstance(node.func, cst.Attribute) else name.rpartition(".")[2]
        first = node.args[0].value if node.args else None
        if name in OPENERS or (name in ASKERS and first is not None):
            self._read(first, env, depth, asks=name in ASKERS)
        elif short in METHODS and isinstance(node.func, cst.Attribute):
            self._read(node.func.value, env, depth)
        elif name in ("exec", "execfile"):
            self._exec(first, env, depth)
        elif name in OPAQUE or short in LOOKING:
            self._doubt(f"calls {short}()")
        elif name in FINDERS:
            self.finds_packages = True
        elif name in SETUPS or short == "setup":
            self._setup(node, env)
        elif name in self.functions:
            self._follow(node, self.functions[name], env, depth)

    def _setup(self, node: cst.Call, env: dict[str, object]) -> None:
        for arg in node.args:
            if arg.star == "**":
                self._doubt("computes the arguments of setup()")
            key = arg.keyword.value if arg.keyword is not None else ""
            if key in BUILDING and self._value(arg.value, env, 0) != []:
                self._doubt(BUILDING[key])
            if key == "install_requires":
                self.depends = True

    def _follow(self, node: cst.Call, function: cst.FunctionDef, env: dict[str, object], depth: int) -> None:
        """Looks into a function of the file with the arguments of a call."""
        import libcst as cst

        if depth >= DEEPEST_CALLS:
            self._doubt("has functions that call each other")
            return
        inner = dict(env)
        names = [param.name.value for param in function.params.params]
        for param in function.params.params:
            inner[param.name.value] = self._value(param.default, env, depth) if param.default is not None else UNKNOWN
        star = function.params.star_arg
        rest = [self._value(arg.value, env, depth) for arg in node.args if arg.keyword is None and not arg.star]
        inner.update(zip(names, rest, strict=False))
        for arg in node.args:
            if arg.keyword is not None:
                inner[arg.keyword.value] = self._value(arg.value, env, depth)
        if isinstance(star, cst.Param):
            inner[star.name.value] = rest[len(names) :]
        self._statements(list(function.body.body), inner, depth + 1)

    def _exec(self, node: cst.BaseExpression | None, env: dict[str, object], depth: int) -> None:
        """`exec(open(path).read())`: the file is read, and is code."""
        import libcst as cst

        before = set(self.reads)
        while isinstance(node, cst.Call | cst.Attribute):
            if isinstance(node, cst.Call):
                if self._name(node.func) in OPENERS or self._name(node.func) in self.functions:
                    self._call(node, env, depth)
                if self._name(node.func) == "compile" and node.args:
                    node = node.args[0].value
                    continue
            node = node.func if isinstance(node, cst.Call) else node.value
        run = [name for name in self.reads if name not in before]
        if not run:
            # as with `with open(path) as f: exec(f.read())`: the last file that was opened
            run = [name for name in list(self.reads)[-1:] if name.endswith(".py")]
        if not run:
            self._doubt("runs code that dlint cannot follow")
        self.runs.update(dict.fromkeys(run))

    def _read(self, node: cst.BaseExpression | None, env: dict[str, object], depth: int, *, asks: bool = False) -> None:
        path = self._value(node, env, depth) if node is not None else UNKNOWN
        if not isinstance(path, str):
            self._doubt("opens a file that dlint cannot name")
            return
        clean = posixpath.normpath(path)
        if clean.startswith(("/", "..")):
            self._doubt(f"opens {clean[:40]}")
        elif clean != "." or not asks:
            self.reads[clean] = None

    def _name(self, node: cst.CSTNode) -> str:
        """The dotted name of what is called, by its import; empty when it has none."""
        name = _dotted(node)
        head, dot, rest = name.partition(".")
        return self.aliases.get(head, head) + dot + rest if name else ""

    def _value(self, node: cst.CSTNode, env: Mapping[str, object], depth: int) -> object:
        """The text, or list of texts, that an expression stands for; UNKNOWN when that cannot be told."""
        import libcst as cst

        match node:
            case cst.SimpleString() | cst.ConcatenatedString():
                value = node.evaluated_value
                return value if isinstance(value, str) else UNKNOWN
            case cst.Name():
                return env.get(node.value, UNKNOWN)
            case cst.List() | cst.Tuple():
                return [self._value(item.value, env, depth) for item in node.elements]
            case cst.BinaryOperation():
                left, right = self._value(node.left, env, depth), self._value(node.right, env, depth)
                if not isinstance(left, str) or not isinstance(right, str):
                    return UNKNOWN
                if isinstance(node.operator, cst.Divide):
                    return posixpath.join(left, right)
                return left + right if isinstance(node.operator, cst.Add) else UNKNOWN
            case cst.Attribute():
                # of a path of pathlib
                inner = self._value(node.value, env, depth)
                return posixpath.dirname(inner) if node.attr.value == "parent" and isinstance(inner, str) else UNKNOWN
            case cst.Call():
                return self._path(node, env, depth)
            case _:
                return UNKNOWN

    def _path(self, node: cst.Call, env: Mapping[str, object], depth: int) -> object:
        """The path that a call such as `os.path.join` makes."""
        import libcst as cst

        name = self._name(node.func)
        short = node.func.attr.value if isinstance(node.func, cst.Attribute) else name.rpartition(".")[2]
        if isinstance(node.func, cst.Attribute) and short in ("resolve", "absolute", "expanduser", "as_posix"):
            return self._value(node.func.value, env, depth)
        if isinstance(node.func, cst.Attribute) and short == "joinpath":
            parts = [self._value(node.func.value, env, depth)]
        elif name in PATHS:
            parts = []
        else:
            return UNKNOWN
        for arg in node.args:
            value = self._value(arg.value, env, depth)
            parts += value if arg.star == "*" and isinstance(value, list) else [value]
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) < len(parts) or not texts:
            return UNKNOWN
        joined = posixpath.join(*texts)
        return posixpath.dirname(joined) if short == "dirname" else joined


def _within(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The statements in a block, and the blocks that belong to it."""
    import libcst as cst

    found: list[cst.CSTNode] = []
    for name in ("body", "handlers", "orelse", "finalbody"):
        value = getattr(node, name, None)
        if isinstance(value, cst.BaseSuite):
            found += value.body
        elif isinstance(value, list | tuple):
            found += value
        elif value is not None:
            found.append(value)
    return found


def _dotted(node: cst.CSTNode) -> str:
    """`a.b.c` as a text; empty for anything else."""
    import libcst as cst

    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    return ".".join(reversed([*parts, node.value])) if isinstance(node, cst.Name) else ""
