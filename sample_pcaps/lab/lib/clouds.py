"""Names and addresses that live in the 'lab-inet' namespace. Addresses are taken from prefixes the
providers publish / announce (well-known blocks); they exist ONLY inside the namespace."""


# name: dict(a=..., aaaa=..., cname=[...], prov=, hq=, region=, svc=)
def e(a=None, aaaa=None, cname=(), prov="", hq="", region="", svc="", org=None, https=None):
    return dict(
        a=a,
        aaaa=aaaa,
        cname=list(cname),
        prov=prov,
        hq=hq,
        region=region,
        svc=svc,
        org=org or prov,
        https=https,
    )


HOSTS = {
    # --- Microsoft (US parent) ---
    "plantgw-prod.azure-devices.net": e(
        "13.69.64.110",
        cname=["ihsu-prod-am-013.cloudapp.net"],
        prov="Microsoft Azure",
        hq="US",
        region="West Europe (NL)",
        svc="Azure IoT Hub",
        org="Microsoft Corporation",
    ),
    "global.azure-devices-provisioning.net": e(
        "13.69.64.112",
        cname=["idsu-prod-am-001.westeurope.cloudapp.azure.com"],
        prov="Microsoft Azure",
        hq="US",
        region="West Europe (NL)",
        svc="Azure DPS",
        org="Microsoft Corporation",
    ),
    "plantstore01.blob.core.windows.net": e(
        "20.60.222.10",
        "2603:1027:1::1",
        cname=["blob.ams09prdstr05a.store.core.windows.net"],
        prov="Microsoft Azure",
        hq="US",
        region="West Europe (NL)",
        svc="Azure Blob Storage",
        org="Microsoft Corporation",
    ),
    "login.microsoftonline.com": e(
        "20.190.160.20",
        "2603:1026:3000::20",
        cname=["login.mso.msidentity.com", "www.tm.lg.prod.aadmsa.trafficmanager.net"],
        prov="Microsoft 365",
        hq="US",
        region="EU",
        svc="Entra ID sign-in",
        org="Microsoft Corporation",
    ),
    "outlook.office365.com": e(
        "52.97.133.210",
        "2603:1026:c0a:85::2",
        cname=["ooc-g2.tm-4.office.com", "outlook.ms-acdc.office.com", "AMS-efz.ms-acdc.office.com"],
        prov="Microsoft 365",
        hq="US",
        region="EU",
        svc="Exchange Online",
        org="Microsoft Corporation",
    ),
    "teams.microsoft.com": e(
        "52.113.194.132",
        cname=["teams.office.com", "tmc-g2.tm-4.office.com"],
        prov="Microsoft 365",
        hq="US",
        region="anycast",
        svc="Teams",
        org="Microsoft Corporation",
    ),
    "v10.events.data.microsoft.com": e(
        "20.189.173.11",
        cname=["global.asimov.events.data.trafficmanager.net", "onedscolprdwus10.westus.cloudapp.azure.com"],
        prov="Microsoft Azure",
        hq="US",
        region="West US (US)",
        svc="Windows telemetry",
        org="Microsoft Corporation",
    ),
    "time.windows.com": e(
        "20.101.57.9",
        cname=["twc.trafficmanager.net"],
        prov="Microsoft Azure",
        hq="US",
        region="West Europe (NL)",
        svc="NTP",
        org="Microsoft Corporation",
    ),
    # --- Amazon ---
    "a3k7odshaiipe8-ats.iot.eu-west-1.amazonaws.com": e(
        "52.18.10.21",
        "2a05:d018:76c::21",
        prov="Amazon Web Services",
        hq="US",
        region="eu-west-1 (IE)",
        svc="AWS IoT Core",
        org="Amazon",
    ),
    "plant-historian.s3.eu-central-1.amazonaws.com": e(
        "52.219.170.10",
        cname=["s3-r-w.eu-central-1.amazonaws.com"],
        prov="Amazon Web Services",
        hq="US",
        region="eu-central-1 (DE)",
        svc="Amazon S3",
        org="Amazon",
    ),
    "dualstack.s3.dualstack.eu-west-1.amazonaws.com": e(
        "52.218.30.10",
        "2a05:d07a:8000::10",
        prov="Amazon Web Services",
        hq="US",
        region="eu-west-1 (IE)",
        svc="Amazon S3",
        org="Amazon",
    ),
    "eu.hik-connect.com": e(
        "52.57.120.30",
        cname=["eu-api-lb-19.eu-central-1.elb.amazonaws.com"],
        prov="Amazon Web Services",
        hq="US",
        region="eu-central-1 (DE)",
        svc="Hikvision Hik-Connect (CN vendor)",
        org="Hangzhou Hikvision Digital Technology",
    ),
    # --- Google ---
    "www.google.com": e(
        "142.250.179.132",
        "2a00:1450:400e:811::2004",
        prov="Google",
        hq="US",
        region="anycast",
        svc="Google web",
        org="Google LLC",
        https="h3",
    ),
    "fonts.gstatic.com": e(
        "142.250.179.163",
        "2a00:1450:400e:80c::2003",
        prov="Google",
        hq="US",
        region="anycast",
        svc="Google Fonts",
        org="Google LLC",
        https="h3",
    ),
    "dns.google": e(
        "8.8.8.8",
        "2001:4860:4860::8888",
        prov="Google",
        hq="US",
        region="anycast",
        svc="Public DNS (DoH/DoT)",
        org="Google LLC",
    ),
    # --- Cloudflare ---
    "portal.vendor-iiot.example": e(
        "104.18.22.45",
        "2606:4700::6812:162d",
        prov="Cloudflare",
        hq="US",
        region="anycast",
        svc="vendor portal behind Cloudflare",
        org="Cloudflare, Inc.",
        https="h3",
    ),
    "ech.vendor-iiot.example": e(
        "104.18.23.46",
        prov="Cloudflare",
        hq="US",
        region="anycast",
        svc="vendor portal, ECH",
        org="Cloudflare, Inc.",
        https="ech",
    ),
    "cloudflare-ech.com": e(
        "104.18.10.118",
        prov="Cloudflare",
        hq="US",
        region="anycast",
        svc="ECH public name",
        org="Cloudflare, Inc.",
    ),
    # --- China ---
    "iot-060a0c9b.mqtt.iothub.aliyuncs.com": e(
        "47.91.80.20",
        prov="Alibaba Cloud",
        hq="CN",
        region="eu-central-1 (DE)",
        svc="Alibaba IoT",
        org="Alibaba (China) Technology Co., Ltd.",
    ),
    "www.easy4ipcloud.com": e(
        "47.254.135.77",
        prov="Alibaba Cloud",
        hq="CN",
        region="eu-central-1 (DE)",
        svc="Dahua Easy4IP",
        org="Zhejiang Dahua Technology",
    ),
    # --- remote access / OT vendors ---
    "device.vpn.talk2m.com": e(
        "52.28.77.90",
        prov="Amazon Web Services",
        hq="US",
        region="eu-central-1 (DE)",
        svc="Ewon Talk2M VPN (SE vendor)",
        org="HMS Industrial Networks",
    ),
    "master3.teamviewer.com": e(
        "188.172.192.10",
        prov="TeamViewer/Anexia",
        hq="DE",
        region="AT/DE",
        svc="TeamViewer",
        org="TeamViewer Germany GmbH",
    ),
    # --- CDN ---
    "download.windowsupdate.com": e(
        "2.16.106.9",
        "2a02:26f0:1700::9",
        cname=[
            "wu-fg-shim.trafficmanager.net",
            "download.windowsupdate.com.edgesuite.net",
            "a767.dspw65.akamai.net",
        ],
        prov="Akamai",
        hq="US",
        region="edge",
        svc="Windows Update CDN",
        org="Akamai Technologies, Inc.",
    ),
    # --- European ---
    "telemetry.plantcloud.ovh": e(
        "51.68.44.12",
        "2001:41d0:700:1::12",
        prov="OVHcloud",
        hq="FR",
        region="GRA (FR)",
        svc="telemetry",
        org="OVH SAS",
    ),
    "historian.hz-fsn1.example": e(
        "116.202.40.7",
        "2a01:4f8:241:5::7",
        prov="Hetzner",
        hq="DE",
        region="FSN1 (DE)",
        svc="historian",
        org="Hetzner Online GmbH",
    ),
    "plant-backup.s3.nl-ams.scw.cloud": e(
        "163.172.208.9",
        "2001:bc8:1200::9",
        prov="Scaleway",
        hq="FR",
        region="nl-ams (NL)",
        svc="S3 backup",
        org="Scaleway SAS",
    ),
    "mqtt.eu-plant.otc.example": e(
        "80.158.20.14",
        prov="Open Telekom Cloud",
        hq="DE",
        region="eu-de (DE)",
        svc="MQTT",
        org="T-Systems International GmbH",
    ),
    "0.nl.pool.ntp.org": e(
        "145.220.21.40", prov="SURF (NL)", hq="NL", region="NL", svc="NTP", org="SURF B.V."
    ),
    "cp.hetzner-resolver.example": e(
        "185.12.64.1", prov="Hetzner", hq="DE", region="DE", svc="DNS", org="Hetzner Online GmbH"
    ),
}
EXTRA_ADDRS = ["1.1.1.1", "9.9.9.9", "185.12.64.2"]
# direct-to-IP (no DNS) target: AWS us-east-1
DIRECT = {
    "3.88.101.55": dict(
        prov="Amazon Web Services",
        hq="US",
        region="us-east-1 (US)",
        svc="unknown (direct IP, no SNI)",
        org="ACME Remote Monitoring",
    )
}


def addrs():
    s = []
    for h in HOSTS.values():
        for k in ("a", "aaaa"):
            if h[k] and h[k] not in s:
                s.append(h[k])
    return s + EXTRA_ADDRS + list(DIRECT)


def by_ip():
    return {h[k]: n for n, h in HOSTS.items() for k in ("a", "aaaa") if h[k]}
