"""The HTML page of some logs and pictures of it, for a person to look at: ``python benchmarks/page.py LOGS``, or ``make page``. Needs chromium.

Writes build/page/: report.html, and a PNG for a wide screen in light and dark, a narrow one, and the page with all that opens opened.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from infercheck import AnalyzeOptions, api, render

OUT = Path("build/page")
VIEWS = (
    ("wide-light", 1280, "light", False),
    ("wide-dark", 1280, "dark", False),
    ("narrow-light", 380, "light", False),
    ("opened", 1280, "light", True),
)
TALL = 2_400  # pixels of one picture
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def main(paths: list[str]) -> None:
    """Analyse, draw, open, photograph; the sizes and times go to the screen."""
    chromium = shutil.which("chromium") or sys.exit("there is no chromium on the PATH")
    OUT.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    report, _ = api.report(paths, options=AnalyzeOptions(use_ledger=False, pictures=True))
    analysed = time.perf_counter()
    page = render.get("html").render(report)
    drawn = time.perf_counter()
    file = OUT / "report.html"
    file.write_bytes(page if isinstance(page, bytes) else page.encode("utf-8"))
    calls = f"{report.coverage.attempts:,} calls analysed in {analysed - begun:.1f} s"
    print(f"{file}: {file.stat().st_size:,} bytes; {calls}, drawn in {drawn - analysed:.1f} s")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=ARGS)
        for name, width, scheme, opened in VIEWS:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
            tab = context.new_page()
            tab.set_default_timeout(120_000)  # a long page on a busy machine
            tab.goto(file.resolve().as_uri())
            took = tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
            if opened:
                tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            height = tab.evaluate("document.documentElement.scrollHeight")
            for number, top in enumerate(range(0, height, TALL), start=1):
                clip = {"x": 0, "y": top, "width": width, "height": min(TALL, height - top)}
                tab.screenshot(path=OUT / f"{name}-{number}.png", clip=clip, full_page=True)
            print(f"{name}: opens in {took:.0f} ms, {height:,} pixels")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit(__doc__))
