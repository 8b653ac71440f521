"""Splits of what Node and Python build: what runs goes along, what the tree does not say is not guessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.fixers.inputs import package_json
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

PACKAGE = {
    "scripts": {"build": "tsc", "start": "node dist/index.js", "dev": "ts-node src/index.ts", "both": "npm run build && npm start"},
    "dependencies": {"express": "4.19.2"},
    "devDependencies": {"typescript": "5.4.5", "@types/node": "20.0.0", "ts-node": "10.0.0"},
}
FILES = {
    "package.json": json.dumps(PACKAGE),
    "package-lock.json": "{}",
    "tsconfig.json": '{"compilerOptions": {\n // "outDir": "./out",\n "outDir": "./dist"}}',
    "src/index.ts": "import x from 'express'",
}
NODE = """FROM node:20
WORKDIR /app
COPY package*.json tsconfig.json ./
RUN npm ci
COPY . .
RUN npm run build
EXPOSE 3000
CMD ["node", "dist/index.js"]
"""
SPLIT = """FROM node:20 AS build
WORKDIR /app
COPY package*.json tsconfig.json ./
RUN npm ci
COPY . .
RUN npm run build
RUN npm prune --omit=dev

FROM node:20-slim
WORKDIR /app
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/package.json /app/package.json
COPY --from=build /app/dist /app/dist
EXPOSE 3000
CMD ["node", "dist/index.js"]
"""


def lay(folder: Path, files: dict[str, str]) -> Context:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf8")
    return Context.of(folder)


def fixed(text: str, code: str, context: Context | None) -> str:
    chosen = [rule for rule in rules() if rule.code == code]

    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, context, Settings(preset="all")), chosen)

    outcome = fix(text, find, unsafe=True)
    assert not outcome.dropped
    after = parse(outcome.text)
    assert not after.problems
    assert fix(outcome.text, find, unsafe=True).text == outcome.text
    assert fix(text, find).text == text, "never a safe fix"
    assert_same_container(parse(text), after)
    return outcome.text


def assert_same_container(before: Dockerfile, after: Dockerfile) -> None:
    """What the image says about its containers is as before, but for a PATH that has one folder more."""
    one, other = Facts(before).final(before.stages[-1]), Facts(after).final(after.stages[-1])
    assert (one.user, one.workdir, one.shell) == (other.user, other.workdir, other.shell)
    assert {name: value for name, value in one.env.items() if name != "PATH"} == {
        name: value for name, value in other.env.items() if name != "PATH"
    }
    kinds = (nodes.Expose, nodes.CommandInstruction, nodes.Healthcheck, nodes.Label, nodes.Volume, nodes.Stopsignal)
    assert [before.source(node.span) for node in before.stages[-1].instructions if isinstance(node, kinds)] == [
        after.source(node.span) for node in after.stages[-1].instructions if isinstance(node, kinds)
    ]


def reason(text: str, code: str, context: Context | None) -> str:
    doc = parse(text)
    (finding,) = check(doc, Facts(doc, context, Settings(preset="all")), [rule for rule in rules() if rule.code == code])
    assert finding.fix is None
    return finding.message.partition("no fix: ")[2].rstrip(")")


# ---------------------------------------------------------------- Node


def test_node(tmp_path: Path) -> None:
    assert fixed(NODE, "DF301", lay(tmp_path, FILES)) == SPLIT


@pytest.mark.parametrize("command", ['["npm", "start"]', '["npm", "run", "start"]', "node dist/index.js", '["node", "--enable-source-maps", "dist"]'])
def test_node_is_started_in_several_ways(tmp_path: Path, command: str) -> None:
    text = NODE.replace('["node", "dist/index.js"]', command)
    assert fixed(text, "DF301", lay(tmp_path, FILES)) == SPLIT.replace('["node", "dist/index.js"]', command)


@pytest.mark.parametrize(
    ("image", "runs"),
    [
        ("node:20-bookworm", "node:20-bookworm-slim"),
        ("node:20-slim", "node:20-slim"),
        ("node:20-alpine", "node:20-alpine"),
        ("node", "node:slim"),
        ("docker.io/library/node:22", "docker.io/library/node:22-slim"),
        ("node:20@sha256:" + "a" * 64, "node:20@sha256:" + "a" * 64),
    ],
)
def test_node_runs_in_the_slim_variant(tmp_path: Path, image: str, runs: str) -> None:
    after = fixed(NODE.replace("node:20", image), "DF301", lay(tmp_path, FILES))
    assert f"FROM {image} AS build\n" in after
    assert f"\nFROM {runs}\n" in after


@pytest.mark.parametrize(
    "lock", ['{"packages": {"a": {"hasInstallScript": true}}}', '{"resolved": "git+ssh://git@github.com/a/b"}', '{"node_modules/node-gyp": {}}']
)
def test_what_is_compiled_stays_with_its_image(tmp_path: Path, lock: str) -> None:
    assert "\nFROM node:20\n" in fixed(NODE, "DF301", lay(tmp_path, {**FILES, "package-lock.json": lock}))


def test_without_a_lock_file_what_is_compiled_is_not_known(tmp_path: Path) -> None:
    files = {name: text for name, text in FILES.items() if name != "package-lock.json"}
    assert "\nFROM node:20\n" in fixed(NODE.replace("npm ci", "npm install"), "DF301", lay(tmp_path, files))


def test_programs_that_slim_lacks_keep_the_image(tmp_path: Path) -> None:
    files = {**FILES, "start.sh": "#!/bin/sh\ngit pull\nexec node dist/index.js\n"}
    text = NODE.replace('CMD ["node", "dist/index.js"]', 'HEALTHCHECK CMD git status\nCMD ["node", "dist/index.js"]')
    assert "\nFROM node:20\n" in fixed(text, "DF301", lay(tmp_path, files))


@pytest.mark.parametrize(
    ("scripts", "files", "folder"),
    [
        ({"build": "tsc -p tsconfig.build.json"}, {"tsconfig.build.json": '{"extends": "./tsconfig.json"}'}, "dist"),
        ({"build": "rimraf dist && tsc --outDir out"}, {}, "out"),
        ({"build": "npm run clean && npm run compile", "clean": "rm -rf x", "compile": "nest build"}, {}, "dist"),
        ({"prebuild": "eslint .", "build": "esbuild src/index.ts --bundle --platform=node --outfile=bin/index.js"}, {}, "bin/index.js"),
        ({"build": "NODE_ENV=production babel src -d lib"}, {}, "lib"),
        ({"build": "tsc -b && vite build"}, {"tsconfig.json": '{"references": [{"path": "./a.json"}]}', "a.json": '{"noEmit": true}'}, "dist"),
        ({"build": "vite build"}, {"vite.config.ts": "export default {build: {outDir: 'web'}}"}, "web"),
        ({"build": "ng build"}, {"angular.json": '{"projects": {"a": {"architect": {"build": {"options": {"outputPath": "dist/a"}}}}}}'}, "dist/a"),
        ({"build": "react-scripts build"}, {}, "build"),
    ],
)
def test_where_build_scripts_write(tmp_path: Path, scripts: dict[str, str], files: dict[str, str], folder: str) -> None:
    started = folder if folder.endswith(".js") else f"{folder}/index.js"
    package = json.dumps({**PACKAGE, "scripts": scripts})
    after = fixed(NODE.replace("dist/index.js", started), "DF301", lay(tmp_path, {**FILES, **files, "package.json": package}))
    assert f"COPY --from=build /app/{folder} /app/{folder}\n" in after


def test_next_needs_its_own_folders(tmp_path: Path) -> None:
    package = {"scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "14"}, "devDependencies": {"eslint": "9"}}
    files = {"package.json": json.dumps(package), "package-lock.json": "{}", "next.config.mjs": "export default {}", "public/a.png": "a", "app/page.tsx": ""}
    after = fixed(NODE.replace('["node", "dist/index.js"]', '["npm", "start"]'), "DF301", lay(tmp_path, files))
    assert "RUN npm prune --omit=dev && rm -rf .next/cache\n" in after
    for name in ("node_modules", "package.json", ".next", "public", "next.config.mjs"):
        assert f"COPY --from=build /app/{name} /app/{name}\n" in after
    assert "/app/app" not in after


def test_data_that_the_source_names_goes_along(tmp_path: Path) -> None:
    files = {**FILES, "src/index.ts": "app.use(express.static('public'))", "public/a.html": "", "docs/a.html": ""}
    after = fixed(NODE, "DF301", lay(tmp_path, files))
    assert "COPY --from=build /app/public /app/public\n" in after
    assert "/app/docs" not in after


@pytest.mark.parametrize(
    ("install", "lock", "prune"),
    [
        ("yarn install --frozen-lockfile", "yarn.lock", "yarn install --production --ignore-scripts --prefer-offline"),
        ("pnpm install", "pnpm-lock.yaml", "pnpm prune --prod"),
    ],
)
def test_each_tool_has_its_own_way(tmp_path: Path, install: str, lock: str, prune: str) -> None:
    files = {name: text for name, text in FILES.items() if name != "package-lock.json"} | {lock: ""}
    text = NODE.replace("npm ci", install).replace("npm run", install.partition(" ")[0] + " run")
    assert f"RUN {prune}\n" in fixed(text, "DF301", lay(tmp_path, files))


def test_what_is_pruned_already_is_not_pruned_twice(tmp_path: Path) -> None:
    after = fixed(NODE.replace("EXPOSE", "RUN npm prune --production\nEXPOSE"), "DF301", lay(tmp_path, FILES))
    assert after == SPLIT.replace("npm prune --omit=dev", "npm prune --production")


def test_without_dependencies_none_are_copied(tmp_path: Path) -> None:
    package = json.dumps({**PACKAGE, "dependencies": {}})
    after = fixed(NODE, "DF301", lay(tmp_path, {**FILES, "package.json": package}))
    assert "node_modules" not in after
    assert "prune" not in after


def package(**changes: Any) -> dict[str, str]:
    return {"package.json": json.dumps({**PACKAGE, **changes})}


@pytest.mark.parametrize(
    ("change", "files", "why"),
    [
        (("node:20", "debian:12"), {}, "dlint does not know debian:12 as an image to build Node in"),
        (("", ""), {"package.json": "["}, "only package.json says what the build creates, and it is not in the build context"),
        (("", ""), {"tsconfig.json": "{}"}, "dlint cannot tell where `tsc` writes"),
        (("", ""), {"tsconfig.json": '{"compilerOptions": {"outDir": "../out"}}'}, "`tsc` writes outside of /app"),
        (("", ""), package(scripts={"start": "x"}), "package.json has no script for `npm run build`"),
        (("", ""), package(scripts={"build": "eslint ."}), "dlint does not see what `npm run build` writes"),
        (("", ""), package(scripts={"build": "webpack"}), "dlint cannot tell where `webpack` writes"),
        (("", ""), package(scripts={"build": "vite build"}) | {"vite.config.js": "root: 'x'"}, "dlint cannot tell where `vite` writes"),
        (("", ""), package(scripts={"build": "next build"}) | {"next.config.js": "output: 'export'"}, "dlint cannot tell where `next` writes"),
        (("", ""), package(workspaces=["a"]), "dlint does not know what workspaces, or Prisma's generator, put into node_modules"),
        (("", ""), package(dependencies={"@prisma/client": "5"}), "dlint does not know what workspaces, or Prisma's generator, put into node_modules"),
        (('"node", "dist/index.js"', '"npm", "run", "dev"'), {}, "`npm run dev` needs ts-node, a development dependency"),
        (('"node", "dist/index.js"', '"node", "-r", "ts-node/register", "src"'), {}, "`node -r ts-node/register src` needs ts-node, a development dependency"),
        (('"node", "dist/index.js"', '"node", "server.js"'), {}, "`node server.js` runs a file that dlint does not see the build create"),
        (('"node", "dist/index.js"', '"forever", "dist/index.js"'), {}, "dlint cannot tell what `forever` reads when it runs"),
        (('"node", "dist/index.js"', '"pnpm", "start"'), {}, "dlint cannot tell what `pnpm start` runs"),
        (("npm ci", "npm ci && npm install -g pm2"), {}, ""),
        (("COPY . .", "USER node\nCOPY . ."), {}, "the build runs as another user than root"),
        (("RUN npm run build", "RUN cd web && npm run build"), {}, "the build is not one RUN in the folder of WORKDIR"),
        (("RUN npm run build", "RUN npm run build\nRUN yarn install && yarn build"), {}, "the build is not one RUN in the folder of WORKDIR"),
        (("RUN npm run build", "RUN yarn install\nRUN npm run build"), {}, "several tools install the dependencies"),
        (("npm ci", "yarn install"), {"yarn.lock": "__metadata:\n"}, "Yarn 2 and later cannot remove development dependencies"),
    ],
)
def test_no_split_of_node_and_why(tmp_path: Path, change: tuple[str, str], files: dict[str, str], why: str) -> None:
    context = lay(tmp_path, {**FILES, **files})
    text = NODE.replace(*change) if change[0] else NODE
    if not why:
        # it is installed for the whole image, and nothing starts it
        assert fixed(text, "DF301", context) != text
        return
    assert reason(text, "DF301", context) == why
    assert fixed(text, "DF301", context) == text


def test_programs_of_the_whole_image_are_missed(tmp_path: Path) -> None:
    text = NODE.replace("npm ci", "npm ci && npm install -g pm2@5").replace('"node", "dist/index.js"', '"pm2", "start", "dist/index.js"')
    assert reason(text, "DF301", lay(tmp_path, FILES)) == "`pm2` is installed for the whole image"


def test_node_without_context() -> None:
    assert reason(NODE, "DF301", None) == "only package.json says what the build creates, and it is not in the build context"


# ---------------------------------------------------------------- sites

SITE = """FROM node:20
WORKDIR /app
COPY . .
RUN npm ci && npm run build
RUN npm install -g serve
EXPOSE 3000
CMD ["serve", "-s", "dist"]
"""
SERVED = """FROM node:20 AS build
WORKDIR /app
COPY . .
RUN npm ci && npm run build

