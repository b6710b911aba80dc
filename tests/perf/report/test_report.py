"""Reports: what stands in them, and that nothing in them can be more than text."""

import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from sluicegate.perf.load.measurement import Measurement
from sluicegate.perf.replay import broken
from sluicegate.perf.report.chart import linear
from sluicegate.perf.report.document import document
from sluicegate.perf.report.page import page
from sluicegate.perf.report.table import print_report

EVIL = "<script>alert('x')</script>&\"[red]"
VOID = {"meta"}


def measured(answers=1000, errors=()):
    """Requests ten milliseconds apart that took 1, 2, 3... milliseconds."""
    found = Measurement()
    for number in range(answers):
        at = number * 0.01
        found.sent(at, at + 0.001)
        found.answered(at, at + (number + 1) * 0.001, first=at + 0.0005, chunks=2)
    for kind in errors:
        found.failed(0.5, kind)
    found.ended = 10.0
    return found


def report(found=None, **about):
    filled = {"target": "http://t", "source": "s.cassette", "mode": "open loop", "started": "now", **about}
    return document(found or measured(), filled)


class Balanced(HTMLParser):
    """Holds that every element is closed, and remembers what there is."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.attributes, self.texts = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def parsed(html):
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def test_a_document_has_the_figures():
    found = report(measured(errors=["cut", "cut", "http_500"]))
    assert found["requests"] == 1003
    assert found["answers"] == 1000
    assert found["answers_per_s"] == 100.0
    assert found["errors"] == {"cut": 2, "http_500": 1}
    assert found["chunks"] == 2000
    assert found["latency_ms"]["p50"] == pytest.approx(500, rel=0.002)
    assert found["latency_ms"]["p99.9"] == pytest.approx(999, rel=0.002)
    assert found["latency_ms"]["max"] == pytest.approx(1000, rel=0.002)
    assert found["first_content_ms"]["p99"] == pytest.approx(0.5, abs=0.01)
    assert found["late_ms"]["mean"] == pytest.approx(1.0, abs=0.01)
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(found, allow_nan=False))


def test_percentiles_reach_as_far_as_there_are_values():
    points = report()["percentiles"]["latency_ms"]
    assert points[0][0] == 0.0
    assert 99.85 < points[-1][0] <= 99.9
    assert [value for _, value in points] == sorted(value for _, value in points)


def test_a_timeline_adds_up():
    line = report(measured(errors=["cut"]))["timeline"]
    assert sum(one["answers"] for one in line) == 1000
    assert [one["errors"] for one in line[:4]] == [0, 0, 1, 0]
    assert line[4]["p50_ms"] == pytest.approx(113, rel=0.05)


def test_a_long_run_has_wider_intervals_and_loses_nothing():
    found = Measurement()
    for number in range(1000):
        found.answered(number * 1.0, number + 0.010)
    found.ended = 1000.0
    line = found.timeline
    assert line.width == 8.0
    assert len(line.intervals) == 125
    assert sum(interval.latencies.total() for interval in line.intervals) == 1000


def test_a_page_is_whole_and_asks_nobody_for_anything():
    html = page(report(measured(errors=["cut"])))
    found = parsed(html)
    assert found.seen.count("svg") == 3
    assert not {"script", "link", "img", "iframe", "object"} & set(found.seen)
    assert not {"src", "href", "srcset"} & {name for name, _ in found.attributes}
    assert not re.search(r"url\(|@import|https?://(?!t\b)", html)
    assert "prefers-color-scheme: dark" in html
    assert "99.9%" in found.texts
    assert "cut" in found.texts


def test_what_others_wrote_is_text_in_a_page():
    html = page(report(measured(errors=[EVIL]), target=EVIL, source=EVIL, mode=EVIL, started=EVIL))
    found = parsed(html)
    assert "script" not in found.seen
    assert "<script" not in html
    assert EVIL in found.texts


def test_a_page_of_nothing_is_a_page():
    empty = Measurement()
    empty.interrupted, empty.unfinished = True, 3
    html = page(report(empty))
    parsed(html)
    assert "Interrupted: 3 requests had no answer yet." in html


def shown(found):
    console = Console(file=io.StringIO(), width=100)
    print_report(found, console)
    return console.file.getvalue()


def test_the_terminal_shows_the_figures_and_errors_as_text():
    text = shown(report(measured(errors=[EVIL]), target=EVIL))
    assert re.search(r"latency +│ +50\d │ +50\d │ +75\d │", text)
    assert "1,000 answers in 10 s, 100/s, 2,000 chunks" in text
    assert f"errors 0.10%: {EVIL} 1" in text
    assert f"on {EVIL}," in text


def test_a_run_without_answers_has_no_table():
    assert "│" not in shown(report(Measurement()))


def test_thresholds_say_what_they_are_and_what_there_was():
    found = report(measured(answers=99, errors=["cut"]))
    assert broken(found, max_error_rate=0.01, max_p99=0.2) == []
    said = broken(found, max_error_rate=0.005, max_p99=0.05)
    assert said[0] == "1.00% of the requests failed, limit 0.50%"
    assert re.fullmatch(r"p99 is 9\d(\.\d+)? ms, limit 50 ms", said[1])
    assert broken(report(Measurement()), max_error_rate=None, max_p99=1.0) == [
        "no request had a good answer, so there is no p99"
    ]


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [(0.0, ["0", "0.2"]), (7, ["0", "2", "4", "6", "8"]), (100, ["0", "20", "40", "60", "80", "100"])],
)
def test_axes_have_round_numbers(highest, ticks):
    assert [text for _, text in linear("x", highest).ticks] == ticks
