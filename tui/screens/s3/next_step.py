"""What may help after a refusal, with the key that does it here."""

from __future__ import annotations

from tui.core.errors import UserError
from tui.widgets.chrome import hint

_STEPS: dict[str, tuple[str, str]] = {
    "InvalidObjectState": ("s3.change", "to restore it first; that takes minutes to hours"),
    "ObjectNotInActiveTierError": ("s3.change", "to restore it first"),
    "NoRanges": ("s3.download", "to download it whole"),
    "PermanentRedirect": ("app.region", "to work in the bucket's region"),
    "301": ("app.region", "to work in the bucket's region"),
    "AuthorizationHeaderMalformed": ("app.region", "to work in the bucket's region"),
    "IllegalLocationConstraintException": ("app.region", "to work in the bucket's region"),
}
_PAYS = "pays for this bucket's requests"


def with_key(error: UserError) -> UserError:
    """Return the error with a hint that names the user's own key, where one helps."""
    step = _STEPS.get(error.code)
    if _PAYS in error.message:
        step = "s3.info", "and agree to pay for it"
    # A restore that runs can only be waited for.
    if step is None or "being restored" in error.message or "not archived" in error.message:
        return error
    key, _ = hint(step[0])
    error.hint = f"Press {key} {step[1]}."
    return error
