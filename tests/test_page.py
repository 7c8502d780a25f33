"""The HTML page in a real browser, from disk, with the network off: what it shows, what it does, and that nothing in a log runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

import logs
from infercheck import AnalyzeOptions, analyze, cli, render
from infercheck.model.report import Addressable, Report
from pages import ARGS, CHARTS, CHROMIUM, full, huge
from test_render import sample

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the page was not looked at in a browser")
pytest.importorskip("vl_convert", reason="the extra html is not installed")
browser_only = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium on the PATH (Debian: apt-get install chromium): no browser test ran"
)
AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
OPTIONS = AnalyzeOptions(use_ledger=False, pictures=True)
Open = Callable[..., Any]


def drawn(report: Report) -> bytes:
    page = render.get("html").render(report)
    assert isinstance(page, bytes)
    return page


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages on disk."""
    folder = tmp_path_factory.mktemp("pages")
    reports = {"full": full(), "huge": huge(), "hostile": hostile(folder)}
    made = {name: folder / f"{name}.html" for name in reports}
    for name, report in reports.items():
        made[name].write_bytes(drawn(report))
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield started
        started.close()


@contextmanager
def opened(browser: Any, file: Path, *, fragment: str = "", width: int = 1280, **context: Any) -> Iterator[Any]:
    """The page, offline. It must say nothing to the console, throw nothing, ask for nothing, and open no dialog."""
    room = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **context)
    page = room.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: said.append(f"request: {request.url}") if request.url.split("#")[0] != file.as_uri() else None)
    page.goto(file.as_uri() + fragment)
    yield page
    assert said == []
    room.close()


def seen(page: Any, chart: str) -> int:
    """Marks of the drawing that is shown for this width; 0 where there is none to see."""
    return int(
        page.evaluate(
            """id => { const svg = [...document.querySelectorAll(`[id="${id}"] .chart svg`)].find(s => s.getBoundingClientRect().width > 100);
            return svg ? svg.querySelectorAll('path, rect, circle, line').length : 0 }""",
            chart,
        )
    )


