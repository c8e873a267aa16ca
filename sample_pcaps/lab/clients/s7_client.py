import sys, time, snap7

c = snap7.client.Client()
c.connect(sys.argv[1], 0, 1, 102)
for i in range(int(sys.argv[2])):
    c.db_read(1, 0, 32)
    c.db_write(1, 4, bytearray([i, i + 1]))
    time.sleep(0.2)
try:
    print(c.get_cpu_info())
except Exception as e:
    print("cpu info", e)
c.disconnect()
print("ok")
