"""The sample, built once for all tests of publishing."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kmmdoc.publish import Built, build_html, build_pdf


def _sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location("publish_sample", Path(__file__).with_name("sample.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    return _sample()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample's builds."""
    return tmp_path_factory.mktemp("publish")


@pytest.fixture(scope="session")
def pages(sample: ModuleType, place: Path) -> Path:
    """The sample's source tree."""
    return sample.write_pages(place / "source")


@pytest.fixture(scope="session")
def site(sample: ModuleType, pages: Path, place: Path) -> Built:
    return build_html(pages, place / "site", report=sample.report(), work=place / "work", strict=True)


@pytest.fixture(scope="session")
def pdf(sample: ModuleType, pages: Path, place: Path, site: Built) -> Built:
    return build_pdf(pages, place / "report.pdf", report=sample.report(), work=place / "work", strict=True)
