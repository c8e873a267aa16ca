"""Windows in, what is new or amiss in them out: to syslog, to a file, to an address that the user gave.

``Alerter`` is what the sensor's keeper calls; ``settings`` reads its table of sensor.toml; ``send`` is the one module
of it that opens a socket.
"""

from kwel.alerts.alerter import Alerter, Health
from kwel.alerts.settings import Settings, SettingsError, examine, load

__all__ = ["Alerter", "Health", "Settings", "SettingsError", "examine", "load"]
