import sys, ssl, time
import paho.mqtt.client as m
from places import RUN

host, n = sys.argv[1], int(sys.argv[2])
azure = "azure-devices" in host
args = dict(client_id="line1-gw" if azure else "plant-gw-01", protocol=m.MQTTv311)
try:
    c = m.Client(m.CallbackAPIVersion.VERSION2, **args)
except AttributeError:
    c = m.Client(**args)
ctx = ssl.create_default_context(cafile=RUN + "/ca.pem")
if "amazonaws" in host:
    ctx.load_cert_chain(RUN + "/client.crt", RUN + "/multi.key")
if "tls12" in sys.argv:
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
if not azure and "alpn443" in sys.argv:
    ctx.set_alpn_protocols(["x-amzn-mqtt-ca"])
c.tls_set_context(ctx)
if azure:
    c.username_pw_set(host + "/line1-gw/?api-version=2021-04-12", "SharedAccessSignature sr=x&sig=y&se=1")
got = []
c.on_connect = lambda *a: got.append(1)
c.connect(host, 8883, 30)
c.loop_start()
time.sleep(0.6)
for i in range(n):
    c.publish(
        "devices/line1-gw/messages/events/" if azure else "plant/line1/telemetry",
        '{"temp": %d.5, "p": 4.2}' % (60 + i),
        qos=1,
    ).wait_for_publish(3)
    time.sleep(0.25)
c.disconnect()
c.loop_stop()
print("connected", bool(got))
sys.exit(not got)
