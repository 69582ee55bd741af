"""Custom classifiers: grok, JSON, CSV and XML, as CreateClassifier stores them."""

from __future__ import annotations

from typing import Any

from localaws.glue.base import invalid, not_found, now
from localaws.glue.named_documents import NamedDocuments
from localaws.service import AwsError, Handler
from localaws.store import Store

KINDS = ("GrokClassifier", "XMLClassifier", "JsonClassifier", "CsvClassifier")
PAGE_SIZE = 100


class Classifiers:
    """The classifiers of an account.

    Parameters
    ----------
    store
        The state database.
    """

    def __init__(self, store: Store) -> None:
        self._documents = NamedDocuments(store, "glue_classifier")

    def actions(self) -> dict[str, Handler]:
        """Give the handlers of Glue's classifier actions."""
        return {
            "CreateClassifier": self.create,
            "GetClassifier": self.get,
            "GetClassifiers": self.list,
            "UpdateClassifier": self.update,
            "DeleteClassifier": self.delete,
        }

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        kind, settings = _only(body)
        _check(kind, settings)
        moment = now()
        stored = {kind: {**settings, "CreationTime": moment, "LastUpdated": moment, "Version": 1}}
        if not self._documents.add(settings["Name"], stored):
            raise AwsError(
                "AlreadyExistsException", f"Classifier with name {settings['Name']} already exists"
            )
        return {}

    def get(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"Classifier": self.find(body["Name"])}

    def find(self, name: str) -> dict[str, Any]:
        """Give a classifier as GetClassifier answers it.

        Raises
        ------
        AwsError
            EntityNotFoundException.
        """
        found = self._documents.find(name)
        if found is None:
            raise not_found(f"Classifier with name {name} does not exist")
        return found

    def list(self, body: dict[str, Any]) -> dict[str, Any]:
        limit = body.get("MaxResults") or PAGE_SIZE
        return self._documents.page(
            "Classifiers", body.get("NextToken"), limit, lambda _, each: each, "ValidationException"
        )

    def update(self, body: dict[str, Any]) -> dict[str, Any]:
        kind, settings = _only(body)
        name = settings["Name"]

        def change(document: dict[str, Any]) -> None:
            if kind not in document:
                raise invalid(f"Classifier {name} is a {next(iter(document))}: its kind cannot be changed")
            merged = {**document[kind], **settings}
            _check(kind, merged)
            document[kind] = {**merged, "LastUpdated": now(), "Version": merged["Version"] + 1}

        if self._documents.change(name, change) is None:
            raise not_found(f"Classifier with name {name} does not exist")
        return {}

    def delete(self, body: dict[str, Any]) -> dict[str, Any]:
        if not self._documents.remove(body["Name"]):
            raise not_found(f"Classifier with name {body['Name']} does not exist")
        return {}


def _only(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    given = [kind for kind in KINDS if body.get(kind) is not None]
    if len(given) != 1:
        raise invalid("A classifier is exactly one of " + ", ".join(KINDS))
    return given[0], body[given[0]]


def _check(kind: str, settings: dict[str, Any]) -> None:
    if kind == "XMLClassifier" and not settings.get("RowTag", "").strip():
        raise invalid("An XML classifier needs a RowTag: the element that is a row")
    if kind == "GrokClassifier":
        from logformats import grok

        try:
            grok.compile(settings["GrokPattern"], settings.get("CustomPatterns"))
        except grok.GrokError as error:
            raise invalid(f"Invalid grok pattern: {error}") from error
    if (
        kind == "CsvClassifier"
        and settings.get("ContainsHeader") == "PRESENT"
        and settings.get("Header") == []
    ):
        raise invalid("A CSV classifier whose header is present may not give an empty one")
