import sys, time, socket
from zeroconf import Zeroconf, ServiceInfo, ServiceBrowser

z = Zeroconf(interfaces=[sys.argv[1]])
i = ServiceInfo(
    "_http._tcp.local.",
    sys.argv[2] + "._http._tcp.local.",
    addresses=[socket.inet_aton(sys.argv[1])],
    port=80,
    properties={"model": "DS-2CD2143"},
    server=sys.argv[2].replace(" ", "-") + ".local.",
)
z.register_service(i)
b = ServiceBrowser(z, "_opcua-tcp._tcp.local.", handlers=[lambda **k: None])
time.sleep(2.5)
z.unregister_service(i)
z.close()
print("ok")
