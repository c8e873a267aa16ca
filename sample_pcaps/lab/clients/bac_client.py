import asyncio, sys
from bacpypes3.argparse import SimpleArgumentParser
from bacpypes3.app import Application
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier


async def main():
    a = SimpleArgumentParser().parse_args(
        ["--address", sys.argv[1] + "/16", "--name", "SCADA", "--instance", "2001"]
    )
    app = Application.from_args(a)
    r = await app.who_is(timeout=2)
    print([(x.iAmDeviceIdentifier, str(x.pduSource)) for x in r])
    for i in range(4):
        print(
            await app.read_property(Address(sys.argv[2]), ObjectIdentifier("analog-value,1"), "present-value")
        )
        await asyncio.sleep(0.3)
    print(await app.read_property(Address(sys.argv[2]), ObjectIdentifier("device,1001"), "object-name"))
    app.close()


asyncio.run(main())
print("ok")
