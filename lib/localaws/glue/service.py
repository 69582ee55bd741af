"""The Glue service: its actions, put together from the modules beside this one."""

from __future__ import annotations

from localaws.glue.catalog import Catalog
from localaws.glue.classifiers import Classifiers
from localaws.glue.crawlers import Crawlers
from localaws.glue.job_runs import JobRuns
from localaws.glue.jobs import Jobs
from localaws.service import Context, Handler


class GlueService:
    """Glue over the state of one folder (see `localaws.service.Service`)."""

    service_name = "glue"

    def __init__(self, context: Context) -> None:
        self.context = context
        self.catalog = Catalog(context.store, context.account_id, context.region)
        self.tags = self.catalog.tags
        self.classifiers = Classifiers(context.store)
        self.crawlers = Crawlers(context, self.catalog, self.classifiers, self.tags)
        self.jobs = Jobs(context, self.tags)
        self.job_runs = JobRuns(context, self.jobs)

    def actions(self) -> dict[str, Handler]:
        parts = (self.catalog, self.tags, self.classifiers, self.crawlers, self.jobs, self.job_runs)
        return {name: handler for part in parts for name, handler in part.actions().items()}

    def start(self) -> None:
        self.crawlers.start()
        self.job_runs.start()

    def close(self) -> None:
        self.crawlers.close()
        self.job_runs.close()
