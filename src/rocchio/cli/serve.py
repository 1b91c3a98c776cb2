"""`rocchio serve` and `rocchio mcp`: collections for other programs and for agents."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from rocchio.cli.options import MemoryLimit
from rocchio.cli.output import err, out
from rocchio.errors import InvalidArgument, NotFound

SERVE_EXAMPLES = (
    "Examples:\n\n[bold]rocchio serve papers.rocchio[/bold]\n\n[bold]rocchio serve collections/ --create[/bold]\n\n"
    "[bold]rocchio serve collections/ --host 0.0.0.0 --keys keys.json[/bold]\n\n[bold]rocchio serve --demo[/bold]"
)
MCP_EXAMPLES = "Examples:\n\n[bold]rocchio mcp papers.rocchio[/bold]\n\n[bold]rocchio mcp collections/[/bold]"
ServedPath = Annotated[Path, typer.Argument(help="Folder of a collection, or of collections.", show_default=False)]


def serve(
    path: Annotated[
        Path | None, typer.Argument(help="Folder of a collection, or of collections.", show_default=False)
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; other than loopback needs --keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8080,
    keys: Annotated[
        Path | None, typer.Option(help="File of keys, see rocchio keys. Without one, everybody here is an admin.")
    ] = None,
    create: Annotated[bool, typer.Option(help="Make the folder of collections if it is not there.")] = False,
    rate: Annotated[float, typer.Option(help="Requests a second and key (or address); 0 is no limit.")] = 1000.0,
    body_mb: Annotated[int, typer.Option(help="Longest JSON body, in MiB; ingests may be longer.", min=1)] = 16,
    memory_mb: Annotated[int, typer.Option(help="Memory to buffer before a segment is written.")] = 256,
    cache_mb: Annotated[int, typer.Option(help="Memory for columns of terms that were searched.")] = 1024,
    memory_limit: MemoryLimit = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve the docstrings of the standard library, from a temporary folder.")
    ] = False,
    log_requests: Annotated[bool, typer.Option(help="A line of JSON for each request on standard error.")] = True,
) -> None:
    """Answer HTTP requests until a signal says stop: the web console at /, routes as /openapi.json describes them."""
    _need("server", "fastapi", "uvicorn", "httptools", "orjson", "prometheus_client")
    from rocchio.server.app import create_app
    from rocchio.server.limits import Limits
    from rocchio.server.logs import to_standard_error
    from rocchio.server.run import check_host, listen, run

    check_host(host, keys is not None)
    if demo == (path is not None):
        found = "both" if demo else "neither"
        raise InvalidArgument(f"expected the folder of a collection, or of collections, or --demo, found {found}")
    limits = Limits(body_bytes=body_mb << 20, rate=rate)
    log = to_standard_error(requests=log_requests)
    with contextlib.ExitStack() as stack:
        served = path if path is not None else _demonstration(stack)
        options = {"memory_mb": memory_mb, "cache_mb": cache_mb, "memory_limit": memory_limit}
        app = create_app(served, keys=keys, limits=limits, log=log, create_root=create, **options)
        socket, url = listen(host, port)
        out.print(f"listening on {url}", markup=False, soft_wrap=True)
        run(app, socket, limits)


def _demonstration(stack: contextlib.ExitStack) -> Path:
    """A temporary folder with the demonstration's collection, queries and judgements."""
    from rocchio.cli.demo_collection import QRELS, QUERIES, build_served

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again: so the folder is removed
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rocchio-demo-")))
    build_served(folder)
    err.print(f"for the experiment page: {folder / QUERIES} and {folder / QRELS}", markup=False, soft_wrap=True)
    return folder


def mcp(
    path: ServedPath,
    write: Annotated[
        bool, typer.Option(help="Let agents write and delete documents. Default: they only read.")
    ] = False,
    tenant: Annotated[
        str | None, typer.Option(help="Tenant whose documents alone the agent sees, of multi-tenant collections.")
    ] = None,
    memory_mb: Annotated[int, typer.Option(help="Memory to buffer before a segment is written.")] = 256,
    cache_mb: Annotated[int, typer.Option(help="Memory for columns of terms that were searched.")] = 1024,
    memory_limit: MemoryLimit = None,
) -> None:
    """Offer collections to an agent over MCP (standard input and output): search, feedback, fetch, list_collections."""
    _need("mcp", "mcp")
    from rocchio.server.agents import create_mcp
    from rocchio.server.catalogue import Catalogue
    from rocchio.storage.tenancy import check_tenant

    if tenant is not None:
        check_tenant(tenant)
    catalogue = Catalogue(path, memory_mb=memory_mb, cache_mb=cache_mb, memory_limit=memory_limit)
    try:
        create_mcp(catalogue, may_write=write, tenant=tenant).run("stdio")
    finally:
        catalogue.close()


def _need(extra: str, *names: str) -> None:
    """Raises NotFound for a library that is not installed, and says how to get it."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise NotFound(f"expected the library {name}, found none; install it: pip install 'rocchio[{extra}]'")
