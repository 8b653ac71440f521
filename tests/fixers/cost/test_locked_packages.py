"""Names of packages in manifest and lock files."""

from __future__ import annotations

import pytest

from dockerlint.fixers.cost.locked_packages import packages

CASES = [
    (
        "requirements.txt",
        "flask==3\n# no\n-r other.txt\npandas [sql]>=2 ; python_version>'3'\n\nDjango\n",
        ["flask", "pandas", "Django"],
        False,
    ),
    ("requirements.txt", "a==1 \\\n    --hash=sha256:0\n", ["a"], True),
    ("package.json", '{"dependencies": {"a": "1"}, "devDependencies": {"b": "2"}}', ["a", "b"], False),
    (
        "package-lock.json",
        '{"packages": {"": {}, "node_modules/@x/a": {}, "node_modules/b/node_modules/c": {}}}',
        ["@x/a", "c"],
        True,
    ),
    ("package-lock.json", '{"dependencies": {"a": {}}}', ["a"], True),
    ("yarn.lock", '# yarn\n\n"@x/a@^1", "@x/a@^2":\n  version "1"\nb@~3:\n  version "3"\n', ["@x/a", "b"], True),
    (
        "pnpm-lock.yaml",
        "importers:\n  .:\n    x: 1\npackages:\n\n  '@x/a@1.0.0':\n    r: 1\n  b@2.0.0:\n    r: 2\nsnapshots:\n  b@2.0.0:\n",
        ["@x/a", "b"],
        True,
    ),
    ("poetry.lock", '[[package]]\nname = "a"\n[[package]]\nname = "b"\n', ["a", "b"], True),
    ("Cargo.lock", '[[package]]\nname = "a"\nversion = "1"\n', ["a"], True),
    ("pyproject.toml", '[project]\ndependencies = ["a>=1", "b[x]"]\n', ["a", "b"], False),
    (
        "go.mod",
        "module m\n\ngo 1.22\n\nrequire (\n\tgithub.com/a/b v1.2.3\n\texample.org/c v0.1.0 // indirect\n)\n",
        ["github.com/a/b", "example.org/c"],
        True,
    ),
    ("composer.lock", '{"packages": [{"name": "a/b"}], "packages-dev": [{"name": "c/d"}]}', ["a/b", "c/d"], True),
    ("Gemfile.lock", "GEM\n  specs:\n    rack (3.0)\n      base64 (>= 1)\n    rake (13.0)\n", ["rack", "rake"], True),
    ("pom.xml", "<dependency>\n<groupId>g</groupId>\n<artifactId>a</artifactId></dependency>", ["g:a"], False),
    ("App.csproj", '<PackageReference Include="A.B" Version="1" />', ["A.B"], False),
]


@pytest.mark.parametrize(("name", "text", "names", "closed"), CASES)
def test_names_are_read(name: str, text: str, names: list[str], closed: bool) -> None:
    found = packages("some/" + name, text)
    assert found is not None
    assert list(found.names) == names
    assert found.closed is closed


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("package.json", '{"dependencies": {"a": "1"}, "devDependencies": {"b": "2"}}', ["a"]),
        ("package-lock.json", '{"packages": {"node_modules/a": {}, "node_modules/b": {"dev": true}}}', ["a"]),
        ("composer.lock", '{"packages": [{"name": "a/b"}], "packages-dev": [{"name": "c/d"}]}', ["a/b"]),
    ],
)
def test_packages_for_development_can_be_left_out(name: str, text: str, names: list[str]) -> None:
    found = packages(name, text, dev=False)
    assert found is not None
    assert list(found.names) == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", "{"),
        ("package.json", "[1]"),
        ("package-lock.json", '{"packages": 3}'),
        ("poetry.lock", "= ="),
        ("composer.lock", '{"packages": [1]}'),
        ("unknown.xyz", "a"),
    ],
)
def test_files_that_cannot_be_read_say_nothing(name: str, text: str) -> None:
    assert packages(name, text) is None
