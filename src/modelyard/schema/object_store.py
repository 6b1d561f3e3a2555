"""Object stores as connections: S3 and what speaks it, Google Cloud Storage, Azure Blob Storage.

Never a URL with a key in it: bucket, prefix and endpoint are a field each, and what proves who asks is a `Secret`.
Without secrets requests are not signed, which reads what is public and writes nothing: no key is looked for in the
environment, in files of other programs or at a machine's metadata service. Pure data; who opens one is objects/.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from msgspec import Meta

from modelyard.errors.project import BadParameter
from modelyard.schema.named import Named
from modelyard.schema.secret import Secret
from modelyard.schema.url import checked

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}[A-Za-z0-9]")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
METADATA = re.compile(r"169\.254\..*|.*metadata\.google\.internal|\[?fd00:ec2::254\]?")
"""Where clouds tell machines their keys: nobody's bucket."""
Variable = Meta(description='Only as a variable: "${NAME}".')
BucketName = Annotated[str, Meta(description="The bucket's name alone.", min_length=3, max_length=222)]


class ObjectStore(Named, frozen=True, kw_only=True):
    """What every object store has."""

    scheme: ClassVar[str] = ""
    prefix: Annotated[str, Meta(description="What each path begins with: raw/2013.", max_length=900)] = ""
    endpoint: Annotated[
        str | None, Meta(description="https://HOST of a store that is not the cloud's own; no key, no query.")
    ] = None
    allow_http: Annotated[bool, Meta(description="Let `endpoint:` begin with http://, which can be read.")] = False

    def __post_init__(self) -> None:
        for part in self.prefix.strip("/").split("/"):
            if part in (".", "..") or "://" in self.prefix or (not part and self.prefix.strip("/")):
                raise BadParameter(f"`prefix: {self.prefix}` is no path", way_out="Write raw/2013")
        if self.endpoint is None:
            if self.allow_http:
                raise BadParameter("`allow_http:` without an `endpoint:`", way_out="Clouds are asked by https alone")
            return
        origin = checked(self.endpoint, "endpoint")
        if METADATA.fullmatch(origin.host):
            raise BadParameter("`endpoint:` leads to where machines are told their keys", way_out="Name a store")
        if origin.scheme == "http" and not self.allow_http:
            raise BadParameter("http:// can be read on the way", way_out="Write https://, or allow_http: true")

    @property
    def within(self) -> str:
        """`prefix` with its slash, or nothing."""
        return f"{self.prefix.strip('/')}/" if self.prefix.strip("/") else ""

    @property
    def place(self) -> str:
        """The bucket or container."""
        raise NotImplementedError

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What no text may show."""
        found = (getattr(self, field) for field in self.__struct_fields__)
        return tuple(value for value in found if isinstance(value, Secret))

    @property
    def signed(self) -> bool:
        return bool(self.secrets)


class S3(ObjectStore, frozen=True, kw_only=True, tag="s3"):
    """Amazon S3, and every store that speaks it (`endpoint`).

    >>> S3(name="lake", bucket="flights", prefix="raw", secret_key=Secret("k"), access_key="AK").within
    'raw/'
    """

    scheme: ClassVar[str] = "s3"
    bucket: BucketName
    region: Annotated[str, Meta(description="Where the bucket lies.", pattern="^[a-z0-9-]{2,40}$")] = "us-east-1"
    access_key: Annotated[str | None, Meta(description="The name of the key.")] = None
    secret_key: Annotated[Secret | None, Variable] = None
    session_token: Annotated[Secret | None, Meta(description="Of a key that expires; a variable.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _named(self.bucket, _BUCKET, "bucket")
        if bool(self.access_key) != (self.secret_key is not None):
            raise BadParameter("half a key", way_out="Write both `access_key:` and `secret_key:`, or neither")

    @property
    def place(self) -> str:
        return self.bucket


class Gcs(ObjectStore, frozen=True, kw_only=True, tag="gcs"):
    """Google Cloud Storage. `service_account` is the text of the account's JSON key."""

    scheme: ClassVar[str] = "gs"
    bucket: BucketName
    service_account: Annotated[Secret | None, Meta(description="The JSON key, whole, in a variable.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _named(self.bucket, _BUCKET, "bucket")

    @property
    def place(self) -> str:
        return self.bucket


class Azure(ObjectStore, frozen=True, kw_only=True, tag="azure"):
    """Azure Blob Storage. One of `account_key` and `sas_token`."""

    scheme: ClassVar[str] = "az"
    account: Annotated[str, Meta(description="The storage account.")]
    container: Annotated[str, Meta(description="The container's name alone.", min_length=3, max_length=63)]
    account_key: Annotated[Secret | None, Variable] = None
    sas_token: Annotated[Secret | None, Meta(description="Instead of the account's key; a variable.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _named(self.account, _ACCOUNT, "account")
        _named(self.container, _BUCKET, "container")
        if self.account_key is not None and self.sas_token is not None:
            raise BadParameter("two keys", way_out="Write one of `account_key:` and `sas_token:`")

    @property
    def place(self) -> str:
        return self.container


def _named(text: str, form: re.Pattern[str], field: str) -> None:
    if not form.fullmatch(text):
        raise BadParameter(f"`{field}: {text}` is no name of one", way_out="Write its name alone, no URL")
