"""A person's way through the console, in headless Chromium: sign in, loans, a chart, the record of calls, and a
request tried out from the API explorer. Any message of the page's console fails it: the Content-Security-Policy
reports there what it refused.

    console.py BASE USER PASSWORD LOAN DATE BALANCE CHROMIUM PICTURES
"""

import sys
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

BASE, USER, PASSWORD, LOAN, DATE, BALANCE, CHROMIUM, PICTURES = sys.argv[1:]

# Chromium has no business with the network beyond our port; and as root it needs its sandbox off.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

complaints: list[str] = []


def listen(page: Page) -> None:
    def message(said: ConsoleMessage) -> None:
        # Tells of answers that are errors on purpose: the page shows them.
        if said.type in ("error", "warning") and "the server responded with a status of" not in said.text:
            complaints.append(f"{page.url}: {said.text}")

    page.on("console", message)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))


def picture(page: Page, name: str) -> None:
    page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("User name").fill(USER)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def signing_in(page: Page) -> None:
    page.goto(f"{BASE}/loans")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    picture(page, "sign-in")
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page, PASSWORD)
    # Back to where the visitor wanted to go.
    expect(page).to_have_url(f"{BASE}/loans")
    expect(page.get_by_role("heading", name="Loans", exact=True)).to_be_visible()
    cookie = next(cookie for cookie in page.context.cookies() if "crossgate" in cookie["name"])
    assert cookie["httpOnly"] and cookie["sameSite"] in ("Lax", "Strict"), cookie
    assert cookie["secure"] and cookie["name"].startswith("__Host-"), cookie


def loans(page: Page) -> None:
    picture(page, "loans")
    page.get_by_role("link", name=f"Loan {LOAN}", exact=True).click()
    expect(page.get_by_role("heading", name="Balance over time")).to_be_visible()
    # There is one drawing for each width of screen; one of them shows.
    chart = page.locator("section.chart-card svg[role=img]:visible")
    expect(chart).to_have_count(1)
    box = chart.bounding_box()
    assert box and box["width"] > 300 and box["height"] > 100, f"the chart can be seen: {box}"
    assert chart.locator("path, polyline").count() > 0, "the chart has a line"
    page.locator("input[type=date]").fill(DATE)
    page.locator("form", has=page.locator("input[type=date]")).get_by_role("button").click()
    expect(page.get_by_role("main")).to_contain_text(BALANCE)
    picture(page, "loan")


def calls(page: Page) -> None:
    page.goto(f"{BASE}/calls")
    picture(page, "calls")


def explorer(page: Page) -> None:
    page.get_by_role("link", name="API", exact=True).click()
    expect(page.get_by_role("heading", name="APIs")).to_be_visible()
    picture(page, "docs")
    page.get_by_role("link", name="Loans", exact=True).last.click()
    operation = page.locator("details.op", has=page.locator("code.path", has_text="/api/v1/loan/{loan_id}/{date}")).first
    operation.locator("summary").first.click()
    page.locator("[data-as]").select_option("session")
    operation.locator("[data-field=loan_id]").fill(LOAN)
    operation.locator("[data-field=date]").fill(DATE)
    operation.get_by_role("button", name="Send").click()
    answer = operation.locator("[data-answer]")
    expect(answer).to_contain_text("200")
    expect(answer.locator("pre")).to_contain_text(f'"{BALANCE}"')
    expect(answer).not_to_contain_text("not in the contract")
    picture(page, "docs-tried")
    # Without credentials the same request is refused, and the contract says so.
    page.locator("[data-as]").select_option("nobody")
    operation.get_by_role("button", name="Send").click()
    expect(answer).to_contain_text("401")
    expect(answer).not_to_contain_text("not in the contract")


