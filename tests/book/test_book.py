"""The book as a reader gets it: built with warnings as errors, opened in a browser."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")
def pages():
    """Build the whole book anew, so that no warning stays with a page of before."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT]
    done = subprocess.run(
        [*command, "--all", "-W", "-n", "--keep-going", "-q"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    warnings = [line for line in done.stderr.splitlines() if "WARNING" in line or "ERROR" in line]
    assert done.returncode == 0, "\n".join(warnings) or done.stdout[-2000:]
    built = sorted(HTML.glob("book/**/*.html"))
    assert len(built) >= 8, "the build left no pages"
    return built


@pytest.fixture(scope="module")
def browser(pages):
    if CHROMIUM is None:
        # a machine that gates must not leave the pages unseen
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("no Chromium found: install one, or name it in the variable CHROMIUM")
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", *quiet],
        )
        yield chromium
        chromium.close()


def test_every_page_opens_clean_and_sets_its_formulas(browser, pages):
    troubles = []
    for path in pages:
        name = path.relative_to(HTML).as_posix()
        page = browser.new_page()
        page.on(
            "console",
            lambda message, name=name: (
                troubles.append(f"{name}: console: {message.text}")
                if message.type == "error"
                else None
            ),
        )
        page.on("pageerror", lambda error, name=name: troubles.append(f"{name}: script: {error}"))
        page.on(
            "request",
            lambda request, name=name: (
                None
                if urlsplit(request.url).scheme in ("file", "data", "blob")
                else troubles.append(f"{name}: leaves the machine: {request.url}")
            ),
        )
        page.goto(path.as_uri())
        text = path.read_text("utf-8")
        if "tex-chtml-full.js" in text:
            page.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
            page.evaluate("MathJax.startup.promise")
        formulas, errors, raw = page.evaluate(
            """() => [
              document.querySelectorAll("mjx-container").length,
              [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(e => e.textContent),
              [...document.querySelectorAll(":is(article) :is(p, td, li, dd, dt, header), .isac-badge div")]
                .filter(e => !e.closest("pre, code, details:not([open])"))
                .map(e => e.innerText)
                .filter(text => /\\\\\\(|\\$\\$|\\\\frac|\\{(claim|cite|ledger|prf)/.test(text)),
            ]"""
        )
        if errors:
            troubles.append(f"{name}: formulas not set: {errors[:3]}")
        if raw:
            troubles.append(f"{name}: raw markup: {raw[:2]}")
        if 'class="math' in text and not formulas:
            troubles.append(f"{name}: holds formulas, none was set")
        page.close()
    assert not troubles, "\n".join(troubles)


@pytest.mark.deep
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_at_every_width(browser, pages, width, scheme):
    """Nothing fails, and nothing but a box that scrolls is wider than the window."""
    troubles = []
    for path in pages:
        name = path.relative_to(HTML).as_posix()
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("pageerror", lambda error, name=name: troubles.append(f"{name}: script: {error}"))
        page.goto(path.as_uri())
        if "tex-chtml-full.js" in path.read_text("utf-8"):
            page.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
            page.evaluate("MathJax.startup.promise")
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 1:
            troubles.append(f"{name}: {over} pixels wider than {width}")
        page.close()
    assert not troubles, "\n".join(troubles)


def test_the_ledger_can_be_filtered(browser, pages):
    address = (HTML / "book" / "ledger.html").as_uri()
    visible = """() => [...document.querySelectorAll(".isac-ledger tr[data-verdict]")]
        .filter(row => row.offsetParent !== null).map(row => row.dataset.verdict)"""
    page = browser.new_page()
    page.goto(address)
    everything = page.evaluate(visible)
    page.locator('.isac-filter button[data-filter="misprint"]').click()
    chosen = page.evaluate(visible)
    assert set(chosen) == {"misprint"}
    assert len(chosen) == everything.count("misprint")
    page.goto(f"{address}?verdict=verified")
    assert set(page.evaluate(visible)) == {"verified"}
    statement = page.locator("#claim-coupling-eq1 details")
    statement.locator("summary").click()
    statement.locator("mjx-container").first.wait_for()
    page.close()


def anchors(text):
    return set(re.findall(r'\b(?:id|name)="([^"]+)"', text))


def test_every_internal_link_is_alive(pages):
    texts = {path: path.read_text("utf-8") for path in pages}
    ids = {path: anchors(text) for path, text in texts.items()}
    dead = []
    for path, text in texts.items():
        for target in re.findall(r'\b(?:href|src)="([^"]+)"', text):
            parts = urlsplit(target.replace("&amp;", "&"))
            if parts.scheme or target.startswith(("//", "javascript:")):
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not file.exists():
                dead.append(f"{path.name}: {target}")
            elif (
                parts.fragment
                and file in ids
                and unquote(parts.fragment) not in ids[file] | {"top"}
            ):
                dead.append(f"{path.name}: {target} (no such anchor)")
    assert not dead, "\n".join(dead)


def test_every_settled_claim_has_its_anchor(pages):
    from isacnb.ledger import read_ledger

    for row in read_ledger(ROOT).rows:
        if row.chapter:
            source, _, anchor = row.chapter.partition("#")
            page = (HTML / source).with_suffix(".html").read_text("utf-8")
            assert f'id="{anchor}"' in page, row.id
