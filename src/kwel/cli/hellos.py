"""``kwel hellos``: captures in, the table of ClientHellos out."""

from __future__ import annotations

from typing import Any

import click

from kwel.cli.show import epilog, show_traffic, table_options


@click.command(epilog=epilog("hellos"))
@table_options
def hellos(**wanted: Any) -> int:
    """List every ClientHello of TLS, QUIC and DTLS.

    Its name, protocols and version, whether more of it is encrypted (ECH), the JA4 fingerprint of the client's
    software, and the certificate that answered it.
    """
    from kwel.analysis.stages import with_ech
    from kwel.export.write import write_hellos

    return show_traffic(lambda traffic, *how: write_hellos(with_ech(traffic), *how), **wanted)
