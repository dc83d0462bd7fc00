"""Every key of Skydeck: its id, key, action, verb and tooltip, by the room it works in.

The footer, the help screen and the palette are made from this table. Users may bind other keys to
an id in their settings; `validated` says what is wrong with such a wish.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Key:
    """One binding. `hint` puts it among the six of the footer, in table order."""

    id: str
    key: str  # Textual's names, several apart by commas
    action: str
    verb: str
    tooltip: str
    hint: bool = False

    @property
    def room(self) -> str:
        """Where the key works: the part of the id before the dot."""
        return self.id.partition(".")[0]


ROOMS: Mapping[str, str] = {
    "app": "Everywhere",
    "table": "Tables",
    "s3": "S3",
    "preview": "S3 preview",
    "versions": "S3 versions of an object",
    "hidden": "S3 deleted and older versions",
    "uploads": "S3 unfinished uploads",
    "settings": "S3 bucket settings",
    "policy": "S3 policy editor",
    "ec2": "EC2",
    "launch": "Launch wizard",
    "console": "Console",
    "cost": "Cost",
    "workflow": "Workflow",
    "jobs": "Jobs drawer",
    "code": "Code drawer",
    "first": "First run",
    "start": "While connecting",
}

_K = Key
KEYS: tuple[Key, ...] = (
    _K("app.s3", "1,f1", "app.pane('s3')", "S3", "Buckets and objects"),
    _K("app.ec2", "2,f2", "app.pane('ec2')", "EC2", "Instances and the launch wizard"),
    _K("app.console", "3,f3", "app.pane('console')", "Console", "Live terminals on instances"),
    _K("app.cost", "4,f4", "app.pane('cost')", "Cost", "What runs, what it costs, what if"),
    _K("app.workflow", "5,f5", "app.pane('workflow')", "Workflow", "The six steps, end to end"),
    _K("app.jobs", "J", "jobs", "Jobs", "Open or close the jobs drawer"),
    _K("app.code", "C", "code", "Code", "Show the last actions as boto3, AWS CLI and pandas"),
    _K("app.region", "R", "app.region", "Region", "Work in another region"),
    _K("app.profile", "P", "app.profile", "Profile", "Work with another profile or the sandbox"),
    _K("app.theme", "T", "app.theme", "Theme", "Switch to the next theme"),
    _K("app.help", "question_mark", "app.help", "Help", "Every key, by pane"),
    _K("app.palette", "ctrl+p", "app.command_palette", "Palette", "Find an action by name"),
    _K("app.quit", "q,ctrl+q", "app.leave", "Quit", "Quit, after naming what still runs"),
    _K("table.down", "down,j", "down", "Down", "One row down"),
    _K("table.up", "up,k", "up", "Up", "One row up"),
    _K("table.page_down", "pagedown,ctrl+d", "page_down", "Page down", "One page down"),
    _K("table.page_up", "pageup,ctrl+u", "page_up", "Page up", "One page up"),
    _K("table.first", "home,g", "first", "First", "To the first row"),
    _K("table.last", "end,G", "last", "Last", "To the last row"),
    _K("table.open", "enter,l", "open", "Open", "Open the row one is on"),
    _K("start.profile", "p", "app.profile", "Profile", "Choose another way to start", hint=True),
    _K("start.quit", "escape", "app.leave", "Quit", "Leave Skydeck", hint=True),
    _K("first.down", "down,j", "down", "Choose", "Next choice", hint=True),
    _K("first.theme", "t", "app.theme", "Theme", "Switch to the next theme", hint=True),
    _K("first.back", "escape", "back", "Back", "Back to the panes, if connected"),
    _K("first.quit", "q", "app.leave", "Quit", "Leave Skydeck", hint=True),
    _K("jobs.pause", "p,space", "pause", "Pause", "Have the job rest, or go on", hint=True),
    _K("jobs.cancel", "x", "cancel", "Cancel", "Stop the job, leave nothing half-done", hint=True),
    _K("jobs.retry", "r", "retry", "Retry", "Start a failed job once more", hint=True),
    _K("jobs.limits", "l", "limits", "Limit", "Limit a transfer's bandwidth, or how much goes on "
       "at once", hint=True),
    _K("jobs.items", "enter", "items", "Items", "Look into the job: each item, and why it failed",
       hint=True),
    _K("jobs.close", "J,escape", "close", "Close", "Close the drawer", hint=True),
    _K("code.older", "left_square_bracket", "older", "Older", "The action before", hint=True),
    _K("code.newer", "right_square_bracket", "newer", "Newer", "The action after", hint=True),
    _K("code.form", "tab", "form", "Next form", "boto3 and CLI, pandas, whole session", hint=True),
    _K("code.copy", "y", "copy", "Copy", "Copy the code to the clipboard", hint=True),
    _K("code.export", "s", "export", "Export session", "Save all as a script", hint=True),
    _K("code.close", "C,escape", "close", "Close", "Close the drawer", hint=True),
    # -- S3 ------------------------------------------------------------------------------
    _K("s3.select", "space", "select", "Select", "Select the row and move down", hint=True),
    _K("s3.open", "enter", "open_row", "Open", "Open the bucket or folder", hint=True),
    _K("s3.download", "d", "download", "Download", "Download what is selected", hint=True),
    _K("s3.upload", "u", "upload", "Upload", "Upload a file or a folder to here", hint=True),
    _K("s3.delete", "x", "delete", "Delete", "Delete what is selected, after a plan", hint=True),
    _K("s3.filter", "slash", "filter", "Filter", "Show only the rows that match", hint=True),
    _K("s3.up", "backspace,h,left", "up", "Up", "To the folder above, or to the buckets"),
    _K("s3.goto", "colon", "goto", "Go to", "Go to an s3:// address"),
    _K("s3.back", "left_square_bracket", "back", "Back", "To the place before"),
    _K("s3.forward", "right_square_bracket", "forward", "Forward", "To the place after"),
    _K("s3.places", "b", "places", "Places", "Bookmarks and recent places"),
    _K("s3.bookmark", "B", "bookmark", "Bookmark", "Bookmark this place, or no longer"),
    _K("s3.find", "f", "find", "Find", "Search below here, in all folders"),
    _K("s3.total", "t", "total", "Total", "Add up all below here: bytes, classes, ages, folders"),
    _K("s3.all", "a", "select_all", "All", "Select all that is shown, or nothing"),
    _K("s3.invert", "I", "invert", "Invert", "Select what is not selected"),
    _K("s3.glob", "asterisk", "select_glob", "Select by name", "Select by a pattern: *.csv"),
    _K("s3.info", "i", "info", "Details", "All that S3 knows of the object"),
    _K("s3.subset", "s", "subset", "Subset", "Pull some rows or columns to a file"),
    _K("s3.copy_to", "c", "copy_to", "Copy to", "Copy what is selected to another place"),
    _K("s3.move", "m", "move", "Move", "Move or rename what is selected"),
    _K("s3.create", "n", "create", "New", "Create a bucket, a folder or a text object"),
    _K("s3.edit", "e", "edit", "Edit", "Edit the object in your editor"),
    _K("s3.change", "E", "change", "Change", "Metadata, tags, type, storage class, restore"),
    _K("s3.link", "p", "link", "Presign", "Make a link that reads or writes one object"),
    _K("s3.sync", "S", "sync", "Sync", "Make a folder here and this place alike"),
    _K("s3.versions", "v", "versions", "Versions", "Show versions and delete markers"),
    _K("s3.uploads", "U", "uploads", "Unfinished", "Uploads that never ended, and their bytes"),
    _K("s3.settings", "comma", "settings", "Settings", "What the bucket allows and does"),
    _K("s3.sort", "o", "sort", "Sort", "Sort by name, size, age or class"),
    _K("s3.copy", "y", "copy_uri", "Copy URI", "Copy the s3:// address"),
    _K("s3.refresh", "r", "refresh_listing", "Refresh", "List again"),
    _K("s3.stop", "escape", "stop", "Stop", "Stop loading, or drop filter and selection"),
    # -- S3 preview (while it has the focus) ---------------------------------------------
    _K("preview.page_down", "pagedown,ctrl+d", "page_down", "Page down, read on",
       "A page on; at the end, read the next part", hint=True),
    _K("preview.page_up", "pageup,ctrl+u", "page_up", "Page up", "A page back"),
    _K("preview.down", "down,j", "scroll_down", "Down", "A line on"),
    _K("preview.up", "up,k", "scroll_up", "Up", "A line back"),
    _K("preview.right", "right,l", "scroll_right", "More columns", "To the columns after",
       hint=True),
    _K("preview.left", "left,h", "scroll_left", "Left", "To the columns before"),
    _K("preview.first", "home,g", "scroll_home", "First", "To the beginning of the object"),
    _K("preview.last", "end,G", "scroll_end", "Last", "To the end of what was read"),
    _K("preview.summary", "w", "summary", "Summary",
       "Sum up the columns: type, nulls, range, mean, top values", hint=True),
    _K("preview.zoom", "z", "zoom", "Zoom", "All the room for the preview, and back", hint=True),
    # -- S3 dialogs ----------------------------------------------------------------------
    _K("versions.restore", "r", "restore", "Restore", "Make this version the current one",
       hint=True),
    _K("versions.undelete", "u", "undelete", "Undelete", "Take the delete marker away", hint=True),
    _K("versions.download", "d", "download", "Download", "Download this version to a file",
       hint=True),
    _K("versions.erase", "x", "erase", "Delete for good", "Delete the chosen versions for good",
       hint=True),
    _K("versions.info", "i", "info", "Details", "All that S3 knows of this version", hint=True),
    _K("versions.below", "b", "below", "All below", "What is hidden in this whole place",
       hint=True),
    _K("versions.copy", "y", "copy_id", "Copy id", "Copy the version id"),
    _K("versions.select", "space", "select", "Select", "Select the version and move down"),
    _K("versions.all", "a", "select_all", "All", "Select all that is shown, or nothing"),
    _K("versions.refresh", "R", "reload", "Refresh", "List again"),
    _K("versions.help", "question_mark", "help", "Help", "Every key, these first"),
    _K("hidden.select", "space", "select", "Select", "Select the key and move down", hint=True),
    _K("hidden.undelete", "u", "undelete", "Undelete", "Bring the chosen deleted objects back",
       hint=True),
    _K("hidden.deleted", "t", "deleted_only", "Deleted only", "Only deleted objects, or all again",
       hint=True),
    _K("hidden.erase", "x", "erase", "Delete for good", "Delete versions of the chosen keys",
       hint=True),
    _K("hidden.all", "a", "select_all", "All", "Select all that is shown, or nothing"),
    _K("hidden.stop", "s", "stop", "Stop", "Stop loading"),
    _K("hidden.refresh", "R", "reload", "Refresh", "List again"),
    _K("hidden.help", "question_mark", "help", "Help", "Every key, these first"),
    _K("uploads.select", "space", "select", "Select", "Select the upload and move down", hint=True),
    _K("uploads.all", "a", "select_all", "All", "Select all that is shown, or nothing", hint=True),
    _K("uploads.old", "o", "select_old", "Older than 7 days", "Select what is older than 7 days",
       hint=True),
    _K("uploads.abort", "x", "abort", "Abort", "Abort the chosen uploads, after a plan", hint=True),
    _K("uploads.refresh", "R", "reload", "Refresh", "List again"),
    _K("uploads.help", "question_mark", "help", "Help", "Every key, these first"),
    _K("settings.sections", "left,h,backspace", "sections", "Sections", "Back to the list"),
    _K("settings.inside", "right,tab", "inside", "Inside", "Into the section"),
    _K("settings.switch", "space", "switch", "Switch", "Turn on or off"),
    _K("settings.edit", "e", "edit", "Edit", "Change what the section shows"),
    _K("settings.add", "n", "add", "New", "A new rule or tag"),
    _K("settings.remove", "x,delete", "remove", "Delete", "Delete the policy, the rule or the tag"),
    _K("settings.raw", "v", "raw", "Raw JSON", "What S3 answered, as JSON, or the words again"),
    _K("settings.copy", "y", "copy", "Copy", "Copy what S3 answered"),
    _K("settings.again", "r", "again", "Ask again", "Ask for all settings again"),
    _K("settings.help", "question_mark", "help", "Help", "Every key, these first"),
    _K("policy.save", "ctrl+s", "save", "Review", "Go on to the review", hint=True),
    _K("policy.template", "ctrl+t", "template", "Template", "Add a statement", hint=True),
    _K("policy.outside", "ctrl+o", "outside", "Your editor", "In your own editor", hint=True),
    _K("policy.tidy", "ctrl+r", "tidy", "Tidy", "Lay the JSON out anew", hint=True),
    _K("policy.problem", "ctrl+g", "problem", "Problem", "To the first problem"),
    # -- EC2 -----------------------------------------------------------------------------
    _K("ec2.launch", "n", "launch", "Launch", "Launch an instance in six steps", hint=True),
    _K("ec2.log_in", "enter", "log_in", "Log in", "Open a terminal on the instance", hint=True),
    _K("ec2.power", "s", "power", "Stop", "Stop what runs, start what is stopped", hint=True),
    _K("ec2.terminate", "t", "terminate", "Terminate", "Delete for good, after a plan", hint=True),
    _K("ec2.select", "space", "select", "Select", "Select or unselect the instance", hint=True),
    _K("ec2.filter", "slash", "filter", "Filter", "Show only what matches", hint=True),
    _K("ec2.select_all", "a", "select_all", "Select all", "Select all that is shown"),
    _K("ec2.reboot", "b", "reboot", "Reboot", "Restart the operating system"),
    _K("ec2.protect", "p", "protect", "Protect", "Protect from termination, or no longer"),
    _K("ec2.output", "c", "output", "Console output", "What the machine said as it booted"),
    _K("ec2.copy", "y", "copy", "Copy address", "Copy the public address"),
    _K("ec2.refresh", "r", "refresh_now", "Refresh", "Ask AWS again now"),
    _K("ec2.clear", "escape", "clear", "Clear", "Drop the filter, then the selection"),
    # -- Launch wizard -------------------------------------------------------------------
    _K("launch.next", "enter", "next", "Next", "To the next step"),
    _K("launch.back", "escape,backspace", "back", "Back", "To the step before, or out"),
    _K("launch.launch", "L", "launch", "Launch", "Launch what the review shows"),
    _K("launch.architecture", "a", "page('architecture')", "Architecture", "x86_64 or arm64"),
    _K("launch.filter", "slash", "page('filter')", "Filter", "vcpu>=8 price<0.4 gpu, or a name"),
    _K("launch.sort", "o", "page('sort')", "Sort", "Sort the types by the next column"),
    _K("launch.market", "m", "page('market')", "Spot", "On-demand or spot"),
    _K("launch.add", "n", "page('add')", "Add", "Add a volume, a tag or a rule"),
    _K("launch.edit", "e", "page('edit')", "Edit", "Change what the cursor is on"),
    _K("launch.remove", "x,delete", "page('remove')", "Remove", "Take out what the cursor is on"),
    _K("launch.recheck", "r", "page('recheck')", "Check again", "Run the checks once more"),
    _K("launch.image", "ctrl+1", "go('image')", "Step 1", "Choose the machine image"),
    _K("launch.type", "ctrl+2", "go('type')", "Step 2", "Choose the instance type"),
    _K("launch.details", "ctrl+3", "go('details')", "Step 3", "Count, market, network, role"),
    _K("launch.storage", "ctrl+4", "go('storage')", "Step 4", "Volumes"),
    _K("launch.tags", "ctrl+5", "go('tags')", "Step 5", "Tags"),
    _K("launch.firewall", "ctrl+6", "go('firewall')", "Step 6", "The security group"),
    _K("launch.one", "1", "jump('image')", "Edit step 1", "From the review to the image"),
    _K("launch.two", "2", "jump('type')", "Edit step 2", "From the review to the type"),
    _K("launch.three", "3", "jump('details')", "Edit step 3", "From the review to the details"),
    _K("launch.four", "4", "jump('storage')", "Edit step 4", "From the review to the storage"),
    _K("launch.five", "5", "jump('tags')", "Edit step 5", "From the review to the tags"),
    _K("launch.six", "6", "jump('firewall')", "Edit step 6", "From the review to the firewall"),
    # -- Console -------------------------------------------------------------------------
    _K("console.type", "enter", "type", "Type", "Into the terminal", hint=True),
    _K("console.new", "n", "new", "New", "Log in to a running instance", hint=True),
    _K("console.send", "u", "send", "Send a file", "Copy a local file there", hint=True),
    _K("console.fetch", "d", "fetch", "Fetch", "Copy the remote file to this computer", hint=True),
    _K("console.close", "x", "close_tab", "Close tab", "Hang up and close the tab", hint=True),
    _K("console.reconnect", "r", "reconnect", "Reconnect", "Log in again", hint=True),
    _K("console.next", "right_square_bracket", "next_tab", "Next", "The next console"),
    _K("console.files", "f6", "files", "Files", "To the remote files"),
    _K("console.refresh", "f7", "refresh", "Refresh", "List the remote folder again"),
    # -- Cost ----------------------------------------------------------------------------
    _K("cost.what_if", "w", "what_if", "What if", "To the what-if and back", hint=True),
    _K("cost.take", "enter", "take", "Vary", "What if: begin with this instance", hint=True),
    _K("cost.market", "m", "market", "Spot", "What if: on-demand or spot", hint=True),
    _K("cost.refresh", "r", "refresh_cost", "Refresh", "Add up the buckets again", hint=True),
    _K("cost.leave", "escape", "leave_form", "Back", "From the what-if to what runs"),
    # -- Workflow ------------------------------------------------------------------------
    _K("workflow.run", "enter,r", "run_step", "Run", "Run the step that one is on", hint=True),
    _K("workflow.all", "a", "run_all", "Run all", "Run all that is not done, in order", hint=True),
    _K("workflow.edit", "e", "edit", "Change", "Change what the step works on", hint=True),
    _K("workflow.script", "v", "script", "Script", "Read and edit the script", hint=True),
    _K("workflow.cancel", "x", "cancel_step", "Cancel", "Stop the step that runs", hint=True),
    _K("workflow.launch", "w", "launch", "Launch", "Launch an instance to run on", hint=True),
    _K("workflow.role", "i", "role", "Give role", "Let the instance use the bucket"),
    _K("workflow.over", "n", "start_over", "Start over", "Mark all six steps as to do"),
)  # fmt: skip

_SHOWN = {
    "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]", "enter": "⏎",
    "backspace": "⌫", "escape": "esc", "pagedown": "pgdn", "pageup": "pgup", "slash": "/",
    "up": "↑", "down": "↓", "left": "←", "right": "→", "plus": "+", "minus": "−",
    "right_curly_bracket": "}", "colon": ":", "asterisk": "*", "full_stop": ".", "comma": ",",
}  # fmt: skip


_BY_ID: Mapping[str, Key] = {key.id: key for key in KEYS}
_chosen: dict[str, str] = {}


def use(wishes: Mapping[str, str]) -> None:
    """Show these keys (as `validated` lets them pass) in footer, help and palette from now on."""
    _chosen.clear()
    _chosen.update(wishes)


def room(name: str) -> tuple[Key, ...]:
    """The keys of one room as they are by default, in table order."""
    return tuple(key for key in KEYS if key.room == name)


def room_in_use(name: str) -> tuple[Key, ...]:
    """The keys of one room with the user's own in their place."""
    return tuple(in_use(key) for key in room(name))


