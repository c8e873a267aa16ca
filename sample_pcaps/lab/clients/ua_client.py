import asyncio, sys
from asyncua import Client


class H:
    n = 0

    def datachange_notification(self, node, val, data):
        self.n += 1


async def main():
    async with Client("opc.tcp://%s:4840/plant/" % sys.argv[1]) as c:
        i = await c.get_namespace_index("urn:plant:line1")
        v = await c.nodes.objects.get_child(["%d:Boiler" % i, "%d:Temp" % i])
        print(await v.read_value())
        h = H()
        s = await c.create_subscription(200, h)
        await s.subscribe_data_change(v)
        await asyncio.sleep(float(sys.argv[2]))
        print("notifications", h.n)


asyncio.run(main())
print("ok")
