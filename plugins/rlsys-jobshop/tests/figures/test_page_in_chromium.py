"""The page of a factory with 152 machines in a real browser: drawn, used, and without a network.

Nothing here looks at a clock: what a picture costs is counted in calls of the canvas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from rlsys_jobshop.figures import gantt_html
from rlsys_jobshop.figures.names import job_label
from rlsys_jobshop.instances import factory
from rlsys_jobshop.instances.factory import FACTORY_SIZES
from rlsys_jobshop.problem import Schedule, build
from rlsys_jobshop.rules import RULES, dispatch

playwright = pytest.importorskip("playwright.sync_api")

# Counts pictures and what is drawn in them, before the page's own script runs.
COUNTING = """
window.drawn = { calls: 0, pictures: 0 };
const paint = CanvasRenderingContext2D.prototype;
for (const name of ["fillRect", "fillText", "strokeRect", "stroke"]) {
  const real = paint[name];
  paint[name] = function (...all) { window.drawn.calls += 1; return real.apply(this, all); };
}
const turn = paint.setTransform;
paint.setTransform = function (...all) {
  window.drawn.pictures += 1;
  return turn.apply(this, all);
};
"""
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def plant() -> Schedule:
    """Return a schedule of 3,000 operations on 152 machines."""
    size = replace(FACTORY_SIZES["full"], operations=(6, 6))
    instance = build(factory(size, np.random.default_rng(7)))
    assert (instance.machines, instance.operations) == (152, 3000)
    (schedule,) = dispatch(instance, RULES["atc"])
    return schedule


@pytest.fixture(scope="module")
def file(plant, tmp_path_factory) -> str:
    """Return the address of the page of `plant`."""
    path = tmp_path_factory.mktemp("chart") / "gantt.html"
    gantt_html(plant, path)
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(need) -> Iterator[playwright.Browser]:
    program = need("chromium", "chromium-browser", "google-chrome", package="chromium")
    with playwright.sync_playwright() as driver:
        # Without its sandbox, because tests may run as root.
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, file) -> Iterator[playwright.Page]:
    """Return the page as it looks without a network; nothing may go wrong on it."""
    context = browser.new_context(offline=True, viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.faults, page.asked = [], []
    page.on("console", lambda message: page.faults.append(message.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.add_init_script(COUNTING)
    page.goto(file)
    page.evaluate(NEXT_FRAME)
    yield page
    assert page.faults == []
    context.close()


def summary(page) -> str:
    return page.text_content("#summary")


def details(page) -> str:
    return page.text_content("#details")


def calls_of_a_picture(page) -> int:
    """Return how often the canvas is called for the picture that is shown now."""
    page.evaluate(NEXT_FRAME)
    before = page.evaluate("window.drawn")
    page.evaluate("document.getElementById('chart').dispatchEvent(new Event('scroll'))")
    page.evaluate(NEXT_FRAME)
    after = page.evaluate("window.drawn")
    assert after["pictures"] == before["pictures"] + 1
    return after["calls"] - before["calls"]


def on_machine(plant: Schedule, machine: int) -> list[str]:
    """Return what the page calls the operations of a machine, in order."""
    names = [job_label(plant.instance, job) for job in range(plant.instance.jobs)]
    return [
        f"{names[entry.job]}, operation {entry.operation}"
        for entry in plant.entries()
        if machine in entry.machines
    ]


def test_it_asks_for_nothing_but_its_own_file(page):
    assert [url.split(":")[0] for url in page.asked] == ["file"]
    assert "152 machines, 3000 operations" in summary(page)
    assert page.text_content("#count") == "152 of 152 machines, 500 of 500 jobs"


def test_the_picture_shows_jobs_in_many_colours(page):
    colours = page.evaluate(
        """() => {
          const canvas = document.getElementById("canvas");
          const { width, height } = canvas;
          const points = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          return new Set(new Uint32Array(points.buffer)).size;
        }"""
    )
    assert colours > 100


def test_only_what_is_in_sight_is_drawn(page):
    everything = calls_of_a_picture(page)
    for _ in range(12):
        page.click("#zoom-in")
    closer = calls_of_a_picture(page)
    page.click("#fit")
    page.click("#rows")  # low rows: twice as many machines
    more = calls_of_a_picture(page)
    assert closer < everything / 4
    assert everything < more < 3 * everything


def test_a_storm_of_events_is_one_picture_per_frame(page):
    page.evaluate(NEXT_FRAME)
    drawn = page.evaluate(
        """async () => {
          const chart = document.getElementById("chart");
          const before = window.drawn.pictures;
          for (let i = 0; i < 500; i++) {
            const turn = { deltaY: i % 2 ? 9 : -9, ctrlKey: true, clientX: 700, clientY: 300 };
            chart.dispatchEvent(new WheelEvent("wheel", turn));
          }
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          return window.drawn.pictures - before;
        }"""
    )
    assert drawn == 1


def test_keys_go_through_the_operations_of_a_machine(page, plant):
    page.focus("#chart")
    seen = []
    for operation in on_machine(plant, 0):
        page.keyboard.press("ArrowRight")
        seen.append(details(page).startswith(operation))
    assert all(seen)


def test_a_job_is_found_by_its_name_and_machines_by_their_type(page, plant):
    name = job_label(plant.instance, 321)
    page.fill("#job", name)
    page.press("#job", "Enter")
    assert details(page).startswith(f"{name}, operation 0")
    page.fill("#machine", "type-07")
    of_type = int((plant.instance.machine_type == 7).sum())
    assert page.text_content("#count") == f"{of_type} of 152 machines, 1 of 500 jobs"


def test_the_mouse_finds_the_operations_of_a_row_from_left_to_right(page, plant):
    operations = on_machine(plant, 0)
    box = page.locator("#canvas").bounding_box()
    seen = []
    for x in range(150, 1400, 25):
        page.mouse.move(box["x"] + x, box["y"] + 57)  # in the first row, below the axis
        if page.is_visible("#tip"):
            tip = page.text_content("#tip").splitlines()[0]
            page.mouse.down()
            page.mouse.up()
            assert details(page).split(" · ")[0] == tip
            seen.append(operations.index(tip.split(" (")[0]))
    assert len(set(seen)) > 5
    assert seen == sorted(seen)
