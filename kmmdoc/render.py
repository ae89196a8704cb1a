"""Page models and templates to a tree of MyST pages and drawings, which publish/ turns into site and report.

Files are written only where their content changed, and what an earlier build left over is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from kmmdoc.dot.draw import draw
from kmmdoc.excerpts.bind import notice
from kmmdoc.excerpts.check.passed import run_by_bundled
from kmmdoc.excerpts.trees import Tree
from kmmdoc.model import sections
from kmmdoc.model.errors import KmmdocError
from kmmdoc.model.excerpt import Annotation, Excerpt
from kmmdoc.model.graph import Bands, CacheLines, Figure, Graph, Table, keep_targets
from kmmdoc.model.quantities import PAGE_SHIFT, size_text
from kmmdoc.model.run import Run
from kmmdoc.model.words import TEMPLATES
from kmmdoc.pages import evidence, machine, structs, texts
from kmmdoc.pages.activity import line_counts
from kmmdoc.pages.chapters import Chapter
from kmmdoc.pages.glossary import glossary
from kmmdoc.pages.simulator import simplified_modules
from kmmdoc.pages.site import AGGREGATES, Site
from kmmdoc.pages.variables import history, is_freed
from kmmdoc.views import draw as draw_view
from kmmdoc.views.runs.call_tree import call_trees, neighbours
from kmmdoc.views.runs.calls import Called, between, trim_context
from kmmdoc.views.runs.timeline import timeline

MADE_BY = "% Made by kmmdoc from a run. Do not edit: the next build writes it anew.\n\n"


def make_site(
    run: Run,
    out: Path,
    language: str = "en",
    source: Tree | None = None,
    *,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write all pages of `run` in `language` into the folder `out`; returns every file of the tree.

    With `source`, a kernel tree, pages show the kernel's own lines. `cache` is a folder that keeps layouts
    of figures. `progress` is called with the name of each document.
    """
    return Renderer(Site(run, language, source), out, cache).everything(progress)


