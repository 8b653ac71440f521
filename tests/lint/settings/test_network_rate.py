from __future__ import annotations

import pytest

from dockerlint.lint.settings.network_rate import rate


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("50Mbit", 6.25e6), ("50 Mbit/s", 6.25e6), ("6.25MB/s", 6.25e6), ("800kbit", 1e5), ("9B", 9)],
)
def test_rates_are_bytes_a_second(text: str, wanted: float) -> None:
    assert rate(text) == wanted


@pytest.mark.parametrize("text", ["", "fast", "0Mbit", "-1MB", "5", "5 Mb/x"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="a rate such as 50Mbit or 6MB/s"):
        rate(text)
