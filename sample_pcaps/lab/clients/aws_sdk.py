import sys
from awscrt import mqtt, io

if "dbg" in sys.argv:
    io.init_logging(io.LogLevel.Debug, "stderr")
from awsiot import mqtt_connection_builder as b
from places import RUN

c = b.mtls_from_path(
    endpoint="a3k7odshaiipe8-ats.iot.eu-west-1.amazonaws.com",
    cert_filepath=RUN + "/client.crt",
    pri_key_filepath=RUN + "/multi.key",
    ca_filepath=RUN + "/ca.pem",
    client_id="plant-gw-01",
    port=8883,
    keep_alive_secs=30,
    clean_session=True,
)
c.connect().result(10)
for i in range(3):
    c.publish("plant/line1", '{"t":%d}' % i, mqtt.QoS.AT_LEAST_ONCE)[0].result(5)
c.disconnect().result(5)
print("ok")
