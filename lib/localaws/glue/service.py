"""The Glue service: its actions, put together from the modules beside this one."""

from __future__ import annotations

from localaws.glue.catalog import Catalog
from localaws.service import Context, Handler


class GlueService:
    """Glue over the state of one folder (see `localaws.service.Service`)."""

    service_name = "glue"

    def __init__(self, context: Context) -> None:
        self.context = context
        self.catalog = Catalog(context.store, context.account_id, context.region)

    def actions(self) -> dict[str, Handler]:
        return self.catalog.actions()

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass
