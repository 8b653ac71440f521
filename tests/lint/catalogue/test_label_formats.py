"""What fits the kinds of a label schema, by the standards and by hadolint."""

from __future__ import annotations

import pytest

from dockerlint.lint.catalogue.label_formats import fits, may_be_empty

# kind, value, whether it fits, whether hadolint 2.15.1 takes it (measured)
TABLE = [
    ("url", "https://example.com/a?b#c", True, True),
    ("url", "urn:isbn:1", True, True),
    ("url", "file:///x", True, True),
    ("url", "https://", False, True),
    ("url", "example.com", False, False),
    ("url", "//example.com", False, False),
    ("url", "https://example.com/a b", False, False),
    ("rfc3339", "2021-03-10T10:26:33.564595127+01:00", True, True),
    ("rfc3339", "2024-02-29t23:59:60z", True, True),
    ("rfc3339", "2023-02-29T00:00:00Z", False, False),
    ("rfc3339", "2021-03-10", False, False),
    ("rfc3339", "2021-03-10T24:00:00Z", False, False),
    ("rfc3339", "2021-03-10T10:26:33", False, False),
    ("rfc3339", "2021-03-10T10:26:33+0100", False, True),
    ("rfc3339", "2021-03-10T10:26:33+25:00", False, True),
    ("rfc3339", "2021-03-10T10:26:33.Z", False, True),
    ("rfc3339", "10000-01-01T00:00:00Z", False, True),
    ("spdx", "Apache-2.0", True, True),
    ("spdx", "apache-2.0", False, False),
    ("spdx", "Apache 2.0", False, False),
    ("spdx", "MIT OR (Apache-2.0 AND BSD-2-Clause)", True, False),
    ("spdx", "GPL-2.0-or-later WITH Classpath-exception-2.0", True, False),
    ("spdx", "GPL-2.0", True, False),
    ("spdx", "GPL-2.0+", True, False),
    ("spdx", "LicenseRef-own", True, False),
    ("spdx", "MIT OR", False, False),
    ("spdx", "MIT Apache-2.0", False, False),
    ("spdx", "(MIT", False, False),
    ("spdx", "MIT)", False, False),
    ("spdx", "MIT WITH MIT", False, False),
    ("spdx", "(MIT) WITH Classpath-exception-2.0", False, False),
    ("hash", "2dbfae9", True, True),
    ("hash", "43c572f1272b6b3171dd1db9e41b7027128ce080", True, True),
    ("hash", "43c572f1272b", True, False),
    ("hash", "a" * 64, True, False),
    ("hash", "a" * 41, False, False),
    ("hash", "2DBFAE9", False, False),
    ("hash", "main", False, False),
    ("semver", "1.20.0", True, True),
    ("semver", "1.0.0-rc.1+b.2", True, True),
    ("semver", "1.0.0+001", True, True),
    ("semver", "1.0", False, False),
    ("semver", "v1.0.0", False, False),
    ("semver", "1.0.0.0", False, False),
    ("semver", "1.0.0-a..b", False, False),
    ("semver", "01.0.0", False, True),
    ("semver", "1.0.0-01", False, True),
    ("semver", "1.0.0-", False, True),
    ("email", "anna.author+x@example.com", True, True),
    ("email", "anna@localhost", True, True),
    ("email", "anna@[192.0.2.1]", True, True),
    ("email", '"anna author"@example.com', True, True),
    ("email", "Anna <anna@example.com>", False, False),
    ("email", "anna", False, False),
    ("email", "a..b@example.com", False, False),
    ("email", "a@-b.example", False, False),
    ("email", "a@example.com.", False, True),
    ("email", " a@example.com", False, True),
    ("text", "", True, True),
    ("SemVer", "1.0", False, False),
]


@pytest.mark.parametrize(("kind", "value", "ours", "hadolints"), TABLE)
def test_what_fits(kind: str, value: str, ours: bool, hadolints: bool) -> None:
    assert (fits(kind, value), fits(kind, value, as_hadolint=True)) == (ours, hadolints)


@pytest.mark.parametrize("kind", ["url", "rfc3339", "spdx", "hash", "semver", "email"])
def test_nothing_fits_no_kind(kind: str) -> None:
    assert not fits(kind, "")
    assert not may_be_empty(kind)


def test_raw_text_may_be_empty() -> None:
    assert may_be_empty("rawtext")
    assert may_be_empty("rawText")
    assert not may_be_empty("text")


@pytest.mark.parametrize(
    "value", ["9" * 100_000 + "-01-01T00:00:00Z", "(" * 100_000, "a" * 100_000 + "@", "1.0.0-" + "a." * 50_000]
)
def test_long_values_are_no_trouble(value: str) -> None:
    assert not any(fits(kind, value) for kind in ("rfc3339", "spdx", "hash", "semver", "email"))
