"""Pictures: from the engine-neutral figures of the model (Graph, Bands) to SVG.

`kmmdoc.dot.draw.draw(figure)` gives SVG text. It stands alone (right as it is in a PDF) and can be inlined:
no id, no style sheet, sizes in points, one font family, and only the literal colours of `kmmdoc.dot.style`,
each of which means one thing. `style.variables()` maps these literals to CSS variables, `style.css()` defines
the variables for the light and the dark theme.

Links are <a href="TARGET" title="...">, TARGET being `function:NAME`, `struct:NAME` or `doc:DOCNAME` (with
`#anchor` if need be). Whoever publishes resolves them; one without a page falls away.

With a cache folder a drawing is kept by its content's hash, so that a second build draws nothing anew.
"""
