"""Job: the frame around a job script's work."""


class Job:
    """Begins and commits a run; bookmarks, which are kept in between on AWS, are not kept here.

    Parameters
    ----------
    glue_context : awsglue.context.GlueContext
    """

    def __init__(self, glue_context):
        self._glue_context = glue_context
        self._name = None

    def init(self, job_name, args=None):
        """Begin the run.

        Parameters
        ----------
        job_name : str
        args : dict, optional
            As `getResolvedOptions` gave them.
        """
        self._name = job_name

    def isInitialized(self):
        """Tell whether `init` was called."""
        return self._name is not None

    def commit(self):
        """End the run."""
        if self._name is None:
            raise RuntimeError("Job.commit was called before Job.init")
