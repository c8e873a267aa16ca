"""Arguments in, a command run, an exit status out."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress

import click

from kwel.cli.modules import Modules
from kwel.cli.outcome import Status, complain, leave_quietly, replace_closed_streams
from kwel.model.version import __version__

COMMANDS = (
    "report", "flows", "lan", "names", "hellos", "assets", "dependencies", "conduits", "commands", "needs", "outage",
    "drill", "suppliers",
    "sector", "interruptions", "inventory", "check", "limits", "sensor",
    "store", "diff",
    "explain", "verify", "site", "rules", "data", "update",
    "warmup",
)  # fmt: skip
"""In the order in which ``kwel --help`` lists them; each has a module of its name."""


@click.group(
    cls=Modules,
    package="kwel.cli",
    names=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Example:
  kwel report plant.pcapng

Exit status: 0 done; 1 a check found a fault; 2 the command was not understood;
3 something could not be read to its end, or not be written; 4 data is older
than allowed; 130 interrupted.""",
)
@click.version_option(__version__, "-V", "--version", prog_name="kwel", message="%(prog)s %(version)s")
def app() -> None:
    """Show which assets of a plant depend on clouds that Europe does not control.

    kwel reads packet captures. It sends nothing and needs no internet.
    """


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status; every expected error is one line."""
    gc.disable()  # a command makes many small objects, none in cycles, and ends soon
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # numpy's linear algebra is not used: its threads would only wait
    try:
        with app.make_context("kwel", arguments) as context:
            status = int(app.invoke(context) or Status.DONE)
            sys.stdout.flush()
            return status
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Status.USAGE
    except click.UsageError as error:
        return _usage(error)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        leave_quietly()
        return Status.DONE
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted")
        return Status.INTERRUPTED
    except OSError as error:
        complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        return Status.INCOMPLETE
    except ValueError as error:
        return _damaged(error)
    except MemoryError:
        complain("out of memory; analyse fewer captures at a time, or on a machine with more of it")
        return Status.INCOMPLETE


def _damaged(error: ValueError) -> int:
    """Say which rule or table is wrong that kwel came with; any other error of this type is a fault of the program."""
    from kwel.attribution.tables import TableError
    from kwel.rulebook.rulefile import RuleError

    if not isinstance(error, RuleError | TableError):
        raise error
    complain(f"{error}; this came with kwel: install it again")
    return Status.INCOMPLETE


def _usage(error: click.UsageError) -> int:
    hint = f"; see {error.ctx.command_path} --help" if error.ctx else ""
    complain(" ".join(error.format_message().split()) + hint)
    return Status.USAGE


def main() -> None:
    """Run the command line of this process. Whoever ends it politely lets it clean up first."""
    replace_closed_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    status = run(sys.argv[1:])
    with suppress(ValueError):  # closed by what could not write to it
        try:
            sys.stdout.flush()
        except OSError:  # said already, or of no interest
            leave_quietly()
    if sys.stderr:
        sys.stderr.flush()
    os._exit(status)  # taking millions of objects apart one by one would take a tenth of the time
