"""The whole script of the page runs, and mouse and keys do what they should.

Node.js runs it with a browser that is made of `fake_browser.js`.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from rlsys_jobshop.figures.gantt_html import page_of

SCRIPTS = re.compile(r'<script id="data"[^>]*>(.*?)</script>\s*<script>(.*?)</script>', re.DOTALL)


@pytest.fixture
def use(need):
    """Return a function: what `result` holds after `actions` on the page of a schedule."""
    node = need("node", package="nodejs")
    browser = Path(__file__).with_name("fake_browser.js").read_text(encoding="utf-8")

    def run(schedule, actions):
        data, script = SCRIPTS.search(page_of(schedule)).groups()
        program = (
            f'{browser}\nelement("emphasis").value = "all";\n'
            f'element("data").textContent = {json.dumps(data)};\n{script}\n'
            f"const result = {{}};{actions}\nprocess.stdout.write(JSON.stringify(result));"
        )
        done = subprocess.run(
            [node, "-"], input=program, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_arrow_keys_go_from_operation_to_operation(workshop, use):
    result = use(
        workshop,
        """
        result.seen = [];
        for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown",
                           "ArrowUp", "Escape"]) {
          result.prevented = press(key).prevented;
          result.seen.push(element("details").textContent.split(" ·")[0]);
        }
        """,
    )
    blue, heat = "blue, operation 0", "red, operation 1"
    turn = "red, operation 0 (turn)"
    assert result["seen"] == [turn, blue, blue, heat, heat, blue, ""]
    assert result["prevented"]


def test_keys_go_on_from_where_a_search_or_a_click_led(workshop, use):
    result = use(
        workshop,
        """
        result.seen = [];
        const say = () => result.seen.push(element("details").textContent.split(" ·")[0]);
        enter("job", "blue"); element("job").fire("keydown", {key: "Enter"}); say();
        press("ArrowLeft"); say();
        pointer("down", 700, 44 + 30); pointer("up", 700, 44 + 30); say();
        press("ArrowUp"); say();
        enter("machine", "oven"); press("ArrowDown"); say();
        """,
    )
    turn, heat = "red, operation 0 (turn)", "red, operation 1"
    assert result["seen"] == ["blue, operation 0", turn, heat, "blue, operation 0", heat]


def test_keys_that_the_chart_does_not_use_stay_with_the_browser(workshop, use):
    result = use(
        workshop,
        """
        result.prevented = [press("Tab"), press("PageDown"), press("+", {ctrlKey: true})]
          .map((event) => Boolean(event.prevented));
        """,
    )
    assert result["prevented"] == [False, False, False]


def test_zoom_and_pan_change_the_axis_and_fit_restores_it(largest, use):
    result = use(
        largest,
        """
        const axis = () => frame().texts.filter((text) => /^\\w{3} \\d|^\\d\\d:/.test(text)).join();
        result.all = axis();
        for (let times = 0; times < 6; times++) press("+");
        result.near = axis();
        press("ArrowRight", {shiftKey: true}); result.later = axis();
        element("fit").fire("click"); result.again = axis();
        result.zooms = element("chart").fire("wheel", {ctrlKey: true, deltaY: -60, clientX: 300});
        result.scrolls = element("chart").fire("wheel", {deltaX: 0, deltaY: 60});
        """,
    )
    assert result["all"] == result["again"]
    assert len({result["all"], result["near"], result["later"]}) == 3
    assert ":" in result["near"]
    assert result["zooms"]["prevented"]
    assert "prevented" not in result["scrolls"]


def test_only_rows_in_sight_are_drawn(largest, use):
    result = use(
        largest,
        """
        result.top = frame();
        element("chart").scrollTop = 26 * 100; element("chart").fire("scroll");
        result.middle = frame();
        """,
    )
    names = [
        [text for text in result[place]["texts"] if text.startswith("type-")]
        for place in ("top", "middle")
    ]
    assert [len(rows) for rows in names] == [20, 20]  # 520 pixels of rows, 26 each
    assert not set(names[0]) & set(names[1])
    assert result["top"]["rectangles"] < 2000


def test_filters_count_what_they_leave_and_enter_goes_to_the_job(largest, use):
    result = use(
        largest,
        """
        const count = () => element("count").textContent;
        enter("machine", "type-16"); result.type = count();
        enter("job", "order-0007"); result.job = count();
        element("job").fire("keydown", {key: "Enter"});
        result.details = element("details").textContent.split(",")[0];
        enter("machine", "nothing"); result.none = frame().texts;
        press("ArrowDown"); press("ArrowRight");
        enter("machine", ""); enter("job", ""); press("Escape"); enter("emphasis", "late");
        result.late = count();
        """,
    )
    assert result["type"] == "14 of 152 machines, 500 of 500 jobs"
    assert result["job"] == "14 of 152 machines, 1 of 500 jobs"
    assert result["details"] == "order-0007"
    assert "no machine matches the filter" in result["none"]
    instance = largest.instance
    late = int((largest.end[instance.job_first[1:] - 1] > instance.due).sum())
    assert result["late"] == f"152 of 152 machines, {late} of 500 jobs"


def test_hovering_shows_details_as_text_and_a_click_selects_the_job(hostile, use):
    result = use(
        hostile,
        """
        frame();
        pointer("move", 600, 50); result.tip = element("tip").textContent;
        pointer("down", 600, 50); pointer("up", 600, 50);
        result.count = element("count").textContent;
        pointer("move", 600, 20); result.hidden = element("tip").hidden;
        """,
    )
    assert result["tip"].startswith("0</script><script>alert(1)</script>, operation 0")
    assert result["count"] == "12 of 12 machines, 1 of 12 jobs"
    assert result["hidden"]


def test_dragging_moves_and_selects_nothing(largest, use):
    result = use(
        largest,
        """
        press("+"); press("+"); const before = frame().texts.join();
        pointer("down", 600, 300); pointer("move", 400, 250); pointer("up", 400, 250);
        result.moved = frame().texts.join() !== before;
        result.top = element("chart").scrollTop;
        result.details = element("details").textContent;
        """,
    )
    assert result == {"moved": True, "top": 50, "details": ""}


def test_what_an_instance_does_not_have_is_not_offered(workshop, use):
    from rlsys_jobshop.instances import classic
    from rlsys_jobshop.rules import RULES, dispatch

    labels = '["setups", "closed", "late", "paused", "type"].map((n) => `${n}-label`)'
    shown = f"result.hidden = {labels}.map((id) => element(id).hidden);"
    assert use(workshop, shown)["hidden"] == [False] * 5
    plain = dispatch(classic("ft06"), RULES["mwkr"])[0]
    assert use(plain, shown)["hidden"] == [True] * 5


def test_the_theme_button_says_and_shows_what_is_on(workshop, use):
    result = use(
        workshop,
        """
        const theme = () => [document.documentElement.dataset.theme,
                             element("theme").getAttribute("aria-pressed")];
        result.first = theme(); element("theme").fire("click"); result.second = theme();
        """,
    )
    assert result == {"first": ["light", "false"], "second": ["dark", "true"]}
