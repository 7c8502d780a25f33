"""The config file: what is understood, and file and line for what is not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pytest

from infercheck import cli
from infercheck.config import Config, workload_match_sql
from infercheck.errors import UsageError
from infercheck.model.config import MATCH_COLUMNS, Workload
from infercheck.model.rule import Param
from infercheck.prices.overrides import PriceOverride

FULL = """
select = ["1", "2"]
ignore = "cold_start"
cost_basis = "computed"

[[workload]]
name = "tickets"
match = {app = "ticket-*", team = ["support", "help ?"]}
class = "interactive"
value = "high"
route_to = "openai/gpt-4o-mini"
response_cache_ttl = "24h"

[[price]]
provider = "azure"
model = "gpt-4o*"
from = 2026-01-01
input_usd_per_mtok = 2.10
discount_percent = 15

[premium]
models = ["*opus*"]

[[rate]]
currency = "EUR"
from = 2026-01-01
usd = 1.08

[[price]]
model = "gpt-4o*"
discount_percent = 10
meter = "output"

[[account]]
provider = "openai"
match = {api_key_alias = "search-*"}
id = "org-1"
name = "Example Ltd"
project = "proj_1"

[[team]]
name = "search"
match = {app = "search-*"}
cost_centre = "CC-7"

[[credit]]
name = "top-up"
provider = "openai"
usd = 500
from = 2026-11-01
until = 2027-11-01

[[commitment]]
name = "ptu"
provider = "azure"
match = {deployment = "ptu-*"}
from = 2026-11-01
until = 2026-12-01
usd_per_hour = 10
tokens_per_minute = 50_000

[finance]
billing_currency = "EUR"
tags = ["team", "feature"]

[rules.retry_storm]
min_sends = 4

[rules.cold_start]
enabled = false
"""


def write(folder: Path, text: str, name: str = "infercheck.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_is_understood(tmp_path: Path) -> None:
    config = Config.load(write(tmp_path, FULL))
    assert config.select == ("1", "2")
    assert config.ignored == ("cold_start",)
    assert config.rule_params == {"retry_storm": {"min_sends": 4}}
    assert config.cost_basis == "computed"
    assert config.premium.models == ("*opus*",)
    assert (config.rate[0].currency, config.rate[0].usd, config.rate[0].since) == ("EUR", D("1.08"), date(2026, 1, 1))
    assert (config.price[1].meter, config.account[0].project, config.team[0].cost_centre) == ("output", "proj_1", "CC-7")
    assert (config.credit[0].usd, config.commitment[0].usd_per_hour, config.finance.billing_currency) == (D(500), D(10), "EUR")
    tickets = config.workload[0]
    assert (tickets.klass, tickets.value, tickets.route_to, tickets.response_cache_ttl_s) == (
        "interactive",
        "high",
        "openai/gpt-4o-mini",
        86400,
    )
    override = PriceOverride.model_validate(
        {k: v for k, v in config.price[0].override().items() if k != "since"} | {"from": config.price[0].since}
    )
    assert (override.input, override.discount_percent, override.since) == (D("2.10"), D(15), date(2026, 1, 1))


def test_the_nearest_config_is_found(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    write(tmp_path, '[tool.other]\nx = 1\n[tool.infercheck]\nselect = ["1"]\n', "pyproject.toml")
    assert Config.load(start=below).select == ("1",)
    write(tmp_path / "a", "[project]\nname = 'infercheck-user'\n", "pyproject.toml")
    assert Config.load(start=below).select == ("1",)
    own = write(tmp_path / "a", 'select = ["2"]')
    config = Config.load(start=below)
    assert (config.select, config.where) == (("2",), str(own))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("selct = ['1']", 1, "unknown key 'selct' (did you mean select?)"),
        ("\n[premium]\nmodel = ['x']", 3, "did you mean models?"),
        ("[[workload]]\nname = 'a'\nmatch = {ap = 'x'}", 3, "did you mean app?"),
        ("[[workload]]\nname = 'a'\n[workload.match]\napp = 'x'\nend_user = 'y'", 5, "cannot match on 'end_user'"),
        (
            "[[workload]]\nname = 'a'\nmatch = {app = 'x'}\n[[workload]]\nname = 'b'\nmatch = {app = 'x'}\nvaleu = 'low'",
            7,
            "did you mean value?",
        ),
        ("[[workload]]\nname = 'a'\nmatch = {app = 'x'}\n\n[[workload]]\nmatch = {app = 'y'}\nname = 'a'", 7, "stands twice"),
        ("[[workload]]\nname = 'a'\nmatch = {}", 3, "matches on nothing"),
        ("[[workload]]\nname = 'a'\nmatch = {app = 'x'}\nresponse_cache_ttl = '1 fortnight'", 4, "is no duration"),
        ("[[workload]]\nname = 'a'\nmatch = {app = 'x'}\nroute_to = 'gpt-4o'", 4, "route_to"),
        ("[[price]]\nmodel = 'x'", 1, "give a price"),
        ("[[price]]\nmodel = 'x'\ninput_usd_per_mtok = -1", 3, "greater than or equal to 0"),
        ("[[price]]\nmodel = 'x'\ninput_usd_per_mtok = nan", 3, "finite"),
        ("[[price]]\ndiscount_percent = 5\nfrom = 2026-02-01\nuntil = 2026-01-01", 1, "must be before until"),
        ("[[rate]]\ncurrency = 'euro'\nusd = 1", 2, "rate.currency"),
        ("[rules.x]\np = [1]", 2, "a parameter is"),
        ("[[price]]\nmodel = 'x'\ninput_usd_per_mtok = 1\nmeter = 'input'", 1, "give one"),
        ("[[account]]\nid = 'org'\nproject_name = 'P'", 1, "needs the project's id"),
        ("[[team]]\nname = 't'\nmatch = {ap = 'x'}", 3, "did you mean app?"),
        ("[[credit]]\nname = 'c'\nprovider = 'openai'\nusd = 0\nfrom = 2026-01-01", 4, "greater than 0"),
        (
            "[[commitment]]\nname = 'p'\nprovider = 'azure'\nmatch = {app = 'x'}\nfrom = 2026-01-01\nuntil = 2026-02-01",
            1,
            "give its price once",
        ),
        (
            "[[credit]]\nname = 'c'\nprovider = 'x'\nusd = 1\nfrom = 2026-01-01\n[[credit]]\nname = 'c'\nprovider = 'y'\nusd = 1\nfrom = 2026-01-01",
            7,
            "'c' stands twice",
        ),
        ("[finance]\ntags = ['team', 'end_user']", 2, "may not leave as a tag"),
        ("[finance]\nbilling_currency = 'euro'", 2, "billing_currency"),
        ("cost_basis = 'guess'", 1, "'logged' or 'computed'"),
        ("a =\n", 1, "not valid TOML"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(text: str, line: int, says: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        Config.load(path)
    assert caught.value.where == f"{path}:{line}"
    assert says in str(caught.value)


def test_lines_in_pyproject(tmp_path: Path) -> None:
    path = write(tmp_path, "[tool.infercheck]\nselect = ['1']\n[[tool.infercheck.workload]]\nname = 'a'\nmtch = {}\n", "pyproject.toml")
    with pytest.raises(UsageError) as caught:
        Config.load(path)
    assert caught.value.where == f"{path}:5"
    assert "did you mean match?" in str(caught.value)


def test_unknown_rules_and_parameters(tmp_path: Path) -> None:
    known = {"retry_storm": {"min_sends": Param(default=3, help="three sends")}}
    for text, line, says in (
        ("[rules.retry_strom]\na = 1", 1, "did you mean retry_storm?"),
        ("[rules.retry_storm]\nx = 1", 2, "its parameters: min_sends"),
        ("[rules.retry_storm]\nmin_sends = 'three'", 2, "min_sends cannot be 'three'"),
        ("[rules.retry_storm]\nmin_sends = true", 2, "min_sends cannot be True"),
    ):
        path = write(tmp_path, text)
        with pytest.raises(UsageError, match=says) as caught:
            Config.load(path).check(known)
        assert caught.value.where == f"{path}:{line}"


@pytest.mark.parametrize(
    ("glob", "value", "holds"),
    [
        ("ticket-*", "ticket-1", True),
        ("ticket-*", "tickets", False),
        ("a_b", "axb", False),
        ("a%", "ab", False),
        ("a?c", "abc", True),
        ("a\\*", "a\\b", True),
        ("it's*", "it's me", True),
        ("x' OR TRUE --", "y", False),
        ("[ab]", "a", False),
        ("*", None, False),
    ],
)
def test_globs_become_safe_conditions(glob: str, value: str | None, holds: bool) -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE calls (" + ", ".join(f'"{name}" VARCHAR' for name in MATCH_COLUMNS) + ")")
    con.execute('INSERT INTO calls ("user", tags) VALUES (?, ?)', [value, None if value is None else f"other,{value}"])
    for column in ("user", "tags"):
        condition = workload_match_sql(Workload.model_validate({"name": "w", "match": {column: glob}}))
        assert con.execute(f"SELECT {condition} FROM calls").fetchall() == [(holds,)]


def test_tags_match_one_by_one() -> None:
    con = duckdb.connect()
    condition = workload_match_sql(Workload.model_validate({"name": "w", "match": {"tags": ["a*z", "q"]}}))
    rows = con.execute(f"SELECT {condition} FROM (VALUES ('ab,cz'), ('abz,c'), ('p,q'), ('qq'), (NULL)) t(tags)").fetchall()
    assert rows == [(False,), (True,), (True,), (False,), (False,)]


def test_validate_prints_what_was_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, FULL)
    assert cli.run(["config", "validate", str(path)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for part in (
        "app = ticket-*",
        "support or help ?",
        "response cache 86400 s",
        "input $2.1",
        "15% off",
        "EUR",
        "min_sends = 4",
        "cold_start off",
    ):
        assert part in out
    write(tmp_path, "[rules.no_such_rule]\nenabled = false")
    assert cli.run(["config", "validate", str(path)]) == 2
    assert f"{path}:1" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    path.unlink()
    assert cli.run(["config", "validate"]) == 0
    assert "no config found" in capsys.readouterr().out
