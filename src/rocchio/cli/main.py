"""`rocchio`: the command line. Each command parses, calls the engine, prints; exit codes follow the error family."""

from __future__ import annotations

import sys

import typer

from rocchio.cli import (
    calibrate,
    clicks,
    demo,
    embed,
    evaluate,
    experiment,
    freeze,
    fuse,
    index,
    precompute,
    recall,
    search,
    serve,
    tenants,
    tune,
)
from rocchio.cli import collection as collection_commands
from rocchio.cli.keys import keys
from rocchio.cli.output import err
from rocchio.errors import RocchioError, StorageFailure

INTERRUPTED = 130

app = typer.Typer(
    name="rocchio",
    help="A retrieval engine in a folder: index documents, search them exactly, measure how well.",
    epilog="Exit codes: 0 done, 2 usage or input to correct, 3 damaged data, 4 busy, 5 disk, 6 encoder, "
    "7 server, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("index", epilog=index.EXAMPLES)(index.index)
app.command("search", epilog=search.EXAMPLES)(search.search)
app.command("eval", epilog=evaluate.EXAMPLES)(evaluate.evaluate_runs)
app.command("fuse", epilog=fuse.EXAMPLES)(fuse.fuse)
app.command("tune", epilog=tune.EXAMPLES)(tune.tune)
app.command("experiment", epilog=experiment.EXAMPLES)(experiment.experiment)
app.command("info")(collection_commands.info)
app.command("verify")(collection_commands.verify)
app.command("compact")(collection_commands.compact)
app.command("embed", epilog=embed.EXAMPLES)(embed.embed)
app.command("freeze", epilog=freeze.EXAMPLES)(freeze.freeze)
app.command("thaw")(freeze.thaw)
app.command("precompute", epilog=precompute.EXAMPLES)(precompute.precompute)
app.command("calibrate", epilog=calibrate.EXAMPLES)(calibrate.calibrate)
app.command("recall", epilog=recall.EXAMPLES)(recall.recall)
app.command("clicks", epilog=clicks.EXAMPLES)(clicks.clicks)
app.command("delete", epilog=collection_commands.DELETE_EXAMPLES)(collection_commands.delete)
app.command("tenants", epilog=tenants.EXAMPLES)(tenants.tenants)
app.command("grant", epilog=tenants.GRANT_EXAMPLES)(tenants.grant)
app.command("revoke", epilog=tenants.GRANT_EXAMPLES.replace("grant", "revoke"))(tenants.revoke)
app.command("serve", epilog=serve.SERVE_EXAMPLES)(serve.serve)
app.command("mcp", epilog=serve.MCP_EXAMPLES)(serve.mcp)
app.add_typer(keys, name="keys")
app.command("demo")(demo.demo)


@app.callback(invoke_without_command=True)
def version(
    context: typer.Context, show: bool = typer.Option(False, "--version", help="Print the version and stop.")
) -> None:
    """Runs before every command."""
    if show:
        import rocchio

        typer.echo(f"rocchio {rocchio.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Run the command line; errors become one line on standard error and an exit code."""
    try:
        code = _run()
    except RocchioError as error:
        _complain(str(error), getattr(error, "__notes__", []))
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted; the last commit is intact", [])
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing is left to say
        sys.exit(0)
    except OSError as error:  # the output cannot be written: a full disk behind a redirection
        _complain(f"cannot write: {error.strerror}", [])
        sys.exit(StorageFailure.exit_code)
    except Exception as error:
        # usage errors: their class is click's or, in newer versions, typer's private copy of it
        if not hasattr(error, "show") or not hasattr(error, "exit_code"):
            raise
        error.show()
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _run() -> int | None:
    try:
        code: int | None = app(standalone_mode=False)
    except SystemExit as stop:  # some versions of typer turn Ctrl-C into an exit of their own
        if stop.code == INTERRUPTED:
            raise KeyboardInterrupt from stop
        raise
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code


def _complain(text: str, notes: list[str]) -> None:
    err.print(f"error: {text}", style="red", markup=False, soft_wrap=True)
    for note in notes:
        err.print(note, markup=False, soft_wrap=True)
