"""A Pi of one's own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.doctor.pi import Pi


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    return Pi(tmp_path)
