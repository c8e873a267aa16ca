"""``kwel warmup``: nothing in, compiled functions out, so that the first analysis does not wait for them."""

from __future__ import annotations

import click

from kwel.cli.outcome import Status, say_when_compiling


@click.command(
    epilog="""\b
Example:
  pip install kwel && kwel warmup

Exit status: 0 done."""
)
def warmup() -> int:
    """Compile the analysis for this machine, once per installation.

    Whoever skips this waits for it during the first analysis instead.
    """
    from kwel.kernel.build import jit

    say_when_compiling()
    jit.load()
    return Status.DONE
