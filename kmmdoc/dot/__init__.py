"""Pictures: from the engine-neutral figures of the model (Graph, Bands) to SVG.

`draw(figure)` in `kmmdoc.dot.draw` gives a `Drawing`. On disk a drawing is two files with one stem, below a
folder `figures/` of the generated source:

    NAME.svg    standalone. The root is <svg class="kfig" viewBox="0 0 W H" role="img" aria-label=ALT>, sizes
                in CSS pixels. There is no id and no <style> in it, so that it can be inlined many times. Every
                shape carries a class (k-box, k-title, k-value, k-edge, k-changed, k-fill-memory ...) and, as
                presentation attributes, the colours of the light theme: right as it stands in a PDF, and
                overridden by the page's CSS, light and dark, on the site. That CSS is `kmmdoc.dot.style.css()`.
                Links are <a class="k-link" href="kmm:TARGET">.
    NAME.json   {"width": W, "height": H, "alt": ALT, "links": [{"x", "y", "w", "h", "target", "title"}]} with
                boxes in the same pixels, from the top left corner: the clickable areas for a PDF.

TARGET is `function:NAME`, `struct:NAME` or `doc:DOCNAME` (with `#anchor` if need be). Whoever publishes
resolves it for its builder: functions are documents `functions/NAME`, structures `structs/NAME`. A target
that has no page is not a mistake: the link falls away.

A MyST page shows a drawing with the directive `kfigure`, whose argument is the path without suffix and whose
body is the caption:

    ```{kfigure} figures/free_area-after_mem_init
    The free lists after the hand-over.
    ```

Layouts are cached by content hash (`kmmdoc.dot.layout`), so that a second build draws nothing anew.
"""