class Renderer:
    """Writes one site. Paths of drawings are given out by the document that shows them."""

    def __init__(self, site: Site, out: Path, cache: Path | None = None) -> None:
        self.site, self.out, self.cache = site, out, cache
        self.written: list[Path] = []
        self._svg: dict[str, str] = {}
        self._document = ""
        self._figures = 0
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )
        self.environment.filters.update(
            size=size_text,
            pages=lambda n: size_text(n << PAGE_SHIFT),
            n=lambda value: f"{value:,}",
            hex=lambda value: f"{value:#x}",
            plain=texts.plain,
            arg=texts.argument,
            linked=lambda text: texts.linked(text, site),
            ctype=lambda text: texts.c_type(text, site.struct_names),
        )
        self.environment.globals.update(
            site=site, run=site.run, build=site.run.scenario.build, words=site.words, w=site.words, t=texts
        )
        self.environment.globals.update(figure=self.figure, graph=self.graph)

    def everything(self, progress: Callable[[str], None] | None = None) -> list[Path]:
        """Every document; returns the files of the tree, sorted."""
        site = self.site
        tell = progress or (lambda name: None)
        for chapter in site.chapters:
            tell(chapter.docname)
            self.chapter(chapter)
        for name in site.functions:
            self.function(name)
        tell("functions")
        for name in site.structs:
            self.struct(name)
        tell("structs")
        for annotation in site.variables:
            self.variable(annotation)
        for annotation in site.families:
            self.family(annotation)
        terms = glossary(site.language)
        name = machine.name(site)
        stretches = timeline(site.stretches(), site.words)
        self.page("home", "index", machine=name, timeline=stretches, glossary=terms)
        self.page(
            "machine",
            "machine",
            name=name,
            facts=machine.facts(site.run),
            mapped_at=machine.mapped_stage(site.run),
            owned=machine.ownership(site),
        )
        self.page("log", "log", lines=site.trace.lines)
        for written in site.written:
            self._write(written.slug + ".md", written.text)
        self.page("functions", "functions/index", groups=_by_file(site))
        self.page("structs", "structs/index")
        self.page("variables", "globals/index")
        self.page("families", "macros/index")
        by_slug = {c.slug: c for c in site.chapters}
        self.page("glossary", "glossary", groups=terms, chapters=by_slug)
        simplified = {n: s for n, s in sorted(site.simulated.items()) if s.simplified}
        modules = simplified_modules()
        self.page("simplified", "simplified", functions=simplified, modules=modules)
        tell("evidence")
        found = evidence.Evidence(site)
        self.page("evidence", "evidence", found=found, simplified=simplified, modules=modules)
        self._remove_leftovers()
        return sorted(self.written)

    # Documents.

    def page(self, template: str, document: str, **values: Any) -> None:
        """Render `templates/pages/TEMPLATE.md.j2` as a document."""
        self._begin(document)
        text = self.environment.get_template(f"pages/{template}.md.j2").render(document=document, **values)
        self._write(document + ".md", text)

    def chapter(self, chapter: Chapter) -> None:
        """The page of a chapter: its own text between title and navigation."""
        site = self.site
        self._begin(chapter.docname)
        start, end = chapter.span(site.run)
        complete = not chapter.end or chapter.end in site.run.snapshots
        path, forest = trim_context(between(site.run.calls, start, end))
        values = {
            "chapter": chapter,
            "now": chapter.end,
            "before": chapter.start,
            "calls": lambda: self._calls(path, forest),
            "log": lambda: self._log(start, end),
            **self._readers(chapter.end),
        }
        body = self._chapter_text(chapter, values) if complete else ""
        frame = self.environment.get_template("pages/stage.md.j2")
        self._write(chapter.docname + ".md", frame.render(chapter=chapter, body=body, complete=complete))

    def _chapter_text(self, chapter: Chapter, values: Mapping[str, Any]) -> str:
        try:
            return self.environment.from_string(chapter.body).render(values)
        except jinja2.TemplateSyntaxError as error:
            raise KmmdocError(chapter.path, chapter.first_line + error.lineno - 1, str(error)) from error
        except jinja2.UndefinedError as error:
            raise KmmdocError(chapter.path, None, str(error)) from error

    def function(self, name: str) -> None:
        """The page of a function."""
        site = self.site
        activity = site.trace.functions.get(name)
        file = activity.ref.file if activity else None
        excerpt = site.excerpt(name, "function", file=file)
        around: Graph | None = None
        if activity:
            around = neighbours(
                activity.ref,
                [Called(ref, 0, n) for ref, n in activity.callers.most_common()],
                [Called(ref, 0, n) for ref, n in activity.callees.items()],
                site.words,
            )
        self.page(
            "function",
            f"functions/{name}",
            name=name,
            activity=activity,
            excerpt=excerpt,
            around=around,
            counts=line_counts(excerpt, activity) if excerpt and activity else {},
            elsewhere="" if activity else run_by_bundled().get(name, ""),
            first=site.chapter_at(activity.first) if activity else None,
            simulated=site.simulated.get(name),
            notice=self._notice(excerpt),
        )

    def struct(self, name: str) -> None:
        """The page of a structure."""
        site = self.site
        excerpt = site.excerpt(name, *AGGREGATES)
        self.page(
            "struct",
            f"structs/{name}",
            name=name,
            page=structs.struct_page(site, name),
            chapter_of=lambda stage: structs.chapter_of(site, stage),
            excerpt=excerpt,
            notice=self._notice(excerpt),
        )

    def variable(self, annotation: Annotation) -> None:
        """The page of a global variable, or of some that stand together."""
        excerpt = self.site.binder.bind(annotation)
        names = [name for name, page in self.site.global_pages.items() if page == annotation.symbol]
        self.page(
            "variable",
            f"globals/{annotation.symbol}",
            excerpt=excerpt,
            histories={name: history(self.site.run, name) for name in names},
            writers={name: self.site.writes[("", name)] for name in names if ("", name) in self.site.writes},
            freed=[name for name in names if is_freed(self.site.run.scenario.build, name)],
            notice=self._notice(excerpt),
        )

    def family(self, annotation: Annotation) -> None:
        """The page of a family of macros or constants."""
        excerpt = self.site.binder.bind(annotation)
        self.page(
            "family",
            f"macros/{annotation.symbol}",
            excerpt=excerpt,
            members=[name for name, page in self.site.macro_pages.items() if page == annotation.symbol],
            notice=self._notice(excerpt),
        )

    def _notice(self, excerpt: Excerpt | None) -> str:
        """The kernel's licence notice, which is due where its text is shown."""
        return notice(excerpt.tree, self.site.language) if excerpt and excerpt.text else ""

    # What templates call.

    def figure(self, view: str, now: str, before: str | None = None, only: str = "", **options: str) -> str:
        """The figures of a view as MyST, or the one named `only`; nothing where the run cannot show it."""
        shot = self.site.shot(now, before, **options)
        found = draw_view(view, shot) if shot else ()
        return "\n".join(self.graph(f) for f in found if not only or f.name == only)

    def graph(self, figure: Figure, caption: str | None = None) -> str:
        """One figure as MyST; its drawing is written beside the pages."""
        figure = keep_targets(figure, self.site.known)
        if isinstance(figure, Table):
            return texts.table(figure)
        stem = f"figures/{self._document.replace('/', '-')}-{self._figures}-{figure.name}"
        self._figures += 1
        self._write(f"{stem}.svg", self._drawn(figure), made_by="")
        alt = texts.one_line(figure.alt) or figure.name
        lines = ["```{kmm-graph}", f":file: /{stem}.svg", f":alt: {alt}"]
        shown = figure.caption if caption is None else caption
        if shown:
            lines.append(f":caption: {texts.one_line(shown)}")
        return "\n".join([*lines, "```", ""])

    def _drawn(self, figure: Graph | Bands | CacheLines) -> str:
        return draw(figure, self.cache)

    def _calls(self, path: list[Any], forest: list[Called]) -> str:
        """The call tree of a chapter."""
        graphs = call_trees(forest, self.site.words)
        within = " → ".join(f"{{kfunc}}`{ref.name}`" for ref in path)
        parts = [self.site.words("page.within", path=within) + "\n"] if within else []
        return "\n".join(parts + [self.graph(g) for g in graphs])

    def _log(self, start: int, end: int) -> str:
        """The log lines of a stretch of the trace, each with the function that printed it."""
        lines = [line for line in self.site.trace.lines if start <= line.at < end]
        if not lines:
            return self.site.words("page.no-lines") + "\n"
        by = " ".join(line.function.name if line.function else "-" for line in lines)
        return f"```{{kmm-log}}\n:by: {by}\n\n" + "\n".join(line.text for line in lines) + "\n```\n"

    def _readers(self, default: str) -> dict[str, Callable[..., Any]]:
        """Typed readers of sections for chapter texts: `memblock(stage)`; without a stage, at the end."""
        names: tuple[str, ...] = (
            "e820",
            "e820_saved",
            "memblock",
            "nodes",
            "zonelists",
            "sparse",
            "page_tables",
            "per_cpu",
        )
        names += ("slub", "vmap_areas", "resources", "pages")

        def reader(name: str) -> Callable[..., Any]:
            read = getattr(sections, name)

            def section(stage: str = default) -> Any:
                return read(self.site.run.snapshots[stage])

            return section

        def glob(name: str, stage: str = default) -> Any:
            return self.site.run.snapshots[stage]["globals"][name]

        def zone(name: str, stage: str = default) -> Any:
            found = [z for n in sections.nodes(self.site.run.snapshots[stage]) for z in n.zones]
            return next((z for z in found if z.name == name and z.present), None)

        return {name: reader(name) for name in names} | {"glob": glob, "zone": zone}

    # Files.

    def _begin(self, document: str) -> None:
        self._document, self._figures = document, 0

    def _write(self, name: str, text: str, made_by: str = MADE_BY) -> None:
        path = self.out / name
        if made_by and text.startswith("---\n"):
            head, _, rest = text[4:].partition("\n---\n")
            text = f"---\n{head}\n---\n{made_by}{rest}"
        elif made_by:
            text = made_by + text
        self.written.append(path)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _remove_leftovers(self) -> None:
        """Remove pages and drawings of an earlier build that this one did not write."""
        kept = set(self.written)
        for pattern in ("**/*.md", "figures/*.svg"):
            for path in self.out.glob(pattern):
                if path not in kept:
                    path.unlink()


def _by_file(site: Site) -> Mapping[str, list[str]]:
    """Kernel file -> the functions that have a page, in alphabetical order."""
    groups: dict[str, list[str]] = {}
    for name in site.functions:
        activity = site.trace.functions.get(name)
        if activity:
            file = activity.ref.file
        else:
            excerpt = site.annotation(name, "function")
            file = excerpt.file if excerpt else ""
        groups.setdefault(file, []).append(name)
    return dict(sorted(groups.items()))
