"""Workgroups, their configuration, and the tags of resources."""

from __future__ import annotations

from localaws.athena.documents import Documents, decode_token, invalid, now, page
from localaws.service import AwsError

ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
_REMOVALS = {
    "RemoveOutputLocation": "OutputLocation",
    "RemoveEncryptionConfiguration": "EncryptionConfiguration",
    "RemoveExpectedBucketOwner": "ExpectedBucketOwner",
    "RemoveAclConfiguration": "AclConfiguration",
}


class WorkGroups:
    """The workgroups of the account; `primary` is always there."""

    def __init__(self, documents: Documents, account_id: str, region: str) -> None:
        self.documents = documents
        self.arn = f"arn:aws:athena:{region}:{account_id}:"
        if documents.get("workgroup", "primary") is None:
            documents.put(
                "workgroup", "primary", _workgroup("primary", "", {"EnforceWorkGroupConfiguration": False})
            )

    def actions(self) -> dict:
        return {
            "CreateWorkGroup": self.create,
            "GetWorkGroup": lambda r: {"WorkGroup": self.get(r["WorkGroup"])},
            "ListWorkGroups": self.list,
            "UpdateWorkGroup": self.update,
            "DeleteWorkGroup": self.delete,
            "ListEngineVersions": lambda r: {
                "EngineVersions": [ENGINE, {**ENGINE, "SelectedEngineVersion": "Athena engine version 3"}]
            },
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.tags,
        }

    def get(self, name: str) -> dict:
        """A workgroup; raises AwsError when there is none of the name."""
        found = self.documents.get("workgroup", name)
        if found is None:
            raise invalid(f"WorkGroup {name} is not found.")
        return found

    def create(self, request: dict) -> dict:
        name = request["Name"]
        if self.documents.get("workgroup", name) is not None:
            raise invalid(f"WorkGroup {name} is already created")
        configuration = {"EnforceWorkGroupConfiguration": True, **request.get("Configuration", {})}
        _check(configuration)
        self.documents.put("workgroup", name, _workgroup(name, request.get("Description", ""), configuration))
        if request.get("Tags"):
            self.tag({"ResourceARN": f"{self.arn}workgroup/{name}", "Tags": request["Tags"]})
        return {}

    def list(self, request: dict) -> dict:
        found, more = page(self.documents.all("workgroup"), request, 50)
        summaries = [
            {
                "Name": w["Name"],
                "State": w["State"],
                "Description": w["Description"],
                "CreationTime": w["CreationTime"],
                "EngineVersion": w["Configuration"]["EngineVersion"],
            }
            for w in found
        ]
        return {"WorkGroups": summaries, **more}

    def update(self, request: dict) -> dict:
        found = self.get(request["WorkGroup"])
        if "Description" in request:
            found["Description"] = request["Description"]
        if "State" in request:
            found["State"] = request["State"]
        updates = dict(request.get("ConfigurationUpdates", {}))
        configuration = found["Configuration"]
        results = updates.pop("ResultConfigurationUpdates", {})
        place = configuration.setdefault("ResultConfiguration", {})
        for flag, member in _REMOVALS.items():
            if results.get(flag):
                place.pop(member, None)
        place.update({k: v for k, v in results.items() if k not in _REMOVALS})
        if updates.pop("RemoveBytesScannedCutoffPerQuery", False):
            configuration.pop("BytesScannedCutoffPerQuery", None)
        updates.pop("RemoveCustomerContentEncryptionConfiguration", None)
        managed = updates.pop("ManagedQueryResultsConfigurationUpdates", None)
        if managed:
            configuration["ManagedQueryResultsConfiguration"] = {
                k: v for k, v in managed.items() if k in ("Enabled", "EncryptionConfiguration")
            }
        if "EngineVersion" in updates:
            updates["EngineVersion"] = {
                **ENGINE,
                **updates["EngineVersion"],
                "EffectiveEngineVersion": ENGINE["EffectiveEngineVersion"],
            }
        configuration.update(updates)
        _check(configuration)
        self.documents.put("workgroup", found["Name"], found)
        return {}

    def delete(self, request: dict) -> dict:
        name = request["WorkGroup"]
        if name == "primary":
            raise invalid("The primary workgroup cannot be deleted.")
        self.get(name)
        rest = self.documents.all("named", name) + self.documents.all("prepared", name)
        ran = self.documents.store.connection().execute(
            "SELECT 1 FROM athena_executions WHERE workgroup = ? LIMIT 1", (name,)
        )
        if (rest or ran.fetchone()) and not request.get("RecursiveDeleteOption"):
            raise invalid(f"WorkGroup {name} is not empty")
        with self.documents.store.transaction() as db:
            self.documents.delete_scope(name)
            self.documents.delete("workgroup", name)
            db.execute("DELETE FROM athena_executions WHERE workgroup = ?", (name,))
            db.execute("DELETE FROM athena_tags WHERE resource = ?", (f"{self.arn}workgroup/{name}",))
        return {}

    # --- tags ---

    def _resource(self, arn: str) -> str:
        kind, _, name = arn.removeprefix(self.arn).partition("/")
        found = {"workgroup": "workgroup", "datacatalog": "datacatalog"}.get(kind)
        if not arn.startswith(self.arn) or found is None:
            raise invalid(f"Resource {arn} is not valid")
        if self.documents.get(found, name) is None and not (
            found == "datacatalog" and name == "AwsDataCatalog"
        ):
            raise AwsError("ResourceNotFoundException", f"Resource {arn} is not found", ResourceName=arn)
        return arn

    def tag(self, request: dict) -> dict:
        arn = self._resource(request["ResourceARN"])
        with self.documents.store.transaction() as db:
            for tag in request["Tags"]:
                db.execute(
                    "INSERT OR REPLACE INTO athena_tags VALUES (?, ?, ?)",
                    (arn, tag["Key"], tag.get("Value", "")),
                )
        return {}

    def untag(self, request: dict) -> dict:
        arn = self._resource(request["ResourceARN"])
        with self.documents.store.transaction() as db:
            for key in request["TagKeys"]:
                db.execute("DELETE FROM athena_tags WHERE resource = ? AND name = ?", (arn, key))
        return {}

    def tags(self, request: dict) -> dict:
        arn = self._resource(request["ResourceARN"])
        rows = self.documents.store.connection().execute(
            "SELECT name, value FROM athena_tags WHERE resource = ? ORDER BY name", (arn,)
        )
        tags = [{"Key": r["name"], "Value": r["value"]} for r in rows]
        start = decode_token(request.get("NextToken"))
        return {"Tags": tags[start:]}


def _workgroup(name: str, description: str, configuration: dict) -> dict:
    whole = {
        "ResultConfiguration": {},
        "PublishCloudWatchMetricsEnabled": True,
        "RequesterPaysEnabled": False,
        **configuration,
        "EngineVersion": {
            **ENGINE,
            "SelectedEngineVersion": configuration.get("EngineVersion", ENGINE)["SelectedEngineVersion"],
        },
    }
    return {
        "Name": name,
        "State": "ENABLED",
        "Configuration": whole,
        "Description": description,
        "CreationTime": now(),
    }


def _check(configuration: dict) -> None:
    place = configuration.get("ResultConfiguration", {}).get("OutputLocation")
    if place and not place.startswith("s3://"):
        raise invalid("outputLocation is not a valid S3 path.")
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and cutoff < 10_000_000:
        raise invalid("BytesScannedCutoffPerQuery must be at least 10000000 (10 MB).")
