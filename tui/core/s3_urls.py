"""The forms in which an object or a bucket can be addressed."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

_SAFE = "/~"  # what S3's own signing leaves as it is, beside letters, digits and -_.


def address_forms(
    bucket: str,
    key: str,
    region: str,
    *,
    endpoint: str = "",
    partition: str = "aws",
    version_id: str = "",
) -> Iterator[tuple[str, str]]:
    """Yield (name, address) of each form; web addresses carry the version, if there is one.

    `endpoint` is the address of an S3-compatible server, without a user or a password: there,
    Amazon's own host names mean nothing.
    """
    yield "S3", f"s3://{bucket}/{key}"
    path = quote(key, safe=_SAFE, errors="surrogatepass")
    query = f"?versionId={quote(version_id, safe='')}" if version_id else ""
    if endpoint:
        yield (
            "https, path" if endpoint.startswith("https") else "http, path",
            (f"{endpoint.rstrip('/')}/{bucket}/{path}{query}"),
        )
    else:
        host = f"s3.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")
        # A certificate for *.s3.… covers one label: a bucket with dots has no host of its own.
        if "." not in bucket:
            yield "https, host", f"https://{bucket}.{host}/{path}{query}"
        yield "https, path", f"https://{host}/{bucket}/{path}{query}"
    yield "ARN", f"arn:{partition}:s3:::{bucket}" + (f"/{key}" if key else "")
