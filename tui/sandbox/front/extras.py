"""Services that moto lacks: a price list and a quota, enough for the panes that ask."""

from __future__ import annotations

import json
from typing import Any

from tui.sandbox.front.replies import (
    Body,
    Environ,
    StartResponse,
    json_reply,
    read_body,
    service_error,
)
from tui.sandbox.prices import on_demand_usd_per_hour

SERVICES = ("pricing", "servicequotas")
VCPU_QUOTA = {
    "ServiceCode": "ec2",
    "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "QuotaCode": "L-1216C47A",
    "QuotaName": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    "Value": 32.0,
    "Unit": "None",
    "Adjustable": True,
    "GlobalQuota": False,
}


def answer(environ: Environ, start: StartResponse, service: str) -> Body:
    """Answer a call to one of `SERVICES`."""
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    request: dict[str, Any] = json.loads(read_body(environ) or b"{}")
    value = _pricing(operation, request) if service == "pricing" else _quotas(operation, request)
    if value is None:
        message = f"The sandbox does not offer {service}:{operation}."
        return service_error(start, environ, 501, "SandboxNotSupported", message)
    return json_reply(start, value)


def _quotas(operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
    if request.get("ServiceCode") != "ec2":
        return None
    if operation in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        return {"Quota": VCPU_QUOTA} if request.get("QuotaCode") == "L-1216C47A" else None
    if operation in ("ListServiceQuotas", "ListAWSDefaultServiceQuotas"):
        return {"Quotas": [VCPU_QUOTA]}
    return None


def _pricing(operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
    if operation != "GetProducts":
        return None
    asked = {row["Field"]: row["Value"] for row in request.get("Filters", [])}
    if request.get("ServiceCode") != "AmazonEC2" or "instanceType" not in asked:
        return {"FormatVersion": "aws_v1", "PriceList": []}
    return {"FormatVersion": "aws_v1", "PriceList": [json.dumps(_product(asked))]}


def _product(asked: dict[str, str]) -> dict[str, Any]:
    kind = asked["instanceType"]
    region = asked.get("regionCode", "us-east-1")
    attributes = {
        "instanceType": kind,
        "regionCode": region,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
    }
    dimension = {
        "unit": "Hrs",
        "description": f"${on_demand_usd_per_hour(kind, region)} per On Demand Linux {kind}",
        "pricePerUnit": {"USD": f"{on_demand_usd_per_hour(kind, region):.10f}"},
    }
    sku = "SANDBOX" + kind.replace(".", "").upper()
    return {
        "product": {"productFamily": "Compute Instance", "attributes": attributes, "sku": sku},
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": {f"{sku}.T": {"priceDimensions": {f"{sku}.T.D": dimension}}}},
    }
