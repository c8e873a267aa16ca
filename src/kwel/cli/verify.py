"""``kwel verify``: captures in, where Wireshark reads the same server names and where not out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kwel.cli.options import captures
from kwel.cli.outcome import Failure, Status, complain, say_when_compiling, status_of
from kwel.cli.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from kwel.evidence.second_opinion import Heard, Opinion
    from kwel.model.traffic import Traffic


@click.command(
    epilog="""\b
Example:
  kwel verify plant.pcapng

\b
Exit status: 0 both read the same names; 1 they differ; 2 the command was not
understood; 3 tshark is absent or stopped, or a capture could not be read to its
end."""
)
@captures
def verify(captures: tuple[str, ...]) -> int:
    """Ask Wireshark for a second opinion on every server name.

    Runs tshark on the captures and compares: names of TLS, QUIC and DTLS, HTTP hosts, CONNECT targets, each with the
    two ends that it was said between. Logs of other probes are left aside, and named.
    """
    from kwel.analysis.stages import Options, find_files, read_traffic

    say_when_compiling()
    paths = {file.name: file.path for file in find_files(captures)}
    with Progress("Reading captures") as progress:
        traffic = read_traffic(captures, Options(), progress, discovery=False)
    status = status_of(traffic.captures, traffic.coverage)
    agreed = compared = 0
    for index, capture in enumerate(traffic.captures):
        if capture.is_log:
            complain(f"{capture.name}: left aside; a log of another probe holds no frames that Wireshark could read")
            continue
        path = paths.get(capture.name)
        if path is None or not capture.packets:
            complain(f"{capture.name}: not compared; Wireshark needs a capture in a file")
            status = Status.INCOMPLETE
            continue
        opinion = _ask(traffic, index, path)
        agreed += len(opinion.agreed)
        compared += len(opinion.agreed) + len(opinion.only_kwel) + len(opinion.only_wireshark)
        _tell(capture.name, opinion)
    click.echo(f"kwel and Wireshark agree on {agreed} of {compared} server names")
    return status or (Status.CHECK_FAILED if agreed < compared else Status.DONE)


def _ask(traffic: Traffic, index: int, path: Path) -> Opinion:
    from kwel.evidence.second_opinion import SecondOpinionError, compare, heard_by_kwel, heard_by_wireshark

    try:
        return compare(heard_by_kwel(traffic, index), heard_by_wireshark(path))
    except SecondOpinionError as error:
        raise Failure(f"{traffic.captures[index].name}: {error}") from error


def _tell(capture: str, opinion: Opinion) -> None:
    for who, names in (("only kwel", opinion.only_kwel), ("only Wireshark", opinion.only_wireshark)):
        for heard in names:
            click.echo(f"{who:14}  {capture}#{heard.frame}  {_line(heard)}")


def _line(heard: Heard) -> str:
    from kwel.export.cells import visible

    ends = " - ".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in heard.ends)
    return f"{heard.kind} {visible(heard.name)}  {ends}"