FROM nginx:stable-alpine
WORKDIR /app
COPY --from=build /app/dist /app/dist
RUN printf 'server { listen 3000; root /app/dist; location / { try_files $uri $uri.html $uri/ /index.html; } }\\n' > /etc/nginx/conf.d/default.conf
EXPOSE 3000
"""
FRONT = {
    "package.json": json.dumps({"scripts": {"build": "vite build", "preview": "vite preview --host"}, "devDependencies": {"vite": "5"}}),
    "index.html": "",
}


def site_fixed(text: str, context: Context) -> str:
    """A split whose container is another one on purpose: nginx in place of the program."""
    doc = parse(text)
    chosen = [rule for rule in rules() if rule.code == "DF301"]

    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, context, Settings(preset="all")), chosen)

    outcome = fix(doc.text, find, unsafe=True)
    assert not outcome.dropped
    assert not parse(outcome.text).problems
    assert fix(outcome.text, find, unsafe=True).text == outcome.text
    return outcome.text


@pytest.mark.parametrize(
    ("command", "port", "missing"),
    [
        ('["serve", "-s", "dist"]', "3000", "/index.html"),
        ('["serve", "dist", "-l", "8000"]', "8000", "=404"),
        ('["npx", "serve", "--single", "--listen=80", "./dist/"]', "80", "/index.html"),
        ("serve -n -s dist", "3000", "/index.html"),
        ('["http-server", "dist"]', "8080", "=404"),
        ('["http-server", "dist", "-p", "80", "-a", "0.0.0.0"]', "80", "=404"),
        ('["npm", "run", "preview"]', "4173", "/index.html"),
        ('["npx", "vite", "preview", "--host", "0.0.0.0", "--port", "80"]', "80", "/index.html"),
    ],
)
def test_sites_are_served_by_nginx_on_the_same_port(tmp_path: Path, command: str, port: str, missing: str) -> None:
    text = SITE.replace("RUN npm install -g serve\n", "").replace('["serve", "-s", "dist"]', command)
    wanted = SERVED.replace("listen 3000", f"listen {port}").replace("/index.html", missing)
    assert site_fixed(text, lay(tmp_path, FRONT)) == wanted


@pytest.mark.parametrize(
    ("change", "files", "why"),
    [
        (('"-s", "dist"', '"-s", "src"'), {}, "`serve -s src` serves files that dlint does not see the build create"),
        (('"-s", "dist"', '"-s"'), {}, "`serve -s` serves files that dlint does not see the build create"),
        (('"-s", "dist"', '"-l", "$PORT", "dist"'), {}, "the port of `serve -l $PORT dist` is not a number"),
        (('"-s", "dist"', '"--cors", "dist"'), {}, "dlint does not know what nginx would do for `--cors` of serve"),
        (('"serve", "-s", "dist"', '"http-server", "dist", "-a", "127.0.0.1"'), {}, "`http-server dist -a 127.0.0.1` has settings that nginx would not have"),
        (('"serve", "-s", "dist"', '"npx", "vite", "preview"'), {}, "`vite preview` has settings that nginx would not have"),
        (
            ('"serve", "-s", "dist"', '"npx", "vite", "preview", "--host"'),
            {"vite.config.js": "export default {base: '/x/'}"},
            "`vite preview --host` has settings that nginx would not have",
        ),
        (("EXPOSE 3000", "EXPOSE 3000\nUSER node"), {}, "nginx needs more settings to start as another user"),
    ],
)
def test_no_split_of_a_site_and_why(tmp_path: Path, change: tuple[str, str], files: dict[str, str], why: str) -> None:
    text = SITE.replace("RUN npm install -g serve\n", "").replace(*change)
    assert reason(text, "DF301", lay(tmp_path, {**FRONT, **files})) == why


def test_a_server_that_is_installed_later_goes_too(tmp_path: Path) -> None:
    text = SITE.replace("RUN npm install -g serve\n", "").replace("RUN npm ci", "RUN npm install -g serve\nRUN npm ci")
    assert site_fixed(text, lay(tmp_path, FRONT)) == SERVED.replace("RUN npm ci", "RUN npm install -g serve\nRUN npm ci")


# ---------------------------------------------------------------- package.json


def test_scripts_are_followed() -> None:
    found = package_json.read('{"scripts": {"a": "npm run b", "preb": "x", "b": "yarn c", "c": "npm run a"}}')
    assert found is not None
    assert found.expanded("npm run a").split("\n") == ["npm run a", "npm run b", "x", "yarn c", "npm run a"]


@pytest.mark.parametrize(
    ("text", "name"),
    [("tsc -p .", "typescript"), ("node -r ts-node/register x", "ts-node"), ("npx @nestjs/cli x", "@nestjs/cli"), ("nest start", "@nestjs/cli"), ("node x", None)],
)
def test_dependencies_of_the_development_are_recognised(text: str, name: str | None) -> None:
    names = {"typescript": "1", "ts-node": "1", "@nestjs/cli": "1", "@types/node": "1"}
    found = package_json.read(json.dumps({"devDependencies": names}))
    assert found is not None
    assert found.development_in(text) == name


@pytest.mark.parametrize("text", [None, "", "[]", "{", "[" * 100_000, '{"dependencies": []}'])
def test_bad_manifests(text: str | None) -> None:
    found = package_json.read(text)
    assert found is None or found.dependencies == frozenset()


# ---------------------------------------------------------------- Python

PYTHON = """FROM python:3.12-slim-bookworm
WORKDIR /app
RUN apt-get update && apt-get install -y gcc libpq-dev && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER 1000
CMD ["gunicorn", "app:app"]
"""
VENV = """FROM python:3.12-slim-bookworm AS build
WORKDIR /app
RUN apt-get update && apt-get install -y gcc libpq-dev && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
RUN pip install --no-cache-dir -r requirements.txt

