"""Fetching one by one, from a server on this machine that can do everything wrong."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kmmdoc.excerpts import source
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.fetch import PLACES, Fetcher, FetchError, places_of
from kmmdoc.model.errors import KmmdocError


class Server:
    """Serves `files`; `answers` replaces the answer for a path (asked for the n-th time) by a function's."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.asked: Counter[str] = Counter()
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler, int], bool]] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.removeprefix("/pub/")
                server.asked[path] += 1
                if path in server.answers and server.answers[path](self, server.asked[path]):
                    return
                if path not in server.files:
                    self.send_error(404)
                    return
                self.give(server.files[path].encode())

            def give(self, content: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/pub"


@pytest.fixture
def server(files: dict[str, str]) -> Iterator[Server]:
    serving = Server(files)
    thread = threading.Thread(target=serving.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield serving
    serving.http.shutdown()
    serving.http.server_close()


@pytest.fixture
def quick(facts: Facts) -> Fetcher:
    return Fetcher(facts, timeout=0.3, retries=2, pause=0.01)


def kept(cache: Path) -> list[str]:
    """Every file below the cache, whatever its name."""
    return sorted(p.relative_to(cache).as_posix() for p in cache.rglob("*") if p.is_file())


def test_fetch_keeps_all_and_remembers(server: Server, facts: Facts, quick: Fetcher, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = source.fetch(
        server.url,
        cache=tmp_path,
        facts=facts,
        fetcher=quick,
        progress=lambda done, total, _: seen.append((done, total)),
    )
    assert (found.kind, found.present, found.same, found.known) == ("fetched", 3, 3, 3)
    assert sorted(seen) == [(1, 3), (2, 3), (3, 3)]
    assert kept(tmp_path) == ["source.json", "v0.1/lib/jug.c", "v0.1/lib/jug.h", "v0.1/lib/tap.c"]
    tree = source.current(cache=tmp_path, facts=facts)
    assert tree is not None
    assert tree.raw("lib/jug.c") == server.files["lib/jug.c"].encode()


def test_what_is_there_stays(server: Server, facts: Facts, quick: Fetcher, tmp_path: Path) -> None:
    source.fetch(server.url, cache=tmp_path, facts=facts, fetcher=quick)
    (tmp_path / "v0.1/lib/jug.h").write_text("spoilt")
    assert source.current(cache=tmp_path, facts=facts) is None  # a spoilt file is as good as none
    source.fetch(server.url, cache=tmp_path, facts=facts, fetcher=quick)
    assert server.asked == {"lib/jug.c": 1, "lib/jug.h": 2, "lib/tap.c": 1}


def test_wrong_content_is_not_kept(
    server: Server, files: dict[str, str], facts: Facts, quick: Fetcher, tmp_path: Path
) -> None:
    files["lib/jug.h"] = files["lib/jug.h"].replace("5", "6")
    with pytest.raises(FetchError, match=r"jug\.h: is not v0\.1's lib/jug\.h: its sha256 differs"):
        source.fetch(server.url, cache=tmp_path, facts=facts, fetcher=quick)
    assert server.asked["lib/jug.h"] == 1  # the same place would give the same
    assert "v0.1/lib/jug.h" not in kept(tmp_path)
    assert "source.json" not in kept(tmp_path)


def test_longer_content_is_read_no_further_than_needed(
    server: Server, files: dict[str, str], facts: Facts, quick: Fetcher, tmp_path: Path
) -> None:
    files["lib/jug.h"] += "/* more */\n" * 100_000
    with pytest.raises(FetchError, match="sha256 differs"):
        source.fetch(server.url, cache=tmp_path, facts=facts, fetcher=quick)


def test_not_found(
    server: Server, files: dict[str, str], facts: Facts, quick: Fetcher, tmp_path: Path
) -> None:
    del files["lib/tap.c"]
    with pytest.raises(FetchError, match=r"/pub/lib/tap\.c: answered 404"):
        source.fetch(server.url, cache=tmp_path, facts=facts, fetcher=quick)
    assert server.asked["lib/tap.c"] == 1


def test_a_short_answer_is_tried_again(server: Server, facts: Facts, quick: Fetcher, tmp_path: Path) -> None:
    def half(handler: BaseHTTPRequestHandler, time: int) -> bool:
        if time > 2:
            return False
        content = server.files["lib/jug.c"].encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2])
        handler.close_connection = True
        return True

    server.answers["lib/jug.c"] = half
    assert source.fetch(server.url, cache=tmp_path, facts=facts, fetcher=quick).same == 3
    assert server.asked["lib/jug.c"] == 3


def test_a_short_answer_every_time(server: Server, facts: Facts, quick: Fetcher, tmp_path: Path) -> None:
    def nothing(handler: BaseHTTPRequestHandler, _: int) -> bool:
        handler.send_response(200)
        handler.end_headers()
        return True

    server.answers["lib/jug.c"] = nothing
    with pytest.raises(FetchError, match="ended after 0 of"):
        source.fetch(server.url, cache=tmp_path, facts=facts, fetcher=quick)
    assert server.asked["lib/jug.c"] == 3


@pytest.mark.parametrize("drip", [False, True], ids=["silent", "byte by byte"])
def test_a_slow_server(server: Server, facts: Facts, quick: Fetcher, tmp_path: Path, drip: bool) -> None:
    def slow(handler: BaseHTTPRequestHandler, _: int) -> bool:
        if drip:
            handler.send_response(200)
            handler.end_headers()
        try:
            for _turn in range(30):
                time.sleep(0.1)
                if drip:
                    handler.wfile.write(b"/")
                    handler.wfile.flush()
        except OSError:
            pass
        return True

    for path in server.files:
        server.answers[path] = slow
    begin = time.monotonic()
    with pytest.raises(FetchError, match=r"more than|no answer|timed out"):
        source.fetch(server.url, cache=tmp_path, facts=facts, fetcher=Fetcher(facts, timeout=0.3, retries=0))
    assert time.monotonic() - begin < 2.5
    assert kept(tmp_path) == []


def test_the_next_place_is_tried(server: Server, facts: Facts, tmp_path: Path) -> None:
    fetcher = Fetcher(facts, (server.url + "/nowhere/{path}", server.url + "/{path}"), timeout=1, retries=0)
    assert fetcher.into(tmp_path).missing() == []
    in_vain = [path for path in server.asked if path.startswith("nowhere/")]
    assert len(in_vain) == 1  # and never again


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_mirrors() -> None:
    assert places_of(None) == PLACES
    assert places_of("http://m/x/{version}/{path}?raw") == ("http://m/x/{version}/{path}?raw",)
    for wrong in ("ftp://m/x", "/a/folder", "http://m/{path}/{user}"):
        with pytest.raises(KmmdocError):
            places_of(wrong)


def test_a_build_fetches_once(
    server: Server, facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(source.MIRROR, server.url)
    said: list[str] = []
    tree = source.ensure_source(False, cache=tmp_path, facts=facts, say=said.append)
    assert tree is not None
    assert "fetching 3 files of v0.1" in said[0]
    asked = server.asked.copy()
    assert source.ensure_source(False, cache=tmp_path, facts=facts, say=said.append) is not None
    assert server.asked == asked
    assert "fetched, hashes checked" in said[-1]


def test_a_build_offline_never_tries(
    server: Server, facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(source.MIRROR, server.url)
    said: list[str] = []
    assert source.ensure_source(True, cache=tmp_path, facts=facts, say=said.append) is None
    assert server.asked == {}
    assert len(said) == 1
    assert kept(tmp_path) == []


def test_a_build_that_cannot_reach_anything_goes_on_and_does_not_try_again_at_once(
    facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(source.MIRROR, f"http://127.0.0.1:{closed_port()}")
    said: list[str] = []
    assert source.ensure_source(False, cache=tmp_path, facts=facts, say=said.append) is None
    assert "refused" in said[-1]
    assert "going on without" in said[-1]
    assert source.ensure_source(False, cache=tmp_path, facts=facts, say=said.append) is None
    assert "a few minutes ago" in said[-1]
    monkeypatch.setattr(source, "RETRY_AFTER", 0)
    assert source.ensure_source(False, cache=tmp_path, facts=facts, say=said.append) is None
    assert "refused" in said[-1]


def test_a_build_waits_a_few_seconds_at_most(
    facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:  # accepts connections and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv(source.MIRROR, f"http://127.0.0.1:{silent.getsockname()[1]}")
        begin = time.monotonic()
        assert source.ensure_source(False, 0.3, cache=tmp_path, facts=facts) is None
        assert time.monotonic() - begin < 2


def test_a_build_with_a_cache_that_cannot_be_written(
    server: Server, facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(source.MIRROR, server.url)
    (tmp_path / "file").write_text("not a folder")
    said: list[str] = []
    cache = tmp_path / "file" / "cache"
    assert source.ensure_source(False, cache=cache, facts=facts, say=said.append) is None
    assert "going on without" in said[-1]
