"""What is set for an account's whole catalog: nothing, answered as AWS does to an account without any."""

from __future__ import annotations

from typing import Any

from localaws import paging
from localaws.glue.base import CatalogBase, not_found


class Account(CatalogBase):
    """Settings, policies, connections, security configurations: they can be asked for, none can be made."""

    def get_catalog_import_status(self, *, CatalogId: str | None = None) -> dict[str, Any]:
        """Say that the catalog of Athena is this one (it was another before August 2017)."""
        self._check_catalog(CatalogId)
        return {"ImportStatus": {"ImportCompleted": True}}

    def get_data_catalog_encryption_settings(self, *, CatalogId: str | None = None) -> dict[str, Any]:
        """Say that the catalog is not encrypted."""
        self._check_catalog(CatalogId)
        settings = {
            "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
            "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
        }
        return {"DataCatalogEncryptionSettings": settings}

    def get_resource_policy(self, *, ResourceArn: str | None = None) -> dict[str, Any]:
        """Say that there is no policy."""
        raise not_found("Policy not found")

    def get_resource_policies(
        self, *, NextToken: str | None = None, MaxResults: int | None = None
    ) -> dict[str, Any]:
        """List no policies."""
        paging.after(NextToken)
        return {"GetResourcePoliciesResponseList": []}

    def get_connection(
        self,
        *,
        Name: str,
        CatalogId: str | None = None,
        HidePassword: bool | None = None,
        ApplyOverrideForComputeEnvironment: str | None = None,
    ) -> dict[str, Any]:
        """Say that there is no such connection."""
        self._check_catalog(CatalogId)
        raise not_found(f"Connection {Name} not found.")

    def get_connections(
        self,
        *,
        CatalogId: str | None = None,
        Filter: dict[str, Any] | None = None,
        HidePassword: bool | None = None,
        NextToken: str | None = None,
        MaxResults: int | None = None,
    ) -> dict[str, Any]:
        """List no connections."""
        self._check_catalog(CatalogId)
        paging.after(NextToken)
        return {"ConnectionList": []}

    def get_security_configuration(self, *, Name: str) -> dict[str, Any]:
        """Say that there is no such security configuration."""
        raise not_found(f"Security configuration {Name} not found.")

    def get_security_configurations(
        self, *, NextToken: str | None = None, MaxResults: int | None = None
    ) -> dict[str, Any]:
        """List no security configurations."""
        paging.after(NextToken)
        return {"SecurityConfigurations": []}
