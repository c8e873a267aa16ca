import asyncio, sys
from pymodbus.client import AsyncModbusTcpClient


async def main():
    c = AsyncModbusTcpClient(sys.argv[1], port=502)
    await c.connect()
    for i in range(int(sys.argv[2])):
        r = await c.read_holding_registers(0, count=10)
        if i % 3 == 0:
            await c.write_register(5, i)
        await asyncio.sleep(0.15)
    print(r)

    try:
        print(await c.read_device_information(read_code=1, object_id=0))
    except Exception as e:
        print("devinfo", e)
    c.close()
    print("ok")


asyncio.run(main())
