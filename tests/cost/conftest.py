"""Books and instances for the tests of cost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.core.records import Instance, Volume
from tui.cost import PriceBook, book_from_json


@pytest.fixture(scope="session")
def book() -> PriceBook:
    """The packaged snapshot."""
    return PriceBook.bundled()


@pytest.fixture(scope="session")
def book_2015() -> PriceBook:
    """The 2015 book of the price sources."""
    text = (Path(__file__).parent / "data" / "book-2015.json").read_text()
    return book_from_json(text)


@pytest.fixture
def instance() -> Instance:
    """A t3.micro with 8 GiB of gp3 and a public address, up since 06:00 UTC."""
    return Instance(
        id="i-1",
        name="one",
        state="running",
        type="t3.micro",
        architecture="x86_64",
        zone="us-east-1b",
        public_ip="203.0.113.7",
        public_dns="",
        private_ip="172.31.0.4",
        key_name="",
        image_id="ami-1",
        launched_at=datetime(2026, 11, 22, 6, tzinfo=UTC),
        volumes=(Volume("vol-1", "/dev/xvda", 8, "gp3"),),
    )
