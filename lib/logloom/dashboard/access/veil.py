"""What a viewer sees instead of client addresses, user names, tokens and mail addresses: pseudonyms.

It stands where every question goes to Athena and every answer comes from there (`data.Data.ask`), not in the
panels: a panel that does not know of it shows pseudonyms too. A pseudonym comes back as a filter; what it
stands for was noted when it was shown. And what a viewer asks is kept from telling more than is shown: a
value that would have been hidden is refused; a text or a regular expression is sought in the lines without
their addresses.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from logloom.dashboard.access.roles import Who
from logloom.dashboard.access.state import State

if TYPE_CHECKING:
    from logloom.dashboard.statements import Statement
    from logloom.redact import Redactor

# A longer value is no filter (`view` takes none).
LONGEST_FILTER = 1000
MOST_KEPT = 200_000
RECENT = 20_000

# In the place of a searched text: the text without IP addresses (also percent-encoded, or with hyphens as in
# host names) and mail addresses. Times go with them.
_HIDDEN = (
    r"[0-9]{1,3}([.-]|%2[Ee])[0-9]{1,3}([.-]|%2[Ee])[0-9]{1,3}([.-]|%2[Ee])[0-9]{1,3}"
    r"|[0-9A-Fa-f]*(:|%3[Aa])[0-9A-Fa-f.]*(:|%3[Aa])[0-9A-Fa-f:.%]*"
    r"|[^\s]+(@|%40)[^\s]+"
)


class Hidden(Exception):
    """The question names what the one who asks may not see."""


class Veil:
    """The veil of one server.

    Parameters
    ----------
    who
        Tells who asks.
    state
        Where it is noted what pseudonyms stand for; None where nobody is a viewer.
    """

    def __init__(self, who: Callable[[], Who], state: State | None, redactor: Callable[[], Redactor]) -> None:
        self._who, self._state = who, state
        self._make, self._redactor = redactor, None
        self._lock = threading.Lock()
        self._noted: OrderedDict[str, None] = OrderedDict()

    @property
    def down(self) -> bool:
        """Whether the one who asks sees pseudonyms."""
        return not self._who().sees_addresses

    def question(self, statement: Statement, searched: str) -> Statement:
        """What is really asked.

        Parameters
        ----------
        searched
            The expression in the SQL that texts are looked for in.

        Raises
        ------
        Hidden
            A value that is no pseudonym that was shown, and that would have one.
        """
        parameters = tuple(self._meant(value) for value in statement.parameters)
        stripped = f"regexp_replace({searched}, '{_HIDDEN}', ' ')"
        return replace(statement, sql=statement.sql.replace(searched, stripped), parameters=parameters)

    def answer(self, frame: pd.DataFrame, column: str = "") -> pd.DataFrame:
        """The rows as they are shown; `column` is what the column ``value`` holds."""
        from logloom import redact

        kinds = {"value": redact.COLUMNS[column]} if column in redact.COLUMNS else {}
        shown = self.redactor.frame(frame, kinds)
        for name in shown.columns:
            if shown[name].dtype == object and name != "attributes":
                self._note(shown[name], frame[name])
        return shown

    def text(self, text: str) -> str:
        return self.redactor.text(text)

    @property
    def redactor(self) -> Redactor:
        with self._lock:
            self._redactor = self._redactor or self._make()
        return self._redactor

    def _meant(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        known = "SELECT original FROM pseudonyms WHERE shown = ?"
        if self._state and (found := self._state.rows(known, value)):
            return found[0][0]
        if self.redactor.text(value) != value:
            raise Hidden
        return value

    def _note(self, shown: pd.Series, originals: pd.Series) -> None:
        if self._state is None:
            return
        fresh = {}
        for one, original in zip(shown, originals, strict=True):
            if not isinstance(one, str) or one == original or len(one) > LONGEST_FILTER:
                continue
            if one not in self._noted:
                fresh[one] = original
        if not fresh:
            return
        now = time.time()
        with self._state.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO pseudonyms VALUES (?, ?, ?)",
                [(one, str(original), now) for one, original in fresh.items()],
            )
            connection.execute(
                "DELETE FROM pseudonyms WHERE shown IN "
                "(SELECT shown FROM pseudonyms ORDER BY last DESC LIMIT -1 OFFSET ?)",
                (MOST_KEPT,),
            )
        with self._lock:
            self._noted.update(dict.fromkeys(fresh))
            while len(self._noted) > RECENT:
                self._noted.popitem(last=False)
