"""The Athena service: its actions, put together from the modules beside this one."""

from __future__ import annotations

import shutil

from localaws.athena.documents import Documents
from localaws.athena.engine import Engine
from localaws.athena.executions import Executions
from localaws.athena.saved import Saved
from localaws.athena.statements import Statements
from localaws.athena.workgroups import WorkGroups
from localaws.glue.catalog import Catalog
from localaws.service import Context, Handler


class AthenaService:
    """Athena over the state of one folder (see `localaws.service.Service`)."""

    service_name = "athena"

    def __init__(self, context: Context) -> None:
        self.context = context
        catalog = Catalog(context.store, context.account_id, context.region)
        documents = Documents(context.store)
        work = context.root / "athena"
        shutil.rmtree(work, ignore_errors=True)  # what a killed run left half done
        self.engine = Engine(context.s3_root, work)
        self.workgroups = WorkGroups(documents, context.account_id, context.region)
        self.saved = Saved(documents, self.workgroups, catalog, context.account_id)
        self.statements = Statements(context, catalog, self.saved, self.engine)
        self.executions = Executions(context, documents, self.workgroups, self.statements.run)
        self.statements.executions = self.executions

    def actions(self) -> dict[str, Handler]:
        parts = (self.executions, self.workgroups, self.saved)
        return {name: handler for part in parts for name, handler in part.actions().items()}

    def start(self) -> None:
        self.executions.recover()

    def close(self) -> None:
        self.executions.close()
        self.engine.close()
