"""Parts that are copied on the server: only the range is read, as S3 does.

moto reads the whole source once more for each part.
"""

from __future__ import annotations

from typing import Any

from tui.sandbox.patches.base import PatchContext, need, put


def install(context: PatchContext) -> None:
    """Have UploadPartCopy read no more than its range."""
    from moto.s3.models import S3Backend

    need(S3Backend, "upload_part_copy", "multipart_id", "src_key_name", "start_byte", "end_byte")

    def upload_part_copy(  # noqa: PLR0917 - moto's own
        self: Any,
        dest_bucket_name: str,
        multipart_id: str,
        part_id: int,
        src_bucket_name: str,
        src_key_name: str,
        src_version_id: str | None,
        start_byte: int | None,
        end_byte: int | None,
    ) -> Any:
        from moto.s3.exceptions import NoSuchUpload

        uploads = self.get_bucket(dest_bucket_name).multiparts
        if multipart_id not in uploads:
            raise NoSuchUpload(upload_id=multipart_id)
        source = self.get_object(src_bucket_name, src_key_name, version_id=src_version_id)
        return uploads[multipart_id].set_part(part_id, _read(source, start_byte, end_byte))

    put(S3Backend, upload_part_copy=upload_part_copy)


def _read(key: Any, first: int | None, last: int | None) -> bytes:
    with key.lock:
        file = key._value_buffer
        file.seek(first or 0)
        data: bytes = file.read(-1 if last is None else last - (first or 0) + 1)
    return data
