"""Go to an address of S3 that one types."""

from __future__ import annotations

from textual import work

from tui.core.errors import UserError
from tui.core.s3_address import Address
from tui.screens.s3.acting import S3Acting
from tui.screens.s3.rows import uri


class S3Goto(S3Acting):
    """The part of the S3 pane that goes to an address."""

    @work(group="verb", exclusive=True, exit_on_error=False)
    async def action_goto(self) -> None:
        """Ask for an address, and go there."""
        place = self.place
        address = await self.app.push_screen_wait(
            self.ask_address(
                "Go to",
                "An s3:// address, a web address or an ARN, or just bucket/folder/. "
                "It may be a bucket of another account.",
                value=uri(place.bucket, place.prefix) if place is not None else "s3://",
            )
        )
        if address is not None:
            await self.guarded(self._go_to(address))

    async def _go_to(self, address: Address) -> None:
        from tui.aws.calls import caused_by
        from tui.aws.s3.goto import Target, resolve

        self.working("looking…")
        try:
            with caused_by(f"Go to {address.uri}"):
                target = await resolve(self.services.s3, address)
        except UserError as error:
            if error.code == "NoSuchKey":
                raise
            # The listing says why in its own place, with what may help.
            target = Target(address.key[: address.key.rfind("/") + 1], address.key)
        self.working("")
        self.open_place(address.bucket, target.prefix, wanted=target.wanted)
