import sys, time, ctypes
from snap7.server import Server

try:
    from snap7.type import SrvArea
except Exception:
    from snap7 import SrvArea
s = Server()
db = (ctypes.c_uint8 * 256)()
s.register_area(SrvArea.DB, 1, db)
s.start(102)
print("s7 up", flush=True)
time.sleep(int(sys.argv[1]))
s.stop()