def realms(page: Page) -> None:
    # A stream of this very browser is the session to look at: EventSource sends the console's cookie.
    page.evaluate(
        """() => {
            const stream = new EventSource("/wamp/events?topic=com.example.news");
            const hear = (what) => { document.body.dataset.heard = what; };
            stream.onopen = () => hear("open");
            stream.onmessage = (event) => hear(JSON.parse(event.data).args[0]);
            stream.addEventListener("end", (event) => { hear(JSON.parse(event.data).reason); stream.close(); });
        }"""
    )
    expect(page.locator("body")).to_have_attribute("data-heard", "open")
    status = page.evaluate(
        """async () => (await fetch("/wamp/publish", {method: "POST", headers: {"content-type": "application/json"},
            body: JSON.stringify({topic: "com.example.news", args: ["good news"]})})).status"""
    )
    assert status == 200, status
    expect(page.locator("body")).to_have_attribute("data-heard", "good news")
    # Beside it, in a tab of its own, somebody looks after the realm.
    beside = page.context.new_page()
    listen(beside)
    beside.goto(BASE)
    beside.get_by_role("link", name="Realms", exact=True).click()
    expect(beside.get_by_role("heading", name="Realms")).to_be_visible()
    picture(beside, "realms")
    beside.get_by_role("link", name="crossgate", exact=True).click()
    row = beside.get_by_role("row").filter(has_text="events · json")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(USER)
    expect(beside.get_by_role("main")).to_contain_text("com.example.news")
    picture(beside, "realm")
    # Counts become rates once the page refreshes itself, twice.
    beside.get_by_role("button", name="Live").click()
    tile = beside.locator("[data-key='realm-in']")
    expect(tile).to_contain_text("/s", timeout=20_000)
    beside.get_by_role("button", name="Live").click()
    row.get_by_text("End…").click()
    row.get_by_role("button", name="End the session").click()
    expect(row).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-heard", "wamp.close.killed")
    beside.close()


def logs(page: Page) -> None:
    page.goto(BASE)
    page.get_by_role("link", name="Logs", exact=True).click()
    expect(page.get_by_role("heading", name="Logs", exact=True)).to_be_visible()
    live = page.get_by_role("button", name="Live")
    with page.expect_response(lambda answer: "/logs/stream" in answer.url and answer.status == 200):
        live.click()
    # Somebody reports, over the bridge, and the line is here without another click.
    said = page.evaluate(
        """async () => (await fetch("/wamp/call", {method: "POST", headers: {"content-type": "application/json"},
            body: JSON.stringify({procedure: "logbook.append", kwargs: {entries: [
                {kind: "log", id: "browser-1", level: "warn", authid: "browser", text: "<b>hot</b>"}]}})})).json()"""
    )
    assert said.get("error") is None, said
    row = page.locator("[data-lines] tr", has_text="<b>hot</b>")
    expect(row).to_have_count(1)
    expect(row.locator("b")).to_have_count(0)
    expect(row).to_contain_text("warn")
    live.click()
    picture(page, "logs")
    page.get_by_label("Text").fill("nothing like it")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", name="No lines to show")).to_be_visible()


def phone(page: Page) -> None:
    for path, name in [("/loans", "loans"), (f"/loans/{LOAN}", "loan"), ("/docs", "docs"), ("/logbook", "logs"), ("/realms", "realms"), ("/realms/crossgate", "realm")]:
        page.goto(f"{BASE}{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{path} is {width} px wide on a phone of 390"
        picture(page, f"phone-{name}")


def without_scripts(page: Page) -> None:
    page.goto(f"{BASE}/sign-in")
    sign_in(page, PASSWORD)
    page.goto(f"{BASE}/loans/{LOAN}")
    expect(page.get_by_role("heading", name="Balance over time")).to_be_visible()
    page.goto(f"{BASE}/realms/crossgate")
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    page.goto(f"{BASE}/logbook")
    expect(page.locator("[data-lines] tr").first).to_be_visible()
    page.goto(f"{BASE}/docs/loans")
    expect(page.locator("details.op").first).to_be_visible()


def signing_out(page: Page) -> None:
    page.goto(f"{BASE}/loans")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{BASE}/loans")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def main() -> None:
    Path(PICTURES).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        desk = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
        page = desk.new_page()
        page.set_default_timeout(30_000)
        listen(page)
        signing_in(page)
        loans(page)
        calls(page)
        explorer(page)
        realms(page)
        logs(page)
        state = desk.storage_state()

        hand = browser.new_context(
            ignore_https_errors=True, storage_state=state, color_scheme="dark", viewport={"width": 390, "height": 844}
        )
        small = hand.new_page()
        listen(small)
        phone(small)

        plain = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
        without_scripts(plain.new_page())

        signing_out(page)
        browser.close()
    assert not complaints, "\n".join(complaints)


main()
