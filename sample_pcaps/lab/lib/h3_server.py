import asyncio, sys
from aioquic.asyncio import serve
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3Connection, H3_ALPN
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated
from places import RUN


class P(QuicConnectionProtocol):
    h = None

    def quic_event_received(self, ev):
        if isinstance(ev, ProtocolNegotiated):
            self.h = H3Connection(self._quic)
        if self.h:
            for e in self.h.handle_event(ev):
                if isinstance(e, HeadersReceived):
                    b = b"<!doctype html><title>h3</title><p>lab h3</p>" + b"." * 4000
                    self.h.send_headers(
                        e.stream_id,
                        [
                            (b":status", b"200"),
                            (b"content-type", b"text/html"),
                            (b"content-length", str(len(b)).encode()),
                        ],
                    )
                    self.h.send_data(e.stream_id, b, True)
                    self.transmit()


async def main():
    c = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    c.load_cert_chain(RUN + "/multi.crt", RUN + "/multi.key")
    for ip in sys.argv[1:]:
        await serve(ip, 443, configuration=c, create_protocol=P)
    print("h3 up", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
