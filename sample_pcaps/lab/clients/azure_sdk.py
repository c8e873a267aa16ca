import sys, asyncio, base64
from azure.iot.device.aio import IoTHubDeviceClient
from azure.iot.device import Message
from places import RUN


async def main():
    cs = (
        "HostName=plantgw-prod.azure-devices.net;DeviceId=line1-gw;SharedAccessKey="
        + base64.b64encode(b"0" * 32).decode()
    )
    kw = dict(server_verification_cert=open(RUN + "/ca.pem").read())
    if "ws" in sys.argv:
        kw["websockets"] = True
    c = IoTHubDeviceClient.create_from_connection_string(cs, **kw)
    await asyncio.wait_for(c.connect(), 10)
    for i in range(3):
        await asyncio.wait_for(c.send_message(Message('{"t":%d}' % i)), 8)
    await asyncio.wait_for(c.disconnect(), 8)
    print("ok")


asyncio.run(main())
