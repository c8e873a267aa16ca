"""Official lists of addresses in, look-up tables out. ``fetch`` is the only module of kwel that opens a socket."""
