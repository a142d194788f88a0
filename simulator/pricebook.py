"""The simulator's price list: products for the Pricing API and unit prices for its own meter."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

PRICES = Path(__file__).with_name("prices.yaml")
EFFECTIVE = "2026-09-01T00:00:00Z"
SIMULATED = "simulated rate"


@dataclass(frozen=True)
class Product:
    """One price-list product: filterable attributes, unit price, and the JSON text GetProducts sends."""

    attributes: dict[str, str]
    usd: Decimal
    text: str

    @property
    def sku(self) -> str:
        return self.attributes["sku"]


@dataclass(frozen=True)
class Rate:
    """What a unit of a usage type costs on the bill, USD."""

    usage_type: str
    unit: str
    usd: Decimal


class PriceList:
    """Every product of prices.yaml. `usd` is None where the file has no price: the "unpriced" story."""

    def __init__(self, path: Path = PRICES):
        document = yaml.safe_load(path.read_text())
        self._index: dict[tuple[str, str], Decimal] = {}
        self.products: list[Product] = []
        self._document = document
        self._rates: dict[tuple[str, str, str], Rate] = {}
        for region, entry in document["regions"].items():
            for kind, key, usd, note in _rates(document, entry):
                self._index[(region, f"{kind}:{key}")] = usd
                self.products.append(_product(region, entry, kind, key, usd, note))
        self.is_changed = False

    def change(self, region: str, kind: str, key: str, amount: Decimal, currency: str = "USD") -> None:
        """Let a product be listed at another price, or in another currency; KeyError when there is none such.

        The bill and the truth follow, whatever day they are asked about: the list keeps no history.
        """
        entry = self._document["regions"][region]
        old = _product(region, entry, kind, key, self._index[region, f"{kind}:{key}"], "")
        place = next(n for n, each in enumerate(self.products) if each.sku == old.sku)
        self.products[place] = _product(region, entry, kind, key, amount, "", currency)
        self._index[region, f"{kind}:{key}"] = amount
        self._rates.pop((region, kind, key), None)
        self.is_changed = True

    def usd(self, region: str, kind: str, key: str = "") -> Decimal | None:
        """Unit price, USD: instance-hour, GB-month, GB, or second. None: not priced in that region."""
        return self._index.get((region, f"{kind}:{key}"))

    def prefix(self, region: str) -> str:
        """How the usage types of a region begin on the bill."""
        entry = self._document["regions"].get(region)
        return f"{entry['prefix']}-" if entry else f"{region}-"

    def rate(self, region: str, kind: str, key: str = "") -> Rate:
        """What the bill charges. It has a rate for everything, also for what the price list leaves out."""
        found = self._rates.get((region, kind, key))
        if found is None:
            usd = self.usd(region, kind, key)
            if usd is None:
                entry = self._document["regions"].get(region, {})
                cell = self._document["base"][kind].get(key, {"usd": "1"})
                usd = Decimal(str(cell["usd"])) * Decimal(str(entry.get("factor", "1")))
            _, attributes, unit = _shape(kind, key, self.prefix(region))
            found = self._rates[region, kind, key] = Rate(attributes["usagetype"], unit, usd)
        return found


def _rates(document: dict[str, Any], entry: dict[str, Any]) -> list[tuple[str, str, Decimal, str]]:
    """(kind, key, usd, note) of one region: its own sourced rates, else the base rate times its factor."""
    factor = Decimal(str(entry.get("factor", "1")))
    sourced = entry.get("sourced", {})
    rates = []
    for kind, table in document["base"].items():
        for key, cell in table.items():
            if key in entry.get("unpriced", []):
                continue
            own = sourced.get(kind, {}).get(key)
            if own is not None:
                rates.append((kind, str(key), Decimal(str(own)), ""))
            else:
                simulated = bool(cell.get("simulated")) or factor != 1 or entry.get("simulated", False)
                usd = (Decimal(str(cell["usd"])) * factor).normalize()
                rates.append((kind, str(key), usd, SIMULATED if simulated else ""))
    return rates


def _product(
    region: str, entry: dict[str, Any], kind: str, key: str, usd: Decimal, note: str, currency: str = "USD"
) -> Product:
    prefix = f"{entry['prefix']}-"
    family, attributes, unit = _shape(kind, key, prefix)
    attributes |= {"regionCode": region, "location": entry["location"], "servicecode": "AmazonSageMaker"}
    if note:
        attributes["note"] = note
    sku = hashlib.sha256(f"{region}{attributes['usagetype']}".encode()).hexdigest()[:16].upper()
    what = f"{attributes['usagetype']} in {entry['location']}"
    document = {
        "product": {"productFamily": family, "attributes": attributes, "sku": sku},
        "serviceCode": "AmazonSageMaker",
        "terms": {
            "OnDemand": {
                f"{sku}.JRTCKXETXF": {
                    "offerTermCode": "JRTCKXETXF",
                    "sku": sku,
                    "effectiveDate": EFFECTIVE,
                    "termAttributes": {},
                    "priceDimensions": {
                        f"{sku}.JRTCKXETXF.6YS6EN2CT7": {
                            "rateCode": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
                            "unit": unit,
                            "beginRange": "0",
                            "endRange": "Inf",
                            "appliesTo": [],
                            "pricePerUnit": {currency: f"{usd:f}"},
                            "description": f"${usd:f} per {unit} for {what}" + (f" ({note})" if note else ""),
                        }
                    },
                }
            }
        },
        "version": "20260901000000",
        "publicationDate": EFFECTIVE,
    }
    filterable = {**attributes, "productFamily": family, "sku": sku, "ServiceCode": "AmazonSageMaker"}
    return Product(filterable, usd, json.dumps(document))


def _shape(kind: str, key: str, prefix: str) -> tuple[str, dict[str, str], str]:
    """Product family, attributes and unit as the Price List describes each kind of SageMaker usage."""
    if kind in ("host", "async", "transform"):
        component, tag = {
            "host": ("Hosting", "Host"),
            "async": ("Hosting", "AsyncInf"),
            "transform": ("Batch Transform", "Tsform"),
        }[kind]
        attributes = {"instanceName": key, "component": component, "usagetype": f"{prefix}{tag}:{key}"}
        return "ML Instance", attributes, "Hrs"
    if kind == "serverless":
        attributes = {"usagetype": f"{prefix}ServerlessInf:Mem-{key}GB", "group": "ServerlessInference"}
        return "ML Serverless", attributes, "seconds"
    if kind in ("pc-usage", "pc-duration"):
        word, tag = ("Usage", "Usage") if kind == "pc-usage" else ("Duration", "Mem")
        attributes = {
            "usagetype": f"{prefix}ServerlessInf:ProvisionedConcurrency:{tag}-{key}GB",
            "group": f"ServerlessProvisionedConcurrency-{word}",
        }
        return "ML Serverless", attributes, "seconds"
    if kind == "storage":
        attributes = {"volumeType": "General Purpose-Hosting", "usagetype": f"{prefix}Host:VolumeUsage.gp2"}
        return "Storage", attributes, "GB-Mo"
    way = key.upper()
    attributes = {
        "operation": "Invoke-Endpoint",
        "group": f"Hosting:{way}",
        "usagetype": f"{prefix}Hst:Data-Bytes-{key}",
    }
    return "ML Data", attributes, "GB"