def sideways(page: Any) -> int:
    """Pixels by which the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@browser_only
def test_every_chart_is_drawn_and_nothing_is_loaded(browser: Any, files: dict[str, Path]) -> None:
    for width in (1280, 380):
        with opened(browser, files["full"], width=width) as page:
            assert {chart: seen(page, chart) for chart in CHARTS if seen(page, chart) < 2} == {}
            labels = page.eval_on_selector_all(
                ".chart svg", "all => all.map(svg => svg.getAttribute('role') + ': ' + svg.getAttribute('aria-label'))"
            )
            assert all(re.match(r"img: .{20,}", label) for label in labels)
            assert page.locator("figure details.data table").count() == page.locator("figure").count()


@browser_only
def test_a_mark_tells_its_figure_at_the_pointer(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["full"]) as page:
        page.locator("#waterfall .wide [data-tip]").first.hover()
        assert page.locator("#tip").inner_text() == "Billed: $7.3312"


@browser_only
def test_bursts_cold_starts_and_the_bracket_are_marked(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["full"]) as page:
        tips = page.eval_on_selector_all(".wide [data-tip], .small [data-tip]", "all => all.map(mark => mark.dataset.tip)")
        assert [t for t in tips if "cold start" in t] == ["2026-09-01 18:00: cold start, 1 call"]
        assert [t for t in tips if "burst" in t] == ["2026-09-02 18:00: burst, 9 calls"]
        assert tips.count("Queueing starts between 4 and 9 in flight.") == 1
        assert "chat-eu, 127 to 254 tokens: queueing 350 ms" in tips
        cells = {kind: page.locator(f"#{kind} tbody tr").all_inner_texts() for kind in ("queueing", "cold-starts", "bursts")}
        assert {kind: [[cell.strip() for cell in row.split("\t")] for row in rows] for kind, rows in cells.items()} == {
            "queueing": [["chat-eu", "480", "4", "9", "31%"]],
            "cold-starts": [["own-7b", "5.0 min", "9 of 12", "40", "21.0 s"]],
            "bursts": [["chat-eu\nfrom eval", "14", "44", "3.5", "210", "62%", "20%"]],
        }


@browser_only
def test_a_table_sorts_and_searches(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["huge"]) as page:
        page.locator("#workloads summary").click()
        names = "#workloads-data tbody tr:not([hidden]) th"
        page.locator("#workloads-data thead button", has_text="Spend").focus()
        page.keyboard.press("Enter")
        assert page.locator("#workloads-data thead th[aria-sort=descending]").inner_text().startswith("Spend")
        assert page.locator(names).first.inner_text().startswith("workload-0000")
        page.keyboard.press("Enter")
        assert page.locator(names).first.inner_text().startswith("workload-0199")
        page.locator("#workloads input.search").fill("workload-0042")
        assert page.locator(names).count() == 1
        assert page.locator("#workloads output").inner_text() == "1 of 200"


@browser_only
def test_unknown_stays_last_whichever_way_a_column_is_sorted(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["full"]) as page:
        page.locator("#models summary").click()
        button = page.locator("#models-data thead button", has_text="Spend")
        for _ in range(2):
            button.click()
            assert page.locator("#models-data tbody tr td:nth-child(6)").all_inner_texts() == ["$7.3312", "–"]


@browser_only
def test_a_link_opens_its_finding(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["full"], fragment="#finding-cheaper-tickets") as page:
        finding = page.locator("#finding-cheaper-tickets")
        assert finding.get_attribute("open") is not None
        assert finding.locator("dl").is_visible()
        assert page.locator("details.finding[open]").count() == 1
        # from the plan, also when a filter hides it
        page.locator("#finding-search").fill("nothing is called so")
        assert page.locator("#findings .none").is_visible()
        page.locator("details.item summary").first.click()
        page.locator("details.item a").first.click()
        assert page.locator("#finding-retry_storm-a dl").is_visible()


@browser_only
def test_the_plan_links_to_how_it_is_done(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["full"]) as page:
        page.locator("details.item summary").nth(1).click()
        page.locator("details.item a[href='#fix-routing']").first.click()
        assert page.locator("#fix-routing pre").is_visible()


@browser_only
def test_findings_are_searched_and_graded(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["full"]) as page:
        page.locator("#finding-grade").select_option("heuristic")
        assert page.locator("details.finding:visible").count() == 1
        assert page.locator("#finding-count").inner_text() == "1 of 3"
        page.locator("#finding-open").click()
        assert page.locator("#finding-premium-eval dl").is_visible()


@browser_only
def test_dark_light_and_paper(browser: Any, files: dict[str, Path]) -> None:
    def paper(page: Any) -> int:
        return sum(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]))

    def first_bar(page: Any) -> str:
        return str(page.evaluate("getComputedStyle(document.querySelector('#waterfall .wide [data-tip]')).fill"))

    fills = {}
    for scheme in ("light", "dark"):
        with opened(browser, files["full"], color_scheme=scheme) as page:
            assert (paper(page) > 600) == (scheme == "light")
            fills[scheme] = first_bar(page)
            page.locator("button.theme").click()
            assert (paper(page) > 600) == (scheme == "dark")
            page.emulate_media(media="print")
            assert not page.locator("nav").is_visible()
    assert fills["light"] != fills["dark"]


@browser_only
def test_a_narrow_screen_never_scrolls_sideways(browser: Any, files: dict[str, Path]) -> None:
    for name in ("full", "huge", "hostile"):
        with opened(browser, files[name], width=380) as page:
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert sideways(page) <= 0, name


@browser_only
def test_without_javascript_it_is_all_there(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["full"], java_script_enabled=False) as page:
        assert page.locator("#workloads .chart.wide svg").is_visible()
        assert not page.locator(".filter").first.is_visible()
        page.locator("#finding-cheaper-tickets summary").click()
        assert page.locator("#finding-cheaper-tickets dl").is_visible()


@browser_only
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(browser: Any, files: dict[str, Path], scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci --prefix tests/browser")
    for name, width in {"light": (("full", 1280), ("hostile", 380)), "dark": (("full", 1280),)}[scheme]:
        with opened(browser, files[name], width=width, color_scheme=scheme) as page:
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.evaluate(AXE.read_text("utf-8"))
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
            told = [(v["id"], v["impact"], v["nodes"][0]["html"][:150]) for v in found if v["impact"] in ("serious", "critical")]
            assert told == [], f"{name} at {width}"


EVIL = (
    "<script>document.title = 'ran'</script>", "</script><script>document.title = 'ran'</script>", "javascript:document.title='ran'",
    "{{ 7 * 7 }} {% raw %} ${7 * 7} #{7 * 7}", "\"' onmouseover=alert(1) x='", "<img src=x onerror=alert(1)>", "name" * 2_500,
    "\u202egnp.exe\u2066 \u05d0\u05d1\u05d2 \u200f|pipe|", "<!-- --> ]]> &amp; &lt;b&gt;", "\x1b[31mred\x07\x00",
)  # fmt: skip


def hostile(folder: Path) -> Report:
    """A log whose apps, models, teams, users and tags are all hostile, with enough traffic for charts and findings."""
    rows = []
    for number, evil in enumerate(EVIL * 30):
        row = logs.call(
            number,
            at_s=40.0 * number,
            app=evil,
            user=evil,
            question="The same question?",
            took_s=2 + number % 7,
            first_s=0.5,
            tokens=(4_000, 20),
        )
        row |= {"model": f"openai/{evil}", "model_group": evil, "model_id": evil, "session_id": evil, "request_tags": [f"app:{evil}", evil]}
        row["response_cost"] = 0.01
        row["metadata"] = {**(row.get("metadata") or {}), "user_api_key_team_alias": evil, "user_api_key_alias": evil}
        rows.append(logs.failed(row, "500", evil) if number % 11 == 0 else row)
    found = analyze([logs.write(folder / "hostile.jsonl", rows)], options=OPTIONS)
    return Report(**{name: getattr(found, name) for name in Report.model_fields})


@browser_only
def test_a_hostile_log_runs_nothing_and_breaks_no_layout(browser: Any, files: dict[str, Path]) -> None:
    for width in (1280, 380):
        with opened(browser, files["hostile"], width=width) as page:
            assert page.title() != "ran"
            assert page.locator("script").count() == 1
            assert page.locator("img, iframe, object, embed, form").count() == 0
            assert page.evaluate("[...document.querySelectorAll('a')].filter(a => !a.getAttribute('href').startsWith('#')).length") == 0
            assert (
                page.evaluate(
                    "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on')).length"
                )
                == 0
            )
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert page.get_by_text("{{ 7 * 7 }}").count() > 0
            assert sideways(page) <= 0
            tallest = page.evaluate(
                "Math.max(...[...document.querySelectorAll('tbody tr')].map(row => row.getBoundingClientRect().height))"
            )
            assert tallest < 400, "a name of 10,000 characters pushes everything else away"
            seen_charts = [chart for chart in ("workloads", "models", "teams") if seen(page, chart) >= 3]
            assert seen_charts == ["workloads", "models", "teams"]


def test_the_policy_allows_this_style_and_this_script_alone(files: dict[str, Path]) -> None:
    for file in files.values():
        text = file.read_text("utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
        assert policy
        assert policy[1].startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
        assert "unsafe" not in policy[1]
        assert not re.search(r"""(?:src|href)=["']?(?!#|'|")\s*\w+:""", text)
        assert " style=" not in text


def test_unknown_savings_are_not_zero() -> None:
    def savings(**grades: D | None) -> str:
        report = sample()
        head = report.headline.model_copy(update={"addressable_usd": Addressable(**grades)})
        text = drawn(report.model_copy(update={"headline": head})).decode("utf-8")
        return str(re.search(r"<dt>Sure savings</dt><dd><strong>(.*?)</strong>", text)[1])  # type: ignore[index]

    assert savings(measured=D(0), structural=None, heuristic=D(0)) == "unknown"
    assert savings(measured=D("1.5"), structural=None, heuristic=D(0)) == "at least $1.50"
    assert savings(measured=D(0), structural=D(0), heuristic=D(0)) == "$0.00"


def test_an_ordinary_page_is_small(files: dict[str, Path]) -> None:
    assert files["full"].stat().st_size < 1_500_000
    assert files["hostile"].stat().st_size < 1_500_000


@browser_only
def test_a_million_calls_of_two_thousand_workloads(browser: Any, files: dict[str, Path]) -> None:
    """Below 3 MB, open in under 2 s, and what is left out is counted."""
    assert files["huge"].stat().st_size < 3_000_000
    took = []
    for _ in range(3):  # the machine may be busy with other tests: the best of three is the page's own
        with opened(browser, files["huge"]) as page:
            took.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            text = page.locator("main").text_content()
            dangling = (
                "[...document.querySelectorAll('a')].map(a => a.getAttribute('href').slice(1)).filter(id => !document.getElementById(id))"
            )
            assert page.evaluate(dangling) == []
    assert min(took) < 2_000
    for counted in ("1,800 more workloads", "100 more models", "300 more teams", "1,800 more findings", "and 1,800 more, $18.00"):
        assert counted in re.sub(r"\s+", " ", text), counted


def test_without_the_extra_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logs.write(tmp_path / "log.jsonl", [logs.call(1)])
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    assert cli.run(["analyze", str(log), "-o", str(tmp_path / "report.html")]) == 2
    said = capsys.readouterr().err.strip()
    assert "pip install infercheck[html]" in said
    assert len(said.splitlines()) <= 2
    assert not (tmp_path / "report.html").exists()


def test_only_the_page_asks_for_pictures(tmp_path: Path) -> None:
    log = logs.write(tmp_path / "log.jsonl", [logs.call(n, at_s=9.0 * n) for n in range(48)])
    assert analyze([log], options=replace(OPTIONS, pictures=False, select=("duplicate_request",))).pictures is None
    told = analyze([log], options=replace(OPTIONS, select=("duplicate_request",))).pictures
    assert told is not None
    assert told.timeline is not None
    assert sum(b.calls for b in told.timeline.buckets) == 48
    assert sum(h.calls for h in told.week) == 48
    assert told.spend is not None
    assert sum(s.spend_usd for s in told.spend.slices) == sum(b.spend_usd or 0 for b in told.timeline.buckets)
