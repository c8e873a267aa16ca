import sys, time
from pycomm3 import CIPDriver

try:
    print("identity", CIPDriver.list_identity(sys.argv[1]))
except Exception as e:
    print("identity failed", e)
try:
    print("discover", CIPDriver.discover())
except Exception as e:
    print("discover failed", e)
with CIPDriver(sys.argv[1]) as d:
    for i in range(4):
        print(
            d.generic_message(
                service=0x0E, class_code=1, instance=1, attribute=7, connected=False, name="product"
            )
        )
        time.sleep(0.2)
print("ok")
