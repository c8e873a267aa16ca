import asyncio
from pymodbus.server import StartAsyncTcpServer
from pymodbus.simulator import SimData, SimDevice, DataType

ctx = SimDevice(id=0, simdata=[SimData(address=0, count=200, values=17, datatype=DataType.REGISTERS)])
print("mb up", flush=True)
asyncio.run(StartAsyncTcpServer(ctx, address=("0.0.0.0", 502)))
