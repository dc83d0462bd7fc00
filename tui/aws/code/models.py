"""What botocore's own service models say about an operation, loaded only when asked.

Nothing here imports botocore before it is called: the app imports the operation log before its
first paint, and botocore costs more than all of that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from botocore.model import OperationModel

Shape: TypeAlias = Any  # botocore.model.Shape and its kinds; botocore ships no types
Params: TypeAlias = Mapping[str, Any]

# Models that came by with a recorded call: to load EC2's again costs 100 CPU-ms and 20 MB.
_met: dict[tuple[str, str], OperationModel] = {}


def remember(model: OperationModel) -> None:
    """Keep a model that botocore has loaded anyway, for when its call is shown."""
    _met.setdefault((model.service_model.service_name, model.name), model)


def operation_model(service: str, operation: str) -> OperationModel:
    """Return the model of one operation, such as ``("s3", "ListObjectsV2")``.

    Raises:
        botocore.exceptions.UnknownServiceError: no such service.
        botocore.model.OperationNotFoundError: no such operation.
    """
    if (service, operation) not in _met:
        from botocore.model import ServiceModel

        told = _loader().load_service_model(service, "service-2")
        remember(ServiceModel(told, service).operation_model(operation))
    return _met[service, operation]


@lru_cache(maxsize=1)
def _loader() -> Any:
    """The data files alone: a session would read the user's profile, which may be no good."""
    from botocore.loaders import Loader

    return Loader()


@lru_cache(maxsize=1024)
def paging(service: str, operation: str) -> Params:
    """Return botocore's account of how an operation is paged; empty when it is not."""
    from botocore.exceptions import DataNotFoundError
    from botocore.paginate import PaginatorModel

    try:
        told = _loader().load_service_model(service, "paginators-1")
        pages = PaginatorModel(told).get_paginator(operation)
    except (ValueError, DataNotFoundError):
        return {}
    return dict(pages)


def page_tokens(service: str, operation: str) -> list[str]:
    """Return the names of the parameters that ask for a further page."""
    tokens = paging(service, operation).get("input_token", [])
    return [tokens] if isinstance(tokens, str) else list(tokens)


def without_paging(service: str, operation: str, params: Params) -> tuple[dict[str, Any], Any]:
    """Split a listing's parameters into those of every page, and the page size or None."""
    tokens = page_tokens(service, operation)
    kept = {name: value for name, value in params.items() if name not in tokens}
    size = kept.pop(paging(service, operation).get("limit_key", ""), None)
    return kept, size


def xform(name: str, separator: str = "_") -> str:
    """Spell an API name as boto3 (``_``) or the AWS CLI (``-``) does: ``VPCId`` as ``vpc_id``."""
    from botocore import xform_name

    return str(xform_name(name, separator))


def output_file(params: Params) -> str:
    """Return a tame local name for what a call downloads: the end of its key, if it has one.

    Marked as downloaded, so that the code overwrites no file that the object was made from.
    """
    name = _tame(PurePath(str(params.get("Key", ""))).name)
    return f"downloaded-{name}" if name else "output.bin"


def private_key_file(params: Params) -> str:
    """Return a tame local name for the private key of a call that makes a key pair."""
    return f"{_tame(str(params.get('KeyName', ''))) or 'key'}.pem"


def _tame(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).lstrip("-.")
