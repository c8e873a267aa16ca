"""How long it takes to merge the dossiers of fifty companies.

``python -m benchmarks.sector [COMPANIES] [SUPPLIERS]`` makes that many dossiers, each with a hundred services, in a
folder of its own, merges them and tells the time; reading and checking them as other people's files is part of it.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kwel.rulebook import crosswalk
from kwel.suppliers import sector

SERVICES = 100
FUNCTIONS = ("monitoring", "remote-access", "identity", "time", "updates")


def dossier(company: int, supplier: int) -> dict[str, Any]:
    """Return a dossier as kwel writes it, as far as a merge reads it, and as large."""
    name = base64.b32encode(company.to_bytes(10)).decode().lower()
    services = [
        {
            "id": f"U-{number:08x}",
            "service": f"Service {number % 20}",
            "function": FUNCTIONS[number % len(FUNCTIONS)],
            "path": "data",
            "impact": "hours",
            "operator": f"Cloud {(number + supplier) % 7}",
            "operator_jurisdiction": "US",
            "parent": f"Parent {number % 4}",
            "parent_jurisdiction": "US",
            "region": f"region-{number % 9}",
            "location": "NL",
            "front": None,
            "verdict": "eu-located-only",
            "control": "non",
            "state": "used",
            "supplier": f"Supplier {supplier}",
            "assets": [f"asset-{n:010d}" for n in range(10)],
            "asset_count": 10,
            "evidence": [{"grade": "B", "steps": [{"step": "observed", "kind": "tls-sni", "frame": 4711}] * 4}] * 2,
        }
        for number in range(SERVICES)
    ]
    return {
        "format": "kwel-dossier",
        "version": 1,
        "company": f"company-{name}",
        "site": f"site-{name[:10]}",
        "supplier": {"id": f"supplier-{supplier}", "name": f"Supplier {supplier}", "jurisdiction": "US", "known": []},
        "services": services,
        "elsewhere": services[:20],
        "products": [{"product": f"Product {number}", "count": 3} for number in range(20)],
        "questions": [
            {"id": f"q-{number}", "heading": "exit", "text": {"nl": "Hoe?", "en": "How?"}} for number in range(20)
        ],
    }


def main(companies: int, suppliers: int) -> None:
    """Make the dossiers, merge them, print what it took."""
    asked = crosswalk.load()
    with tempfile.TemporaryDirectory() as folder:
        size = 0
        for company in range(companies):
            for supplier in range(suppliers):
                place = Path(folder, str(company), str(supplier))
                place.mkdir(parents=True)
                size += (place / sector.FILE).write_text(json.dumps(dossier(company, supplier)))
        start = time.perf_counter()
        entries, unusable = sector.read([Path(folder)])
        read = time.perf_counter()
        content = sector.merge(entries, asked)
        end = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(entries)} dossiers of {companies} companies, {size / 1e6:.1f} MB, {len(unusable)} unusable")
    print(f"read and checked {read - start:.2f} s, merged {end - read:.2f} s, {memory:.0f} MB")
    print(f"{len(content['suppliers'])} suppliers and {len(content['clouds'])} clouds are shared")


if __name__ == "__main__":
    wanted = [int(word) for word in sys.argv[1:3]]
    main(wanted[0] if wanted else 50, wanted[1] if len(wanted) > 1 else 1)
