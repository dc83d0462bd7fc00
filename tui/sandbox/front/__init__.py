"""The thin WSGI layer before moto: fast reads, checks that AWS makes, clean refusals."""

from tui.sandbox.front.app import Front

__all__ = ["Front"]
