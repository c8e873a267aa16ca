"""Boxes and lines in, the pictures of docs/pictures out: how a sensor is wired. ``python tools/draw_wiring.py``."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH = 760
STYLE = """
  .page { fill: #ffffff } text { font: 14px system-ui, sans-serif; fill: #1c2733 }
  .small { font-size: 12px; fill: #4a5866 }
  .box { fill: #eef2f6; stroke: #5b6b7b } .sensor { fill: #dcebf7; stroke: #1b5e8c; stroke-width: 2 }
  line { stroke: #5b6b7b; stroke-width: 2 }
  .copy { stroke: #1b5e8c; stroke-dasharray: 6 4 } .apart { stroke: #7a5c00 } marker path { fill: #1b5e8c }
  @media (prefers-color-scheme: dark) {
    .page { fill: #12181f } text { fill: #e3e9ef } .small { fill: #a9b6c3 }
    .box { fill: #1f2933; stroke: #8595a5 } .sensor { fill: #16354c; stroke: #6cb4e4 }
    line { stroke: #8595a5 } .copy { stroke: #6cb4e4 }
    .apart { stroke: #d9b84a } marker path { fill: #6cb4e4 }
  }"""


class Box(NamedTuple):
    """A device: where it stands, what it is called, and a line below that."""

    left: int
    top: int
    width: int
    name: str
    more: str = ""
    kind: str = "box"
    height: int = 56

    def point(self, side: str, along: float = 0.5) -> tuple[int, int]:
        """Return a point of its edge: left, right, top or bottom, and how far along."""
        x, y = self.left + int(self.width * along), self.top + int(self.height * along)
        return {
            "left": (self.left, y),
            "right": (self.left + self.width, y),
            "top": (x, self.top),
            "bottom": (x, self.top + self.height),
        }[side]


class Line(NamedTuple):
    """A cable, or a copy of what passes through one."""

    begin: tuple[int, int]
    end: tuple[int, int]
    name: str = ""
    kind: str = "cable"
    at: tuple[int, int] | None = None
    """Where its name stands, if not beside its middle."""


def picture(title: str, height: int, boxes: list[Box], lines: list[Line]) -> str:
    """Return a picture that is light or dark as its reader has it."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title><style>{STYLE}\n</style>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L10 5L0 10z"/></marker></defs>',
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        *(_line(line) for line in lines),
        *(_box(box) for box in boxes),
        *(_name(line) for line in lines if line.name),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(box: Box) -> str:
    middle, base = box.left + box.width // 2, box.top + box.height // 2 + (5 if not box.more else -3)
    more = (
        f'<text class="small" x="{middle}" y="{base + 18}" text-anchor="middle">{escape(box.more)}</text>'
        if box.more
        else ""
    )
    return (
        f'<rect class="{box.kind}" x="{box.left}" y="{box.top}" width="{box.width}" height="{box.height}" rx="4"/>'
        f'<text x="{middle}" y="{base}" text-anchor="middle">{escape(box.name)}</text>{more}'
    )


def _line(line: Line) -> str:
    (x1, y1), (x2, y2) = line.begin, line.end
    tip = ' marker-end="url(#tip)"' if line.kind == "copy" else ""
    return f'<line class="{line.kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"{tip}/>'


def _name(line: Line) -> str:
    middle = ((line.begin[0] + line.end[0]) // 2 + 10, (line.begin[1] + line.end[1]) // 2 + 4)
    x, y = line.at or middle
    return f'<text class="small" x="{x}" y="{y}">{escape(line.name)}</text>'


def sensor(left: int, top: int, port: str = "span0 hears, never sends") -> Box:
    """Return the box that all of it is for."""
    return Box(left, top, 230, "kwel sensor", port, "sensor")


def managed(box: Box) -> tuple[Box, Line]:
    """Return the management network and the sensor's cable to it: another port, another network."""
    network = Box(box.left + box.width + 90, box.top, 160, "management", "alerts, reports")
    return network, Line(
        box.point("right"), network.point("left"), "mgmt0", "apart", (box.left + box.width + 22, box.top + 18)
    )


def span() -> str:
    """Return the mirror port of one switch."""
    switch, firewall = (
        Box(270, 40, 230, "plant switch", "mirrors all ports, both ways"),
        Box(590, 40, 160, "firewall", "to the outside"),
    )
    plant, listener = Box(10, 40, 170, "PLCs, HMIs, servers"), sensor(270, 190)
    network, cable = managed(listener)
    boxes = [plant, switch, firewall, listener, network]
    return picture("A mirror port of the plant's switch goes to the sensor", 270, boxes, [
        Line(plant.point("right"), switch.point("left")), Line(switch.point("right"), firewall.point("left")),
        Line(switch.point("bottom"), listener.point("top"), "mirror port: RX and TX", "copy"), cable,
    ])  # fmt: skip


def tap() -> str:
    """Return a passive tap in the line to the outside."""
    switch, split, firewall = (
        Box(10, 40, 170, "plant switch"),
        Box(300, 40, 170, "passive tap", "needs no power to pass"),
        Box(590, 40, 160, "firewall", "to the outside"),
    )
    listener = sensor(270, 200, "span0 and span1 hear")
    network, cable = managed(listener)
    boxes = [switch, split, firewall, listener, network]
    return picture("A passive tap gives each direction of a line to the sensor", 280, boxes, [
        Line(switch.point("right"), split.point("left")), Line(split.point("right"), firewall.point("left")),
        Line(split.point("bottom", 0.3), (351, 200), "", "copy"),
        Line(split.point("bottom", 0.7), (419, 200), "one cable for each direction", "copy"), cable,
    ])  # fmt: skip


def aggregation() -> str:
    """Return several mirror ports that come together."""
    switches = [Box(10, 30 + 76 * n, 190, f"switch {n + 1}", "mirror port") for n in range(3)]
    broker, listener = Box(300, 106, 180, "packet broker", "passes all on, one way"), sensor(275, 240)
    network, cable = managed(listener)
    lines = [
        Line(box.point("right"), broker.point("left", 0.25 * (n + 1)), "", "copy") for n, box in enumerate(switches)
    ]
    boxes = [*switches, broker, listener, network]
    return picture("Mirror ports of several switches come together before the sensor", 320, boxes, [
        *lines, Line(broker.point("bottom"), listener.point("top"), "no faster than this line", "copy"), cable,
    ])  # fmt: skip


def remote() -> str:
    """Return a mirror session that travels over the network."""
    far, near = (
        Box(10, 40, 210, "far switch", "source of RSPAN or ERSPAN"),
        Box(520, 40, 230, "near switch", "destination of the session"),
    )
    listener = sensor(270, 190)
    network, cable = managed(listener)
    boxes = [far, near, listener, network]
    return picture("A mirror session travels in a VLAN or a tunnel to the switch beside the sensor", 270, boxes, [
        Line(far.point("right"), near.point("left"), "VLAN (RSPAN) or GRE tunnel (ERSPAN)", "copy", (254, 56)),
        Line(near.point("bottom", 0.1), (440, 190), "destination port", "copy", (506, 150)), cable,
    ])  # fmt: skip


def diode() -> str:
    """Return a diode between mirror port and sensor."""
    switch, gate = (
        Box(10, 40, 190, "plant switch", "mirror port"),
        Box(290, 40, 190, "data diode", "one way, by its build"),
    )
    listener = sensor(270, 190)
    network, cable = managed(listener)
    boxes = [switch, gate, listener, network]
    return picture("A diode between mirror port and sensor: nothing can come back", 270, boxes, [
        Line(switch.point("right"), gate.point("left"), "", "copy"),
        Line(gate.point("bottom"), listener.point("top"), "receives only", "copy"), cable,
    ])  # fmt: skip


PICTURES = {"span-port": span, "tap": tap, "aggregation": aggregation, "remote-mirror": remote, "diode": diode}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw())
