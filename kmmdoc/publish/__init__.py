"""Publishing: a tree of MyST pages becomes the site and the report."""

from kmmdoc.publish.build import Built, build_html, build_pdf
from kmmdoc.publish.report import LANGUAGES, Report, load_report

__all__ = ["LANGUAGES", "Built", "Report", "build_html", "build_pdf", "load_report"]
