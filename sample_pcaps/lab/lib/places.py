"""Where the lab keeps what it makes: in $KWEL_LAB, else in kwel-lab in the temporary folder."""

import os
import sys
import tempfile

LAB = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.environ.get("KWEL_LAB") or os.path.join(tempfile.gettempdir(), "kwel-lab")
RUN = WORK + "/run"
LOG = WORK + "/logs"
PCAPS = WORK + "/pcaps"
CLIENTS = LAB + "/clients"
PYTHON = sys.executable
for folder in (RUN, LOG, PCAPS):
    os.makedirs(folder, exist_ok=True)
