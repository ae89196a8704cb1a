"""`kmmdoc serve`: look at the built site in a browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from kmmdoc.cli.output import say
from kmmdoc.model.errors import KmmdocError

HELP = "serve the built site on this machine"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--out", type=Path, default=Path("build"), metavar="DIR", help="where it was built")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free one (default: 8000)")
    parser.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS", help="(default: 127.0.0.1)")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    site = args.out / "site"
    if not (site / "index.html").is_file():
        raise KmmdocError(site, None, "there is no site here yet; `kmmdoc build html` makes it")
    if not 0 <= args.port < 1 << 16:
        raise KmmdocError("command line", "--port", f"{args.port} is not a port")
    not_found = site / "404.html"

    class Handler(SimpleHTTPRequestHandler):
        """The files of the site, and its own page for an address without one."""

        if not_found.is_file():
            error_message_format = not_found.read_text(encoding="utf-8").replace("%", "%%")

    handler = partial(Handler, directory=str(site))
    try:
        server = ThreadingHTTPServer((args.bind, args.port), handler)
    except OSError as error:
        raise KmmdocError("command line", "--port", f"{args.port}: {error.strerror}") from None
    with server:
        say(f"http://{args.bind}:{server.server_port}/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("")
    return 0
