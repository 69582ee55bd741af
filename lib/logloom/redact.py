"""Pseudonyms for what tells who somebody is: addresses, mail addresses, user names, secrets.

The same value has the same pseudonym everywhere in a project (so that counts, tops and joins stay true), and
another one in another project: it is the HMAC (RFC 2104) of the value under the project's own key. Without
the key nobody can try values against it; IPv4 addresses under a plain hash could be tried in minutes.

A pseudonym is a word, the kind of what it stands for and twelve hexadecimal digits: ``address-52a1c09be4f7``.
Redacting twice changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from logloom import project
from logloom.errors import LogloomError

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["address", "mail", "user", "secret", "agent", "text"]
KEY_BYTES = 32
PSEUDONYM = re.compile(r"(?:address|mail|user|secret)-[0-9a-f]{12}(?![0-9a-f])")

# What the columns of the tables hold; any other text is looked through as free text. Levels, sources, formats
# and methods are words of our own or of the one who set the sources up.
COLUMNS: Mapping[str, Kind] = {
    "client_address": "address",
    "message": "text",
    "url_path": "text",
    "url_query": "text",
    "http_request_header_referer": "text",
    "user_agent_original": "agent",
    "service_name": "text",
    "log_file_path": "text",
    "raw_line": "text",
    "reason": "text",
}

# What a key (attributes, JSON, key=value) says of its value; repeats are bounded: lines may have a megabyte.
_NAMES_OF_HIDDEN = (
    r"(?:[\w.-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|credential|authorization|signature|session[-_]?id|sessid|csrf|xsrf)[\w.-]{0,40})"
)
# These are also ordinary words: only `=`, or a quoted key, makes them one.
_SHORT_NAMES_OF_HIDDEN = r"(?:[\w-]{0,40}(?:pwd|pass|session|sess|sid|sig|auth|jwt|otp))"
_USER_KEY = (
    r"(?:[\w.-]{0,40}(?:user[-_.]?name|user[-_.]?id|remote[-_.]?user|login|account[-_.]?name|principal)"
    r"|(?:[\w.-]{1,40}[-_.])?user|r?uid|euid|owner)"
)
_ADDRESS_KEY = re.compile(
    r"(?i)(?:.*[._-])?(?:addr(?:ess)?|ip|rhost|remote_?host|clientip|client_?address|(?:src|dst)addr|x-forwarded-for)"
)
_SCHEME = r"(?:Bearer|Basic|Token|ApiKey|Negotiate)(?:\s{1,4}|%20|\+)"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
_COLON = r"(?::|%3[Aa])"
_MAIL = r"""(?P<mail>(?:"[^"\s]{1,64}"|'[^'\s]{1,64}'
          |(?:[^\s<>()\[\]{},;:"'`@/\\|=&?%]|%(?!40|3[ACDEFacdef]|2[CFcf6])[0-9A-Fa-f]{2}){1,64})
        (?:@|%40)(?:'[\w.%-]+'|\[[0-9A-Fa-f.:]+\]|[\w.-]+))"""
# password=…, "token": "…", ;jsessionid=…
_PAIR = rf"""(?P<key>(?<![\w.-])(?=[\w.-]{{1,90}}+["']?(?:\s{{0,2}}[=:]|%3D))(?:
          (?:{_NAMES_OF_HIDDEN}|(?P<user_key>{_USER_KEY}))["']?(?:\s{{0,2}}(?:=>|=|:)\s{{0,2}}|%3[Dd])
          | {_SHORT_NAMES_OF_HIDDEN}(?:["']\s{{0,2}}:\s{{0,2}}|["']?\s{{0,2}}=\s{{0,2}}|%3[Dd])))
        (?P<value>(?:{_SCHEME})?(?:"(?:[^"\\\r\n]|\\.){{0,4096}}"|'(?:[^'\\\r\n]|\\.){{0,4096}}'|[^\s&;,"'<>()\[\]{{}}]+))"""
_NO_MAIL, _NO_PAIR = "(?P<mail>(?!))", "(?P<key>(?P<user_key>(?!))(?P<value>))"


def _free_text(mail: str, key: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
      (?P<known>{PSEUDONYM.pattern})
    | (?P<pem>-----BEGIN\ [A-Z ]{{0,30}}PRIVATE\ KEY-----[\s\S]*?
        (?:-----END\ [A-Z ]{{0,30}}PRIVATE\ KEY-----|\Z))
    # JSON Web Tokens (RFC 7519), and tokens that their makers mark by a prefix
    | (?P<token>(?<![\w-])(?-i:eyJ[\w-]{{5,}}\.[\w-]+(?:\.[\w-]*)?
        | (?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{{12,}}
        | (?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sk-|[sr]k_(?:live|test)_|npm_|pypi-|AIza|ya29\.|SG\.
            |hf_)[\w.-]{{12,}}))
    | (?P<scheme>(?<![\w-]){_SCHEME}["']?)
        (?P<credentials>(?=[\w~+/=-]*[0-9._=+/]|[a-z]{{20}})[\w.~+/=-]{{8,}})
    | (?P<userinfo>(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{{0,20}}+://)(?P<login>[^\s/?\#@<>"']{{1,256}})(?=@)
    | (?P<cookie>(?<![\w-])(?:set-)?cookie["']?\s{{0,2}}[:=]\s{{0,2}}["']?)(?P<jar>[^\r\n"'<>]+)
    | {key}
    | {mail}
    # sshd, PAM, MySQL, PostgreSQL, home folders: names in sentences
    | (?P<before>\b(?:(?:invalid|illegal|unknown|for|by|authenticating)\ user(?:\ ["'`]|\ (?!name))
          |user\ name\ ["'`]?
          |(?:user|role)\ ["'`]
          |(?:password|publickey|keyboard-interactive(?:/pam)?|none|hostbased)\ for\ (?!i\w+\ user)
          |sudo:\s{{1,4}}(?=\S+\ :))|(?:/home|/Users|\\Users)[/\\]|/~)
        (?!(?:agents?|authentication|data|input|sessions?|accounts?|interface|id|names?|requests?|from)\b)
        (?P<user>[\w.$+-]+)
    | (?P<v4>(?<![0-9]){_OCTET}(?P<dot>[.-]|%2[Ee]){_OCTET}(?P=dot){_OCTET}(?P=dot){_OCTET}(?![0-9]))
    | (?P<v6>(?:(?<![0-9A-Za-z])|(?=(?:[0-9A-Fa-f]{{1,4}}{_COLON}){{4}}))
        (?:{_COLON}{{2}}|[0-9A-Fa-f]{{1,4}}{_COLON})(?:[0-9A-Fa-f]{{1,4}}|{_COLON}){{1,40}}
        (?:\.[0-9]{{1,3}}\.[0-9]{{1,3}}\.[0-9]{{1,3}})?)(?:%(?:25)?[a-z]+[0-9]*)?
    """,
        re.VERBOSE | re.IGNORECASE,
    )


# Where a mail address or a key begins can only be told by looking ahead at every place: not for texts without
# an @, nor for those without a telling word.
_FREE_TEXT = {
    (mail, key): _free_text(_MAIL if mail else _NO_MAIL, _PAIR if key else _NO_PAIR)
    for mail in (True, False)
    for key in (True, False)
}
_KEY_WORD = re.compile(
    r"(?i)pass|pwd|secret|token|key|credential|auth|sig|sess|csrf|xsrf|sid|jwt|otp|user|login|account|principal"
    r"|uid|owner"
)
# Texts without any of these have nothing for _FREE_TEXT: told by polars, many times as fast.
_SUSPECT = (
    r"(?i)@|%40|eyJ|://|-----BEGIN|[0-9](?:[.-]|%2e)[0-9]|(?::|%3a)[0-9a-f]*(?::|%3a)|pass|pwd|secret|token|key"
    r"|credential|auth|cookie|sig|sess|csrf|xsrf|otp|sid|jwt|user|login|account|principal|uid|owner"
    r"|bearer|basic|negotiate|/~|/home|role ['\"`]| for |sudo:"
    r"|A[KSGIRPNBC][IPDOVC]A|gh[pousr]_|github_pat_|glpat-|xox|sk-|[sr]k_|npm_|pypi-|AIza|ya29|SG\.|hf_"
)
# Products that write their version as four numbers: in a user agent these are no addresses.
_PRODUCTS = re.compile(
    r"(?i)\b((?:Chrome|Chromium|HeadlessChrome|CriOS|Edge?|EdgA|EdgiOS|OPR|Opera|Vivaldi|YaBrowser|Safari|Version"
    r"|SamsungBrowser|Brave|UCBrowser|Electron|Whale|Firefox|FxiOS|MicroMessenger|rv:)"
    r"[/ ]?[0-9]+(?:\.[0-9]+)+)"
)
# Columns whose texts are words of ours. A source may still be called as a machine, not as a user.
_OWN_WORDS = frozenset(
    {"log_level", "format", "formats", "http_request_method", "dt", "etag", "batch_id", "job_run_id"}
)
_WORD = re.compile(r"[\w.$+-]*\w[\w$+-]*")
# A name that is also one of these is left alone outside of the places where names stand.
_COMMON = frozenset(
    {"", "a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "it", "no", "not", "of", "on", "or"}
    | {"the", "to"}
    | {"user", "users", "name", "none", "null", "unknown", "invalid", "root", "with", "was", "true", "false"}
    | {"trace", "debug", "info", "warning", "error", "fatal"}
)


class Redactor:
    """Gives pseudonyms under one key.

    Names of users are learnt on the way: what `learn` was shown in a place where a name stands (``user=…``,
    ``Failed password for …``) is found as a word in every other text after that.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("a key of at least 16 bytes is needed")
        self._key = key
        self._names: set[str] = set()

    def pseudonym(self, kind: Literal["address", "mail", "user", "secret"], value: str) -> str:
        """The pseudonym of `value`, as it stands; a pseudonym is its own."""
        if PSEUDONYM.fullmatch(value):
            return value
        digest = hmac.new(self._key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"{kind}-{digest.hexdigest()[:12]}"

    def address(self, value: str) -> str:
        """A client's address: an IP address in any of its spellings, with a port or without, or a name.

        Several, separated by commas (X-Forwarded-For), are each given theirs.
        """
        if value.strip() in ("", "-"):
            return value
        if "," in value:
            return ",".join(self.address(part.strip()) for part in value.split(","))
        text = value.strip()
        port = ""
        if found := re.fullmatch(r"\[([^\]]*)\](:[0-9]+)?|([^:]+)(:[0-9]+)", text):
            text, port = found[1] or found[3], found[2] or found[4] or ""
        return self.pseudonym("address", _canonical(text)) + port

    def text(self, value: str, agent: bool = False) -> str:
        """Free text with pseudonyms for all that is recognised in it.

        Parameters
        ----------
        agent
            It is a user agent: versions of browsers that look like addresses stay.
        """
        if agent:
            parts = _PRODUCTS.split(value)  # texts and, between them, the products that stay
            return "".join(part if index % 2 else self.text(part) for index, part in enumerate(parts))
        # What was replaced may leave something to see beside it.
        for _ in range(5):
            before, value = value, _pattern_for(value).sub(self._replace, value)
            if value == before:
                break
        return _WORD.sub(self._replace_name, value) if self._names else value

    def value(self, kind: Kind, value: str) -> str:
        """One value of a column of that kind."""
        if kind in ("text", "agent"):
            return self.text(value, agent=kind == "agent")
        if kind == "address":
            return self.address(value)
        return value if value in ("", "-") else self.pseudonym(kind, value)

    def column(self, values: Iterable[str | None], kind: Kind = "text") -> list[str | None]:
        """The values of a column, each distinct one looked at once; nulls stay.

        Parameters
        ----------
        values
            A list, or a series of pandas or polars.
        """
        import polars as pl

        series = pl.Series(
            "value", [None if _is_null(one) else str(one) for one in values], dtype=pl.String, strict=False
        )
        distinct = series.drop_nulls().unique()
        if kind in ("text", "agent"):
            suspect = distinct.str.contains(_SUSPECT)
            if self._names:
                suspect |= distinct.str.contains_any(sorted(self._names))
            distinct = distinct.filter(suspect)
        table = {one: self.value(kind, one) for one in distinct}
        return [one if one is None else table.get(one, one) for one in series]

    def plain_column(self, values: Iterable[str | None]) -> list[str | None]:
        """A column of words that somebody chose (sources): as free text, but the names learnt stay words."""
        names, self._names = self._names, set()
        try:
            return self.column(values)
        finally:
            self._names = names

    def frame(self, frame: pd.DataFrame, kinds: Mapping[str, Kind] | None = None) -> pd.DataFrame:
        """A data frame with every text that may tell on somebody replaced.

        Parameters
        ----------
        frame
            Columns named in `kinds` (by default `COLUMNS`) are of that kind, mappings are redacted by their
            keys, other columns of text as free text but those of our own words (level, source, format …).
        """
        kinds = {**COLUMNS, **(kinds or {})}
        result = frame.copy(deep=False)
        for name in frame.columns:
            held = frame[name]
            if name in _OWN_WORDS:
                continue
            if held.dtype == object or str(held.dtype) in ("string", "str"):
                if any(isinstance(one, (Mapping, list)) for one in held.head(50)):
                    result[name] = [self.anything(one) for one in held]
                else:
                    result[name] = self.column(held, kinds.get(name, "text"))
        return result

    def attributes(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes of an event: what a key says of its value, else free text."""
        return {self.text(key): self._attribute(key, value) for key, value in values.items()}

    def anything(self, value: Any) -> Any:
        """Texts, and what holds texts, however deep; numbers and times stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self.attributes(value)
        if isinstance(value, (list, tuple)):
            return [self.anything(one) for one in value]
        return value

    def learn(self, texts: Iterable[str | None], kind: Literal["text", "user"] = "text") -> None:
        """Remember the names of users in these texts (or, of kind ``user``, which are these texts)."""
        for text in texts:
            if not isinstance(text, str):
                continue
            names = [text] if kind == "user" else _names_in(text)
            self._names |= {
                name for name in names if name.lower() not in _COMMON and not PSEUDONYM.fullmatch(name)
            }

    def _attribute(self, key: str, value: Any) -> Any:
        if not isinstance(value, str) or value in ("", "-"):
            return self.anything(value)
        if re.fullmatch(f"{_NAMES_OF_HIDDEN}|{_SHORT_NAMES_OF_HIDDEN}|.*cookie.*", key, re.IGNORECASE):
            return self.pseudonym("secret", value)
        if re.fullmatch(_USER_KEY, key, re.IGNORECASE):
            return self.pseudonym("mail", value.lower()) if "@" in value else self.pseudonym("user", value)
        if _ADDRESS_KEY.fullmatch(key):
            return self.address(value)
        return self.text(value)

    def _replace_name(self, found: re.Match[str]) -> str:
        word = found[0]
        return self.pseudonym("user", word) if word in self._names else word

    def _replace(self, found: re.Match[str]) -> str:
        if found["known"] is not None:
            return found[0]
        if found["v4"] is not None:
            plain = re.sub(r"(?i)-|%2e", ".", found["v4"])
            return self.pseudonym("address", _canonical(plain))
        if found["v6"] is not None:
            return self._v6(found)
        if found["mail"] is not None:
            return self.pseudonym("mail", re.sub(r"%40", "@", found["mail"]).lower())
        if found["user"] is not None:
            return found["before"] + self._user(found["user"])
        if found["value"] is not None:
            return self._pair(found)
        if found["userinfo"] is not None:
            return found["userinfo"] + self.pseudonym("secret", found["login"])
        if found["jar"] is not None:
            return found["cookie"] + self.pseudonym("secret", found["jar"].strip())
        if found["credentials"] is not None:
            return found["scheme"] + self.pseudonym("secret", found["credentials"])
        return self.pseudonym("secret", found[0])

    def _pair(self, found: re.Match[str]) -> str:
        value, quote = found["value"], ""
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            quote, value = value[0], value[1:-1]
        if value in ("", "-", "null", "None"):
            return found[0]
        made = self._user(value) if found["user_key"] else self.pseudonym("secret", value)
        return f"{found['key']}{quote}{made}{quote}"

    def _user(self, name: str) -> str:
        if "@" in name:
            return self.pseudonym("mail", name.lower())
        try:
            return self.pseudonym("address", str(ipaddress.ip_address(name)))
        except ValueError:
            return self.pseudonym("user", name)

    def _v6(self, found: re.Match[str]) -> str:
        """The first and longest part that is an address: times and names of C++ look like one too."""
        whole = re.sub(r"(?i)%3a", ":", found["v6"])
        for start in range(len(whole)):
            for end in range(len(whole), start + 2, -1):
                with contextlib.suppress(ValueError):
                    address = _plain(ipaddress.IPv6Address(whole[start:end]))
                    return whole[:start] + self.pseudonym("address", address) + whole[end:]
        return found[0]


def load(path: Path | None = None) -> Redactor:
    """The project's redactor; its key is made the first time.

    Parameters
    ----------
    path
        The key file; `redaction.key` in the project's state by default.

    Raises
    ------
    LogloomError
        The key file cannot be made or read, others may read it, or it is damaged.
    """
    return Redactor(_key(path or project.state_root() / "redaction.key"))


def _key(path: Path) -> bytes:
    """Read the key; where there is none, make one, once, whoever else does so at the same time."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".redaction.") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")  # the file is of mode 0600 from the start
                file.flush()
                os.fsync(file.fileno())
                with contextlib.suppress(FileExistsError):
                    os.link(file.name, path)
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise LogloomError(f"the key for pseudonyms {path} cannot be used: {reason}") from None
    if mode & 0o077:
        raise LogloomError(f"others may read the key for pseudonyms {path}: chmod 600 it")
    if not re.fullmatch(rf"[0-9a-f]{{{2 * KEY_BYTES}}}", text):
        raise LogloomError(f"the key for pseudonyms {path} is damaged: delete it, and pseudonyms begin anew")
    return bytes.fromhex(text)


def _pattern_for(text: str) -> re.Pattern[str]:
    return _FREE_TEXT["@" in text or "%40" in text, _KEY_WORD.search(text) is not None]


def _names_in(text: str) -> Iterable[str]:
    for found in _pattern_for(text).finditer(text):
        if found["user"] is not None:
            yield found["user"]
        elif found["value"] is not None and found["user_key"]:
            yield found["value"].strip("\"'")


def _canonical(text: str) -> str:
    """One spelling of an address; what is none (a host's name) in lower case."""
    text = re.sub(r"%.*$", "", text) if ":" in text else text  # the zone of a link-local address
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", text):
        text = ".".join(str(int(octet)) for octet in text.split("."))
    try:
        return _plain(ipaddress.ip_address(text))
    except ValueError:
        return text.lower()


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return str(getattr(address, "ipv4_mapped", None) or address)


def _is_null(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value != value
