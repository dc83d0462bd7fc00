"""Where the app connects: profile, region, endpoint, keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

_AMAZON = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True, slots=True)
class Connection:
    """What a gateway needs to know; empty fields are looked up where AWS's tools look.

    `endpoint_url` sends every service to one address (the sandbox, MinIO). `read_only` refuses
    every call that is not known to only read.
    """

    profile: str = ""
    region: str = ""
    endpoint_url: str = field(default="", repr=False)  # it may hold a password
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    read_only: bool = False
    sandbox: bool = False

    @property
    def on_loopback(self) -> bool:
        """True where the endpoint is on this machine: no proxy, no host name per bucket."""
        host = urlsplit(self.endpoint_url).hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def wants_path_style(self) -> bool:
        """True where buckets are addressed by path: any endpoint that is not Amazon's own."""
        host = urlsplit(self.endpoint_url).hostname or ""
        return bool(host) and not host.endswith(_AMAZON)

    @property
    def full_checksums(self) -> bool:
        """True where the server takes checksums of whole multi-part objects.

        Amazon does, and so does what runs here; older look-alikes refuse the headers.
        """
        return self.on_loopback or not self.wants_path_style
