"""Services that moto lacks: a price list and quotas, enough for the panes that ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tui.sandbox.prices import LOCATIONS, listed_usd_per_hour
from tui.sandbox.replies import (
    Body,
    Environ,
    Refusal,
    StartResponse,
    json_reply,
    read_body,
)

SERVICES = ("pricing", "servicequotas")
FAMILIES = "Standard (A, C, D, H, I, M, R, T, Z)"
QUOTAS = {
    "L-1216C47A": (f"Running On-Demand {FAMILIES} instances", 32.0),
    "L-34B43A08": (f"All {FAMILIES} Spot Instance Requests", 32.0),
}
"""vCPUs, by quota code: what a young account has."""
PAGE = 100


def answer(environ: Environ, start: StartResponse, service: str) -> Body:
    """Answer a call to one of `SERVICES`.

    Raises:
        NotImplementedError: the sandbox does not offer it.
        Refusal: it is not well formed.
    """
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    request: dict[str, Any] = json.loads(read_body(environ) or b"{}")
    value = _pricing(operation, request) if service == "pricing" else _quotas(operation, request)
    if value is None:
        raise NotImplementedError(f"{service}:{operation}")
    return json_reply(start, value)


def _quotas(operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
    if request.get("ServiceCode") != "ec2":
        return None
    if operation in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        code = request.get("QuotaCode")
        return {"Quota": _quota(code)} if code in QUOTAS else None
    if operation in ("ListServiceQuotas", "ListAWSDefaultServiceQuotas"):
        return {"Quotas": [_quota(code) for code in QUOTAS]}
    return None


def _quota(code: str) -> dict[str, Any]:
    name, value = QUOTAS[code]
    return {
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _pricing(operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
    """GetProducts for one instance type: what the book has, and nothing where it has nothing."""
    if operation != "GetProducts":
        return None
    try:
        asked = {row["Field"]: str(row["Value"]) for row in request.get("Filters", [])}
        first, most = int(request.get("NextToken") or 0), int(request.get("MaxResults") or PAGE)
    except (KeyError, TypeError, ValueError):
        message = "Input Parameters are invalid."
        raise Refusal(400, "InvalidParameterException", message) from None
    found = list(_products(asked)) if request.get("ServiceCode") == "AmazonEC2" else []
    answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": found[first : first + most]}
    if len(found) > first + most:
        answer["NextToken"] = str(first + most)
    return answer


def _products(asked: dict[str, str]) -> Iterator[str]:
    """Every region's product that fits all filters, as JSON texts."""
    kind = asked.get("instanceType", "")
    for region, location in LOCATIONS.items():
        attributes = {
            "instanceType": kind,
            "regionCode": region,
            "location": location,
            "locationType": "AWS Region",
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
            "licenseModel": "No License required",
            "operation": "RunInstances",
            "marketoption": "OnDemand",
            "servicecode": "AmazonEC2",
        }
        known = attributes | {"productFamily": "Compute Instance", "ServiceCode": "AmazonEC2"}
        if all(known.get(name) == _plain(name, value) for name, value in asked.items()):
            price = listed_usd_per_hour(kind, region)
            if price is not None:
                yield json.dumps(_product(attributes, price))


def _plain(name: str, value: str) -> str:
    """A filter's value; the price list says EU where the rest of AWS says Europe."""
    return value.replace("Europe (", "EU (") if name == "location" else value


def _product(attributes: dict[str, str], price: float) -> dict[str, Any]:
    kind = attributes["instanceType"]
    dimension = {
        "unit": "Hrs",
        "description": f"${price} per On Demand Linux {kind} Instance Hour",
        "pricePerUnit": {"USD": f"{price:.10f}"},
    }
    sku = "SANDBOX" + (attributes["regionCode"] + kind).replace(".", "").replace("-", "").upper()
    return {
        "product": {"productFamily": "Compute Instance", "attributes": attributes, "sku": sku},
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": {f"{sku}.T": {"priceDimensions": {f"{sku}.T.D": dimension}}}},
    }
