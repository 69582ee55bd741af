"""Named queries, prepared statements, and data catalogs with their databases and tables."""

from __future__ import annotations

import re
import uuid

from localaws.athena.catalog import CatalogTables
from localaws.athena.documents import Documents, invalid, now, page
from localaws.athena.workgroups import WorkGroups
from localaws.service import AwsError

_AWS_CATALOG = {
    "Name": "AwsDataCatalog",
    "Description": "AWS Glue Data Catalog",
    "Type": "GLUE",
    "Parameters": {},
}


class Saved:
    """What users keep in Athena."""

    def __init__(self, documents: Documents, workgroups: WorkGroups, catalog, account_id: str) -> None:
        self.documents = documents
        self.workgroups = workgroups
        self.catalog = catalog
        self.account_id = account_id

    def actions(self) -> dict:
        return {
            "CreateNamedQuery": self.create_named,
            "GetNamedQuery": lambda r: {"NamedQuery": self._named(r["NamedQueryId"])},
            "BatchGetNamedQuery": self.batch_named,
            "ListNamedQueries": self.list_named,
            "UpdateNamedQuery": self.update_named,
            "DeleteNamedQuery": self.delete_named,
            "CreatePreparedStatement": self.create_prepared,
            "GetPreparedStatement": lambda r: {
                "PreparedStatement": self.prepared(r["WorkGroup"], r["StatementName"])
            },
            "BatchGetPreparedStatement": self.batch_prepared,
            "ListPreparedStatements": self.list_prepared,
            "UpdatePreparedStatement": self.update_prepared,
            "DeletePreparedStatement": self.delete_prepared,
            "CreateDataCatalog": self.create_catalog,
            "GetDataCatalog": lambda r: {"DataCatalog": self._catalog(r["Name"])},
            "ListDataCatalogs": self.list_catalogs,
            "UpdateDataCatalog": self.update_catalog,
            "DeleteDataCatalog": self.delete_catalog,
            "GetDatabase": self.get_database,
            "ListDatabases": self.list_databases,
            "GetTableMetadata": self.get_table,
            "ListTableMetadata": self.list_tables,
        }

    # --- named queries ---

    def create_named(self, request: dict) -> dict:
        group = request.get("WorkGroup", "primary")
        self.workgroups.get(group)
        token = request.get("ClientRequestToken")
        for query in self.documents.all("named", group):
            if token and query.get("Token") == token:
                return {"NamedQueryId": query["NamedQueryId"]}
        members = ("Name", "Description", "Database", "QueryString")
        query = {m: request[m] for m in members if m in request}
        query |= {"NamedQueryId": str(uuid.uuid4()), "WorkGroup": group}
        self.documents.put("named", query["NamedQueryId"], {**query, "Token": token}, group)
        return {"NamedQueryId": query["NamedQueryId"]}

    def _all_named(self) -> dict[str, dict]:
        return {q["NamedQueryId"]: q for q in self.documents.all("named")}

    def _named(self, name: str) -> dict:
        found = self._all_named().get(name)
        if found is None:
            raise invalid(f"NamedQuery {name} is not found.")
        return {k: v for k, v in found.items() if k != "Token"}

    def batch_named(self, request: dict) -> dict:
        known = self._all_named()
        found = [n for n in request["NamedQueryIds"] if n in known]
        return {
            "NamedQueries": [self._named(n) for n in found],
            "UnprocessedNamedQueryIds": [
                {
                    "NamedQueryId": n,
                    "ErrorCode": "INVALID_INPUT",
                    "ErrorMessage": f"NamedQuery {n} is not found.",
                }
                for n in request["NamedQueryIds"]
                if n not in known
            ],
        }

    def list_named(self, request: dict) -> dict:
        group = request.get("WorkGroup", "primary")
        self.workgroups.get(group)
        found, more = page([q["NamedQueryId"] for q in self.documents.all("named", group)], request, 50)
        return {"NamedQueryIds": found, **more}

    def update_named(self, request: dict) -> dict:
        found = self._all_named().get(request["NamedQueryId"])
        if found is None:
            raise invalid(f"NamedQuery {request['NamedQueryId']} is not found.")
        found |= {m: request[m] for m in ("Name", "Description", "QueryString") if m in request}
        self.documents.put("named", found["NamedQueryId"], found, found["WorkGroup"])
        return {}

    def delete_named(self, request: dict) -> dict:
        found = self._named(request["NamedQueryId"])
        self.documents.delete("named", found["NamedQueryId"], found["WorkGroup"])
        return {}

    # --- prepared statements ---

    def create_prepared(self, request: dict) -> dict:
        name, group = request["StatementName"], request["WorkGroup"]
        self.workgroups.get(group)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_@:]{0,255}", name):
            raise invalid(f"{name} is not a valid name of a prepared statement")
        if self.documents.get("prepared", name.lower(), group) is not None:
            raise invalid(f"Prepared statement {name} already exists in workgroup {group}")
        self._put_prepared(request)
        return {}

    def _put_prepared(self, request: dict) -> None:
        name, group = request["StatementName"], request["WorkGroup"]
        document = {
            "StatementName": name,
            "QueryStatement": request["QueryStatement"],
            "WorkGroupName": group,
            "LastModifiedTime": now(),
        }
        if request.get("Description"):
            document["Description"] = request["Description"]
        self.documents.put("prepared", name.lower(), document, group)

    def prepared(self, group: str, name: str) -> dict:
        """A prepared statement; raises AwsError when there is none of the name."""
        self.workgroups.get(group)
        found = self.documents.get("prepared", name.lower(), group)
        if found is None:
            raise AwsError(
                "ResourceNotFoundException",
                f"Prepared statement {name} was not found in workgroup {group}",
                ResourceName=name,
            )
        return found

    def batch_prepared(self, request: dict) -> dict:
        found, missing = [], []
        for name in request["PreparedStatementNames"]:
            document = self.documents.get("prepared", name.lower(), request["WorkGroup"])
            if document is None:
                missing.append(
                    {
                        "StatementName": name,
                        "ErrorCode": "STATEMENT_NOT_FOUND",
                        "ErrorMessage": f"Prepared statement {name} was not found in workgroup "
                        f"{request['WorkGroup']}",
                    }
                )
            else:
                found.append(document)
        return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing}

    def list_prepared(self, request: dict) -> dict:
        self.workgroups.get(request["WorkGroup"])
        found, more = page(self.documents.all("prepared", request["WorkGroup"]), request, 50)
        summaries = [{k: s[k] for k in ("StatementName", "LastModifiedTime")} for s in found]
        return {"PreparedStatements": summaries, **more}

    def update_prepared(self, request: dict) -> dict:
        self.prepared(request["WorkGroup"], request["StatementName"])
        self._put_prepared(request)
        return {}

    def delete_prepared(self, request: dict) -> dict:
        self.prepared(request["WorkGroup"], request["StatementName"])
        self.documents.delete("prepared", request["StatementName"].lower(), request["WorkGroup"])
        return {}

    # --- data catalogs ---

    def _catalog(self, name: str) -> dict:
        if name.lower() == "awsdatacatalog":
            return {**_AWS_CATALOG, "Parameters": {"catalog-id": self.account_id}}
        found = self.documents.get("datacatalog", name)
        if found is None:
            raise invalid(f"Data Catalog {name} is not found.")
        return found

    def create_catalog(self, request: dict) -> dict:
        if (
            self.documents.get("datacatalog", request["Name"]) is not None
            or request["Name"].lower() == "awsdatacatalog"
        ):
            raise invalid(f"Data Catalog {request['Name']} already exists")
        found = {m: request[m] for m in ("Name", "Description", "Type", "Parameters") if m in request}
        self.documents.put("datacatalog", request["Name"], found)
        if request.get("Tags"):
            self.workgroups.tag(
                {
                    "ResourceARN": f"{self.workgroups.arn}datacatalog/{request['Name']}",
                    "Tags": request["Tags"],
                }
            )
        return {"DataCatalog": found}

    def list_catalogs(self, request: dict) -> dict:
        found, more = page([_AWS_CATALOG, *self.documents.all("datacatalog")], request, 50)
        return {"DataCatalogsSummary": [{"CatalogName": c["Name"], "Type": c["Type"]} for c in found], **more}

    def update_catalog(self, request: dict) -> dict:
        found = self._catalog(request["Name"])
        found |= {m: request[m] for m in ("Description", "Type", "Parameters") if m in request}
        self.documents.put("datacatalog", request["Name"], found)
        return {}

    def delete_catalog(self, request: dict) -> dict:
        found = self._catalog(request["Name"])
        if found["Name"] == "AwsDataCatalog":
            raise invalid("AwsDataCatalog cannot be deleted.")
        self.documents.delete("datacatalog", request["Name"])
        return {"DataCatalog": found}

    # --- metadata ---

    def _glue(self, name: str) -> CatalogTables:
        found = self._catalog(name)
        if found["Type"] != "GLUE":
            raise AwsError(
                "MetadataException",
                f"Data Catalog {name} cannot be reached by the local Athena",
                Message=name,
            )
        return CatalogTables(self.catalog)

    def get_database(self, request: dict) -> dict:
        self._glue(request["CatalogName"])
        try:
            found = self.catalog.get_database(Name=request["DatabaseName"].lower())["Database"]
        except AwsError as error:
            raise _metadata(error) from error
        return {"Database": _database(found)}

    def list_databases(self, request: dict) -> dict:
        found, more = page(self._glue(request["CatalogName"]).databases(), request, 50)
        return {"DatabaseList": [_database(d) for d in found], **more}

    def get_table(self, request: dict) -> dict:
        self._glue(request["CatalogName"])
        try:
            found = self.catalog.get_table(
                DatabaseName=request["DatabaseName"].lower(), Name=request["TableName"].lower()
            )
        except AwsError as error:
            raise _metadata(error) from error
        return {"TableMetadata": _table(found["Table"])}

    def list_tables(self, request: dict) -> dict:
        glue = self._glue(request["CatalogName"])
        try:
            tables = glue.tables(request["DatabaseName"].lower())
        except AwsError as error:
            raise _metadata(error) from error
        if request.get("Expression"):
            wanted = re.compile(request["Expression"].replace("*", ".*"), re.IGNORECASE)
            tables = [t for t in tables if wanted.fullmatch(t["Name"])]
        found, more = page(tables, request, 50)
        return {"TableMetadataList": [_table(t) for t in found], **more}


