import asyncio, sys
from bacpypes3.argparse import SimpleArgumentParser
from bacpypes3.app import Application
from bacpypes3.local.analog import AnalogValueObject


async def main():
    a = SimpleArgumentParser().parse_args(
        ["--address", sys.argv[1] + "/16", "--name", "AHU-1", "--instance", "1001"]
    )
    app = Application.from_args(a)
    app.add_object(
        AnalogValueObject(objectIdentifier=("analog-value", 1), objectName="SupplyTemp", presentValue=19.5)
    )
    print("bac up", flush=True)
    await asyncio.sleep(int(sys.argv[2]))
    app.close()


asyncio.run(main())
