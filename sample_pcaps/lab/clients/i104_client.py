import c104, sys, time

c = c104.Client()
k = c.add_connection(ip=sys.argv[1], port=2404, init=c104.Init.ALL)
st = k.add_station(common_address=47)
p = st.add_point(io_address=11, type=c104.Type.M_ME_NC_1)
c.start()
t = time.time()
while time.time() - t < float(sys.argv[2]):
    time.sleep(0.5)
print(k.is_connected, p.value)
ok = k.is_connected
c.stop()
print("ok" if ok else "bad")
sys.exit(not ok)