FROM python:3.12-slim-bookworm
RUN apt-get update \\
    && apt-get install -y --no-install-recommends libgomp1 libpq5 \\
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY . .
USER 1000
CMD ["gunicorn", "app:app"]
"""
ALPINE = PYTHON.replace("-slim-bookworm", "-alpine").replace(
    "apt-get update && apt-get install -y gcc libpq-dev && rm -rf /var/lib/apt/lists/*", "apk add --no-cache gcc musl-dev libffi-dev"
)


def test_python() -> None:
    assert fixed(PYTHON, "DF205", None) == VENV


def test_python_on_alpine() -> None:
    after = fixed(ALPINE, "DF205", None)
    assert "\nFROM python:3.12-alpine\nRUN apk add --no-cache libgcc libgomp\nWORKDIR /app\n" in after
    assert after.count("gcc") == 2


def test_the_image_is_written_as_it_was() -> None:
    text = "ARG V=3.12\n" + PYTHON.replace("3.12-slim-bookworm", "${V}-slim-bookworm")
    assert fixed(text, "DF205", None).count("python:${V}-slim-bookworm") == 2


def test_what_else_is_installed_goes_along() -> None:
    after = fixed(PYTHON.replace("gcc libpq-dev", "gcc git tzdata=2024a-0 libpq-dev libpq5"), "DF205", None)
    (line,) = (line for line in after.splitlines() if "libgomp1" in line)
    assert {"git", "libgomp1", "libpq5", "tzdata=2024a-0"} == set(line.rstrip(" \\").split()) - {"&&", "apt-get", "install", "-y"}


def test_later_steps_stay_where_they_are() -> None:
    step = "RUN python manage.py collectstatic && useradd app"
    assert fixed(PYTHON.replace("USER 1000", f"{step}\nUSER 1000"), "DF205", None) == VENV.replace("USER 1000", f"{step}\nUSER 1000")


def test_manifests_stay_where_nothing_else_brings_them() -> None:
    after = fixed(PYTHON.replace("COPY . .", "COPY app app"), "DF205", None)
    assert after.count("COPY requirements.txt .") == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("USER 1000", "RUN ls /usr/local/lib/python3.12"), "the file names /usr/local/lib/python, and the packages would move from there"),
        (("COPY . .", "ENV PATH=/usr/bin\nCOPY . ."), "the file replaces PATH"),
        (("RUN pip", "USER 1000\nRUN pip"), "pip does not run as root"),
        (("pip install", "pip install --user"), "an option tells pip to install elsewhere"),
        (("pip install", "pip install -e ."), "an option tells pip to install elsewhere"),
        (("pip install --no-cache-dir", "pip install poetry && poetry install"), "dlint does not know where poetry installs packages"),
        (("RUN pip", "RUN python setup.py build\nRUN pip"), "dlint cannot tell what `python setup.py build` makes"),
        (("libpq-dev", "maven"), "the program may need what came with maven"),
        (("-slim-bookworm", "-alpine"), ""),
        (("USER 1000", "RUN ./setup.sh"), "`RUN ./setup.sh` calls setup.sh after the build"),
    ],
)
def test_no_split_of_python_and_why(change: tuple[str, str], why: str) -> None:
    text = PYTHON.replace(*change)
    if not why:
        text = ALPINE.replace("libffi-dev", "postgresql-dev")
        why = "install the library of postgresql-dev by its name first"
    assert reason(text, "DF205", None) == why
    assert fixed(text, "DF205", None) == text


def test_other_images_are_not_split() -> None:
    text = PYTHON.replace("python:3.12-slim-bookworm", "debian:12")
    assert reason(text, "DF205", None) == "a later step uses them"
