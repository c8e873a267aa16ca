"""A name of a capture in, its traffic out: made anew from constants and one seed, the same bytes every time.

Read in this order: `names` (hosts), `messages` and `quic` (what is said), `pool` (where the bytes lie),
`plan` (who talks to whom), `dialogue` (flows become packets), `frames` (packets become a capture file).
"""