def _metadata(error: AwsError) -> AwsError:
    """Athena hands Glue's answer on in the words of its Java client, which clients take apart."""
    message = (
        f"{error.message} (Service: AmazonDataCatalog; Status Code: 400; Error Code: {error.code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return AwsError("MetadataException", message, Message=message)


def _database(found: dict) -> dict:
    return {k: found[k] for k in ("Name", "Description", "Parameters") if k in found}


def _table(found: dict) -> dict:
    def columns(items: list[dict]) -> list[dict]:
        return [{k: c[k] for k in ("Name", "Type", "Comment") if k in c} for c in items]

    descriptor = found.get("StorageDescriptor", {})
    serde = descriptor.get("SerdeInfo", {})
    parameters = dict(found.get("Parameters", {}))
    for name, value in (
        ("location", descriptor.get("Location")),
        ("inputformat", descriptor.get("InputFormat")),
        ("outputformat", descriptor.get("OutputFormat")),
        ("serde.serialization.lib", serde.get("SerializationLibrary")),
    ):
        if value:
            parameters.setdefault(name, value)
    for name, value in (serde.get("Parameters") or {}).items():
        parameters.setdefault(f"serde.param.{name}", value)
    answer = {
        "Name": found["Name"],
        "Columns": columns(descriptor.get("Columns", [])),
        "PartitionKeys": columns(found.get("PartitionKeys", [])),
        "Parameters": parameters,
    }
    for member in ("CreateTime", "LastAccessTime", "TableType"):
        if member in found:
            answer[member] = found[member]
    return answer
