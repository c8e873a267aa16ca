import c104, sys, time

s = c104.Server(ip=sys.argv[1], port=2404)
st = s.add_station(common_address=47)
p = st.add_point(io_address=11, type=c104.Type.M_ME_NC_1, report_ms=1000)
p.value = 42.5
s.start()
print("104 up", flush=True)
for i in range(int(sys.argv[2]) * 2):
    p.value = 42.5 + i
    time.sleep(0.5)
s.stop()
