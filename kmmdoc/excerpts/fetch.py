"""Fetch the files that the facts know, one by one, and keep those whose sha256 is the pinned one."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import kmmdoc
from kmmdoc.excerpts.facts import Facts
from kmmdoc.excerpts.trees import FetchedTree, write_atomically
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import FileFact

PLACES = (
    "https://raw.githubusercontent.com/torvalds/linux/{version}/{path}",
    "https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/plain/{path}?h={version}",
)
"""Where the files can be had, in the order tried."""

Progress = Callable[[int, int, str], None]
"""Called with the files done, the files in all, and the path just done (from worker threads)."""


class FetchError(KmmdocError):
    """A file could not be had. `gone` when trying the same place again makes no sense."""

    def __init__(self, url: str, where: str | None, reason: str, *, gone: bool = False) -> None:
        super().__init__(url, where, reason)
        self.gone = gone


@dataclass(frozen=True)
class Fetcher:
    """How to fetch: from where, how patiently.

    `timeout` seconds may pass without a byte, and `timeout` * 3 for a whole file; each place is tried
    `retries` times more, with `pause` seconds (doubling) between.
    """

    facts: Facts
    places: Sequence[str] = PLACES
    timeout: float = 15.0
    retries: int = 2
    pause: float = 0.5
    workers: int = 4

    def url(self, place: str, path: str) -> str:
        return place.format(version=self.facts.version, path=path)

    def one(self, fact: FileFact) -> tuple[bytes, str]:
        """The content of one file, checked, and the place that had it.

        FetchError names the last place tried and the reason.
        """
        problem: FetchError | None = None
        for place in self.places:
            for attempt in range(self.retries + 1):
                if attempt:
                    time.sleep(self.pause * 2 ** (attempt - 1))
                try:
                    return self._get(self.url(place, fact.path), fact), place
                except FetchError as error:
                    problem = error
                    if error.gone:
                        break
        assert problem is not None, "there is at least one place"
        raise problem

    def preferring(self, place: str) -> Fetcher:
        """The same, trying `place` first: it is known to answer."""
        return replace(self, places=(place, *(p for p in self.places if p != place)))

    def _get(self, url: str, fact: FileFact) -> bytes:
        request = urllib.request.Request(url, headers={"User-Agent": f"kmmdoc/{kmmdoc.__version__}"})
        until = time.monotonic() + 3 * self.timeout
        parts: list[bytes] = []
        size = 0
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                while size <= fact.size and (part := answer.read1(1 << 16)):
                    parts.append(part)
                    size += len(part)
                    if time.monotonic() > until:
                        raise FetchError(url, None, f"took more than {3 * self.timeout:g} seconds")
        except urllib.error.HTTPError as error:
            gone = error.code < 500 and error.code not in (408, 429)
            raise FetchError(url, None, f"answered {error.code} {error.reason}", gone=gone) from error
        except TimeoutError as error:
            raise FetchError(url, None, f"gave no answer in {self.timeout:g} seconds") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise FetchError(url, None, f"cannot be fetched: {reason}") from error
        content = b"".join(parts)
        if size < fact.size:
            raise FetchError(url, None, f"ended after {size} of {fact.size} bytes")
        if hashlib.sha256(content).hexdigest() != fact.sha256:
            raise FetchError(
                url, None, f"is not {self.facts.version}'s {fact.path}: its sha256 differs", gone=True
            )
        return content

    def into(
        self, folder: Path, progress: Progress | None = None, *, limit: float | None = None
    ) -> FetchedTree:
        """Every file that `folder` lacks. What is there and right is not fetched again.

        The first file is fetched alone: where nothing can be had, that one says so, and the place that
        has it is where the others are looked for first. `limit` is the
        number of seconds after which no further file is begun. FetchError on the first file that
        cannot be had; what was fetched until then stays for the next time.
        """
        tree = FetchedTree(folder, self.facts)
        missing = tree.missing()
        done = total = len(self.facts.files)
        done -= len(missing)
        until = None if limit is None else time.monotonic() + limit

        def get(fetcher: Fetcher, path: str) -> str:
            nonlocal done
            if until is not None and time.monotonic() > until:
                raise FetchError(path, None, f"was not begun: {limit:g} seconds were over")
            content, place = fetcher.one(self.facts.files[path])
            write_atomically(folder / path, content)
            done += 1
            if progress:
                progress(done, total, path)
            return place

        fetcher = self.preferring(get(self, missing.pop(0))) if missing else self
        pool = ThreadPoolExecutor(self.workers)
        try:
            jobs = [pool.submit(get, fetcher, path) for path in missing]
            finished, _ = wait(jobs, return_when=FIRST_EXCEPTION)
            for job in finished:
                job.result()
        finally:  # an interrupt, too, begins no further file
            pool.shutdown(cancel_futures=True)
        return tree


def places_of(mirror: str | None) -> tuple[str, ...]:
    """The URL patterns for a mirror: its URL with `{path}` in it, or a URL that the path is put after.

    >>> places_of("http://mirror.example/linux/")
    ('http://mirror.example/linux/{path}',)
    """
    if not mirror:
        return PLACES
    if not mirror.startswith(("http://", "https://")):
        raise KmmdocError("--mirror", mirror, "is no http:// or https:// URL")
    if "{path}" not in mirror:
        mirror = mirror.replace("{", "{{").replace("}", "}}").rstrip("/") + "/{path}"
    try:
        mirror.format(version="v", path="p")
    except (KeyError, ValueError, IndexError) as error:
        raise KmmdocError("--mirror", mirror, "may hold no braces but {path} and {version}") from error
    return (mirror,)
