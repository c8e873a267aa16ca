import asyncio, sys
from aioquic.asyncio import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3Connection, H3_ALPN
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion
from places import RUN


class P(QuicConnectionProtocol):
    def __init__(s, *a, **k):
        super().__init__(*a, **k)
        s.h = H3Connection(s._quic)
        s.done = asyncio.get_event_loop().create_future()

    def quic_event_received(s, ev):
        for e in s.h.handle_event(ev):
            if getattr(e, "stream_ended", False) and not s.done.done():
                s.done.set_result(1)


async def main():
    host = sys.argv[1]
    c = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN)
    c.load_verify_locations(RUN + "/ca.pem")
    if "v2" in sys.argv:
        c.original_version = QuicProtocolVersion.VERSION_2
    async with connect(host, 443, configuration=c, create_protocol=P) as p:
        i = p._quic.get_next_available_stream_id()
        p.h.send_headers(
            i,
            [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", host.encode()), (b":path", b"/")],
            True,
        )
        p.transmit()
        await asyncio.wait_for(p.done, 5)
    print("ok")


asyncio.run(main())
