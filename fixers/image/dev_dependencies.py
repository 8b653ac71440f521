"""Leaves the dependencies of the development out of an install, or takes them away after the build that needs them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import (
    append_command,
    can_append,
    delete_instruction,
    insert,
    insert_command,
    remove_command,
    remove_word,
    replace_word,
)
from dockerlint.fixers.inputs import package_json
from dockerlint.fixers.inputs.install_inputs import brought
from dockerlint.fixers.inputs.reads.python_manifests import REQUIREMENT_FILE
from dockerlint.fixers.inputs.runtime_command import command_line, started
from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import json_strings, nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation, Production
    from dockerlint.lint.syntax.nodes import Run, Stage, Word

# A Gemfile's group, or a gem's; what production has no use for.
GROUP = regex(r"(?m)^[ \t]*(?:group\b|gem\b[^\n]*\bgroups?:)([^\n]*)")
SYMBOL = regex(r":(\w+)")
# The options of pip that name files of requirements.
FILE = ("-r", "--requirement")
UNUSED = ("development", "test")
PRODUCTION = ("RAILS_ENV", "RACK_ENV", "APP_ENV")
# Versions of the tools that do not know the option. Sources: Poetry 1.2's release notes; Yarn 2's migration guide.
OLD_POETRY = regex(r"poetry==[01]\.[01]\b|poetry~=1\.[01]\b|POETRY_VERSION[ =]\"?[01]\.[01]\b")
NEW_YARN = regex(r"corepack|yarn\s+set\s+version|yarn@(?:[2-9]|berry|stable)|\.yarn/releases|\.yarnrc\.yml")


def source(facts: Facts, run: Run, production: Production) -> str | None:
    """The manifest of the context that lies in a RUN's folder; None when there is none or it cannot be told."""
    path = facts.path(production.manifest, run) if production.manifest else None
    if facts.context is None or path is None:
        return None
    copies = (node for node in facts.before(run) if isinstance(node, nodes.Copy) and node.from_ is None)
    return next((found for copy in copies if (found := brought(facts, copy, path))), None)


def leave_out(facts: Facts, run: Run, invocation: Invocation, production: Production) -> Fix | None:
    """The fix of a plain install; None where the tool has no such option, or what is started needs them."""
    if _is_started(facts, run, production):
        return None
    if invocation.tool.name == "bundler":
        return _without_groups(facts, run, invocation, production)
    if production.fix is None or not _knows_option(facts, run, invocation, production):
        return None
    last = invocation.subcommand_words[-1] if invocation.subcommand_words else invocation.words[0]
    edit = insert(last.span.end, _options(run, production.fix.split()))
    return Fix(f"add `{production.fix}` to skip development dependencies", (edit,), Applicability.UNSAFE)


def not_asked(facts: Facts, run: Run, invocation: Invocation, production: Production) -> Fix | None:
    """The fix of an install that asks for them: the option goes, or names the groups to leave out."""
    if _is_started(facts, run, production) or isinstance(run.form, nodes.Exec):
        return None
    edits: list[Edit] = []
    values = {option.partition("=")[2] for option in production.wanted}
    names = {option.partition("=")[0] for option in production.wanted}
    for flag in invocation.flags:
        name, equals, own = flag.text.partition("=")
        if name not in names:
            continue
        if name == "--with":
            after = next((word for word in invocation.words if word.span.start > flag.span.end), None)
            edits += _without_value(flag, own if equals else None, after, values)
        elif flag.text in production.wanted:
            edits.append(remove_word(facts.doc, flag.span))
    if not edits:
        return None
    return Fix("stop asking for development dependencies", tuple(edits), Applicability.UNSAFE)


def other_file(facts: Facts, run: Run, invocation: Invocation, word: Word, production: Production) -> Fix | None:
    """The fix of an install of a requirements file for the development: the file goes, or the one that it includes takes its place.

    None where nothing else says what to install.
    """
    script = facts.script(run)
    if script is None:
        return None
    flag = invocation.words[invocation.words.index(word) - 1]
    if flag.text not in FILE:
        return None
    if invocation.operands or any(not is_development(item.text, production) for item in invocation.options(*FILE)):
        gone: Edit | None = remove_word(facts.doc, Span(flag.span.start, word.span.end))
        return Fix(f"remove {word.text} from the install", (gone,), Applicability.UNSAFE) if gone else None
    included = _included(facts, run, word)
    if included is not None and not is_development(included, production):
        return Fix(f"install {included} instead of {word.text}", (replace_word(word, included),), Applicability.UNSAFE)
    if not _others_install(facts, run, invocation, production):
        return None
    alone = script.commands == (invocation.command,) and not script.tests
    gone = delete_instruction(facts.doc, run) if alone else remove_command(facts.doc, script, invocation.command)
    return Fix(f"do not install {word.text}", (gone,), Applicability.UNSAFE) if gone else None


def is_development(name: str, production: Production) -> bool:
    """Whether a requirements file is one for the development, by its name."""
    return any(matches(name, item) or matches(posixpath.basename(name), item) for item in production.files)