def in_use(key: Key) -> Key:
    """A key, or the user's own in its place."""
    return replace(key, key=_chosen.get(key.id, key.key))


def action(action_id: str) -> Key:
    """The key in use of one action."""
    return in_use(_BY_ID[action_id])


def shown(key: str) -> str:
    """A key as the footer writes it: `ctrl+p` is ^p, `f6` is F6."""
    first = key.split(",", maxsplit=1)[0]
    if first.startswith("ctrl+"):
        return "^" + _SHOWN.get(first[5:], first[5:])
    if first.startswith("f") and first[1:].isdigit():
        return first.upper()
    return _SHOWN.get(first, first)


def shown_all(key: str) -> str:
    """All keys of a binding, as the help screen writes them."""
    return " ".join(shown(part) for part in key.split(","))


def validated(wishes: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Split a user's id-to-key wishes into a keymap and sentences on what is wrong.

    Refused: an unknown id, an empty key, a key that no terminal sends, a key that another binding
    of the same room, of `app`, or (in a room with tables) of the tables already has.
    """
    good: dict[str, str] = {}
    complaints: list[str] = []
    for wish_id, wish in wishes.items():
        if wish_id not in _BY_ID:
            complaints.append(f"{wish_id}: there is no such action")
        elif not wish.strip():
            complaints.append(f"{wish_id}: the key is empty")
        elif unknown := [part for part in wish.split(",") if not _is_key(part.strip())]:
            complaints.append(f"{wish_id}: there is no key {unknown[0]!r}")
        else:
            good[wish_id] = ",".join(part.strip() for part in wish.split(","))
    for wish_id in list(good):
        if other := _holder(_BY_ID[wish_id], good):
            complaints.append(f"{wish_id}: {good[wish_id]} is already {other.verb} ({other.id})")
            del good[wish_id]
    return good, complaints


_MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "meta", "hyper"})
_NO_TABLES = frozenset({"start", "code", "policy"})
# Dialogs: nothing of what is below works while one is open.
_MODAL = frozenset({"versions", "hidden", "uploads", "settings", "policy"})


def _is_key(name: str) -> bool:
    """Whether Textual has such a key: `x`, `X`, `f9`, `ctrl+x`, `question_mark`."""
    from textual.keys import KEY_NAME_REPLACEMENTS, Keys

    *modifiers, key = name.split("+")
    if not set(modifiers) <= _MODIFIERS or len(set(modifiers)) < len(modifiers):
        return False
    if len(key) == 1:
        return key.isalnum()
    if key in KEY_NAME_REPLACEMENTS.values() or any(key == one.value for one in Keys):
        return True
    with contextlib.suppress(KeyError):  # Textual names the others as Unicode does
        return bool(unicodedata.lookup(key.replace("_", " ")))
    return False


def _holder(key: Key, wishes: Mapping[str, str]) -> Key | None:
    # Some keys are shared on purpose, such as enter of a table and of its pane.
    wanted = set(wishes[key.id].split(",")) - set(key.key.split(","))
    for other in KEYS:
        near = other.room in (key.room, "app") or key.room == "app"
        rooms = {key.room, other.room}
        near &= other.room == key.room or not rooms & _MODAL
        near |= "table" in rooms and not rooms & _NO_TABLES
        held = set(wishes.get(other.id, other.key).split(","))
        if other.id != key.id and near and wanted & held:
            return other
    return None
