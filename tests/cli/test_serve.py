"""`kmmdoc serve`, asked over loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest


@pytest.fixture
def address(tmp_path: Path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("home")
    (tmp_path / "site" / "404.html").write_text("<p>nothing here, 100% sure")
    words = [sys.executable, "-u", "-m", "kmmdoc", "serve", "--out", str(tmp_path), "--port", "0"]
    env = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as server:
        found = re.search(r"http://\S+", server.stderr.readline())
        yield found[0]
        server.terminate()


def test_serves_the_site_and_its_own_page_for_what_is_not_there(address: str) -> None:
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"home"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address + "stages/none.html")
    assert refused.value.code == 404
    assert refused.value.read() == b"<p>nothing here, 100% sure"
