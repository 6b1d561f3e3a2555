"""A connection as the library's client, everything said that a variable of the environment could say otherwise.

Why a function for the keys: with one the library asks nobody else, neither the environment nor a machine's metadata
service. What is fixed here: certificates are checked, http:// only where the connection allows it, waiting has an end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING

from modelyard.errors.connection import MissingDriver
from modelyard.errors.project import BadParameter
from modelyard.schema.object_store import S3, Azure, Gcs, ObjectStore

if TYPE_CHECKING:
    from obstore.store import (
        AzureCredential,
        AzureStore,
        ClientConfig,
        GCSStore,
        RetryConfig,
        S3Credential,
        S3Store,
    )

    Client = S3Store | GCSStore | AzureStore

CONNECT_SECONDS, REQUEST_SECONDS, RETRY_SECONDS, RETRIES = 10, 120, 60, 3


def client(connection: ObjectStore) -> Client:
    """Nothing is asked yet. Raises MissingDriver, BadParameter."""
    if find_spec("obstore") is None:
        way_out = "pip install 'modelyard[objects]'"
        raise MissingDriver("the library for object stores is not installed", way_out=way_out)
    if isinstance(connection, S3):
        return _s3(connection)
    if isinstance(connection, Gcs):
        return _gcs(connection)
    if isinstance(connection, Azure):
        return _azure(connection)
    raise BadParameter(f"connection {connection.name!r} is no object store", way_out="Name one of kind s3, gcs, azure")


def _s3(connection: S3) -> S3Store:
    from obstore.store import S3Store

    address = connection.endpoint or f"https://s3.{connection.region}.amazonaws.com"
    secret, token = connection.secret_key, connection.session_token
    keys: S3Credential = {
        "access_key_id": connection.access_key or "",
        "secret_access_key": secret.reveal() if secret else "",
        "token": token.reveal() if token else None,
        "expires_at": None,
    }
    return S3Store(
        connection.bucket,
        endpoint=address,
        aws_endpoint_url_s3=address,
        region=connection.region,
        virtual_hosted_style_request=False,
        skip_signature=secret is None,
        unsigned_payload=False,
        s3_express=False,
        conditional_put="etag",
        client_options=_options(connection),
        retry_config=_retries(),
        credential_provider=(lambda: keys) if secret else None,
    )


def _gcs(connection: Gcs) -> GCSStore:
    from obstore.store import GCSStore

    address = connection.endpoint or "https://storage.googleapis.com"
    options, retries = _options(connection), _retries()
    if connection.service_account is None:
        return GCSStore(connection.bucket, base_url=address, skip_signature=True, client_options=options,
                        retry_config=retries)  # fmt: skip
    key = _account(connection.service_account.reveal())
    return GCSStore(connection.bucket, base_url=address, skip_signature=False, service_account_key=key,
                    client_options=options, retry_config=retries)  # fmt: skip


def _account(text: str) -> str:
    """The JSON key's own fields alone: others could lead elsewhere."""
    fields = ("type", "private_key", "private_key_id", "client_email", "client_id")
    try:
        found = json.loads(text)
        kept = {name: found[name] for name in fields if name in found}
    except (ValueError, TypeError):
        kept = {}
    if kept.get("type") != "service_account" or "private_key" not in kept or "client_email" not in kept:
        way_out = "Put the whole JSON key of a service account into the variable, not the name of its file"
        raise BadParameter("`service_account:` holds no JSON key of a service account", way_out=way_out)
    return json.dumps({"private_key_id": "", **kept})


def _azure(connection: Azure) -> AzureStore:
    from obstore.store import AzureStore

    return AzureStore(
        connection.container,
        account_name=connection.account,
        endpoint=connection.endpoint or f"https://{connection.account}.blob.core.windows.net",
        use_emulator=False,
        use_fabric_endpoint=False,
        skip_signature=not connection.signed,
        client_options=_options(connection),
        retry_config=_retries(),
        credential_provider=_azure_keys(connection) if connection.signed else None,
    )


def _azure_keys(connection: Azure) -> Callable[[], AzureCredential]:
    key, token = connection.account_key, connection.sas_token
    if key is not None:
        by_key: AzureCredential = {"access_key": key.reveal(), "expires_at": None}
        return lambda: by_key
    by_token: AzureCredential = {"sas_token": token.reveal().removeprefix("?") if token else "", "expires_at": None}
    return lambda: by_token


def _options(connection: ObjectStore) -> ClientConfig:
    return {
        "allow_http": connection.allow_http,
        "allow_invalid_certificates": False,
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "timeout": timedelta(seconds=REQUEST_SECONDS),
        "user_agent": "modelyard",
    }


def _retries() -> RetryConfig:
    return {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
