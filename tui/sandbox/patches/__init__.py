"""What moto 5.2 needs to behave as the launch wizard and the panes expect.

Each patch names itself and checks, before it changes anything, that moto still has what it
replaces; one that does not fit is left out and named in the sandbox's warnings.
"""

from tui.sandbox.patches.base import Clock, Patch, PatchContext, apply
from tui.sandbox.patches.registry import EARLY, LATE

__all__ = ["EARLY", "LATE", "Clock", "Patch", "PatchContext", "apply"]
