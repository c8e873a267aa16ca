import asyncio, sys
from asyncua import Server


async def main():
    s = Server()
    await s.init()
    s.set_endpoint("opc.tcp://%s:4840/plant/" % sys.argv[1])
    s.set_server_name("Line1 OPC UA")
    i = await s.register_namespace("urn:plant:line1")
    o = await s.nodes.objects.add_object(i, "Boiler")
    v = await o.add_variable(i, "Temp", 71.5)
    await v.set_writable()
    async with s:
        print("ua up", flush=True)
        for k in range(4 * int(sys.argv[2])):
            await v.write_value(70 + (k % 10) / 3)
            await asyncio.sleep(0.25)


asyncio.run(main())