def prune(facts: Facts, run: Run, invocation: Invocation, production: Production) -> Fix | None:
    """The fix of a RUN that installs them, builds with them and is the last to need them: they go at its end."""
    script = facts.script(run)
    package = package_json.read(facts.context.read(source(facts, run, production) or "")) if facts.context else None
    if script is None or package is None or not package.development or not can_append(script):
        return None
    if _is_started(facts, run, production) or not production.prune or production.fix is None:
        return None
    if not _knows_option(facts, run, invocation, production) or " " in production.prune[0]:
        return None
    command = f"{invocation.words[0].text} {production.prune[0]} {production.fix}"
    return Fix(f"add `{command}`", (append_command(facts.doc, script, command),), Applicability.UNSAFE)


def _options(run: Run, words: Iterable[str]) -> str:
    """Options as they are written behind a word of a RUN's script or JSON list."""
    if isinstance(run.form, nodes.Exec):
        return "".join(f", {json_strings.written(word)}" for word in words)
    return "".join(f" {word}" for word in words)


def _stage(facts: Facts) -> Stage:
    target = facts.graph.target
    assert target is not None
    return target


def _is_started(facts: Facts, run: Run, production: Production) -> bool:
    """Whether the container starts a program of theirs, as far as package.json and the command say so."""
    if production.manifest != "package.json" or facts.context is None:
        return False
    package = package_json.read(facts.context.read(source(facts, run, production) or ""))
    if package is None:
        return False
    line = command_line(facts, _stage(facts))
    words = " ".join(started(facts, _stage(facts)).words)
    return package.development_in(f"{package.expanded(line)} {words}") is not None


def _knows_option(facts: Facts, run: Run, invocation: Invocation, production: Production) -> bool:
    """Whether the tool's version has the option, as far as the file and the context say which it is."""
    if invocation.tool.name == "poetry":
        return not OLD_POETRY.search(facts.doc.text)
    if invocation.tool.name != "yarn":
        return True
    if NEW_YARN.search(facts.doc.text):
        return False
    manifest = source(facts, run, production)
    if facts.context is None or manifest is None:
        return True
    folder = posixpath.dirname(manifest)
    text = facts.context.read(manifest) or ""
    lock = facts.context.read(posixpath.join(folder, "yarn.lock")) or ""
    new = NEW_YARN.search(text) or "__metadata:" in lock or facts.context.has(posixpath.join(folder, ".yarnrc.yml"))
    return not new


def _without_groups(facts: Facts, run: Run, invocation: Invocation, production: Production) -> Fix | None:
    """Bundler remembers the groups to leave out; an application that runs in another mode than production needs them."""
    script, command = facts.script(run), invocation.command
    env = facts.final(_stage(facts)).env
    if script is None or command.within or command.before not in ("", "&&", ";", "\n") or command.name == "sudo":
        return None
    if not any(env.get(name) == "production" for name in PRODUCTION):
        return None
    manifest = source(facts, run, production)
    text = facts.context.read(manifest) if facts.context and manifest else None
    named = {name for line in GROUP.findall(text) for name in SYMBOL.findall(line)} if text is not None else set(UNUSED)
    groups = [name for name in UNUSED if name in named]
    if not groups:
        return None
    added = f"{invocation.words[0].text} config set --local without '{' '.join(groups)}'"
    return Fix(f"add `{added}`", (insert_command(facts.doc, script, command, added),), Applicability.UNSAFE)


def _without_value(flag: Word, own: str | None, after: Word | None, left_out: set[str]) -> list[Edit]:
    """`--with a,dev` becomes `--with a --without dev`; `own` is the value where it stands behind a `=`."""
    value = own if own is not None else after.text if after else ""
    gone = [name for name in value.split(",") if name in left_out]
    rest = [name for name in value.split(",") if name not in left_out]
    if not gone or "$" in value:
        return []
    sign = "=" if own is not None else " "
    texts = [f"--with{sign}{','.join(rest)}"] if rest else []
    texts.append(f"--without{sign}{','.join(gone)}")
    end = flag.span.end if own is not None or after is None else after.span.end
    return [Edit(Span(flag.span.start, end), " ".join(texts))]


def _included(facts: Facts, run: Run, word: Word) -> str | None:
    """The one requirements file that another one includes, as the install would name it."""
    path = facts.path(word.text, run)
    if facts.context is None or path is None or posixpath.isabs(word.text):
        return None
    copies = (node for node in facts.before(run) if isinstance(node, nodes.Copy) and node.from_ is None)
    name = next((item for copy in copies if (item := brought(facts, copy, path))), None)
    text = facts.context.read(name) if name else None
    lines = (text or "").splitlines()
    named = [match[1] for line in lines if line.strip().startswith(FILE) and (match := REQUIREMENT_FILE.match(line))]
    if len(named) != 1:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(word.text), named[0]))


def _others_install(facts: Facts, run: Run, invocation: Invocation, production: Production) -> bool:
    """Whether another command of the stage installs what is not for the development."""
    items = (item for other in facts.stage_of(run).all(nodes.Run) for item in facts.invocations(other))
    others = (item for item in items if item.tool is invocation.tool and item.action == "install")
    return any(not is_development(word.text, production) for item in others for word in item.options(*FILE))
