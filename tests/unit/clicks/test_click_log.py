"""The click log: what is returned is there, what cannot be is refused with its place, what is damaged is reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.errors.refusal import refused

import rocchio
from rocchio.engine.collection import Collection
from rocchio.errors import BadRecord, BusyError, Corruption, InvalidArgument, NotFound
from rocchio.storage.click_log import CLICK_LOG

TIME = "2026-11-25T17:30:00.000+00:00"
GOOD = {"session": "s1", "query": "wing flutter", "shown": ["a1", "a2"], "clicked": [2], "time": TIME}


@pytest.fixture
def col(tmp_path: Path) -> Collection:
    made = rocchio.create(tmp_path / "c", fields={"text": rocchio.text()}, analyzer="whitespace")
    made.add({"doc_id": f"a{i}", "text": f"wing flutter {i}"} for i in range(5))
    made.commit()
    return made


def lines(col: Collection) -> list[Any]:
    return [json.loads(line) for line in (col.path / CLICK_LOG).read_text("utf-8").splitlines()]


def test_what_is_logged_is_there_after_opening_again(col: Collection) -> None:
    summary = col.log_clicks(GOOD)
    assert (summary.logged, summary.rejected, summary.dropped_bytes) == (1, 0, 0)
    assert str(summary) == "impressions logged: 1"
    assert lines(col) == [GOOD]
    col.log_clicks([GOOD | {"session": "s2", "query": "Wing  Flutter", "clicked": []}, GOOD | {"clicked": [2, 1]}])
    found = rocchio.open(col.path).click_statistics()
    assert (found.impressions, found.queries, found.sessions, found.clicks) == (3, 1, 2, 3)
    assert (found.shown, found.clicked) == ((3, 3), (1, 2))
    assert found.first == found.last == TIME
    assert found.propensities is None
    assert found.size_bytes == (col.path / CLICK_LOG).stat().st_size
    assert lines(col)[2]["clicked"] == [1, 2]


@pytest.mark.parametrize(
    ("time", "stored"),
    [
        ("2026-11-25T18:30:00+01:00", TIME),
        ("2026-11-25T17:30:00Z", TIME),
        ("2026-11-25T17:30:00", TIME),
        (1795627800, TIME),
        (1795627800.25, "2026-11-25T17:30:00.250+00:00"),
    ],
)
def test_times_are_stored_alike(col: Collection, time: Any, stored: str) -> None:
    col.log_clicks(GOOD | {"time": time})
    assert lines(col)[0]["time"] == stored


def test_a_time_that_is_left_out_is_now(col: Collection) -> None:
    col.log_clicks({name: value for name, value in GOOD.items() if name != "time"})
    assert lines(col)[0]["time"].startswith("20")


BAD: dict[str, tuple[Any, str]] = {
    "rank 0": (GOOD | {"clicked": [0]}, "expected clicked ranks from 1 to 2, the documents shown, found 0"),
    "rank below": (GOOD | {"clicked": [3]}, "found 3"),
    "negative rank": (GOOD | {"clicked": [-1]}, "found -1"),
    "half a rank": (GOOD | {"clicked": [1.5]}, "found 1.5"),
    "true": (GOOD | {"clicked": [True]}, "found True"),
    "doc_id as rank": (GOOD | {"clicked": ["a1"]}, "found 'a1'"),
    "rank twice": (GOOD | {"clicked": [1, 1]}, "expected each clicked rank once"),
    "no list": (GOOD | {"clicked": 1}, "expected clicked as a list, found 1"),
    "nothing shown": (GOOD | {"shown": []}, "expected from 1 to 10,000 documents shown, found 0"),
    "too many shown": (GOOD | {"shown": [str(i) for i in range(10_001)]}, "found 10,001"),
    "shown twice": (GOOD | {"shown": ["a1", "a1"]}, "expected each document shown once"),
    "shown numbers": (GOOD | {"shown": [1]}, "expected doc_ids of 1 to 10,000 characters, found 1"),
    "no session": (GOOD | {"session": ""}, "expected session"),
    "long query": (GOOD | {"query": "x" * 10_001}, "expected query of 1 to 10,000 characters"),
    "blank query": (GOOD | {"query": " \t"}, "found white space"),
    "half a character": (GOOD | {"query": "\ud800"}, "half of a surrogate pair"),
    "unknown name": (GOOD | {"rank": 1}, "expected session, query, shown, clicked and time, found 'rank'"),
    "bad time": (GOOD | {"time": "yesterday"}, "expected time as ISO 8601"),
    "true time": (GOOD | {"time": True}, "expected time as ISO 8601"),
    "far time": (GOOD | {"time": 1e300}, "expected time as ISO 8601"),
    "no object": ([1], "expected an object"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_and_nothing_is_logged(col: Collection, name: str) -> None:
    record, words = BAD[name]
    with pytest.raises(BadRecord, match=r"^<memory>:2: ") as caught:
        col.log_clicks([GOOD, record])
    assert words in str(caught.value)
    assert not (col.path / CLICK_LOG).exists()
    summary = col.log_clicks([GOOD, record], on_error="skip")
    assert (summary.logged, summary.rejected) == (1, 1)
    assert "; rejected: 1" in str(summary)
    assert words in summary.reasons[0]


def test_rejected_lines_of_a_file_are_listed_with_their_places(col: Collection, tmp_path: Path) -> None:
    file, rejects = tmp_path / "clicks.jsonl", tmp_path / "bad.jsonl"
    bad = json.dumps(GOOD | {"clicked": [7]})
    file.write_text("\n".join([json.dumps(GOOD), "", "{", bad, json.dumps(GOOD)]) + "\n")
    with refused(BadRecord, f"{file}:3: ", "invalid JSON"):
        col.log_clicks(file)
    summary = col.log_clicks(str(file), on_error="skip", rejects=rejects)
    assert (summary.logged, summary.rejected, summary.reject_file) == (2, 2, str(rejects))
    assert [json.loads(line)["line"] for line in rejects.read_text().splitlines()] == [3, 4]
    assert summary.reasons[1].startswith(f"{file}:4: expected clicked ranks from 1 to 2")
    with refused(InvalidArgument, "expected another file for rejects"):
        col.log_clicks(file, on_error="skip", rejects=file)


def test_arguments(col: Collection, tmp_path: Path) -> None:
    with refused(InvalidArgument, "expected on_error to be 'raise' or 'skip'"):
        col.log_clicks(GOOD, on_error="ignore")  # type: ignore[arg-type]
    with refused(InvalidArgument, "expected on_error='skip' with a reject file"):
        col.log_clicks(GOOD, rejects=tmp_path / "r")
    with refused(InvalidArgument, "expected impressions like", "found int"):
        col.log_clicks(1)
    with refused(NotFound, "expected a file at"):
        col.log_clicks(tmp_path / "nowhere.jsonl")
    assert col.log_clicks([]).logged == 0


def test_one_writer_at_a_time(col: Collection) -> None:
    other = rocchio.open(col.path)
    other.add({"doc_id": "new", "text": "x"})
    with refused(BusyError, "expected to be the only writer"):
        col.log_clicks(GOOD)
    with refused(InvalidArgument, "expected no uncommitted changes to log clicks"):
        other.log_clicks(GOOD)
    other.commit()
    assert col.log_clicks(GOOD).logged == 1
    assert "new" in col


def test_the_log_survives_everything_else(col: Collection) -> None:
    col.log_clicks(GOOD)
    col.delete("a0")
    col.commit()
    col.add({"doc_id": "a9", "text": "more"})
    col.commit()
    col.compact()
    col.freeze()
    col.log_clicks(GOOD)
    col.delete([f"a{i}" for i in range(10)])
    col.commit()
    assert len(col) == 0
    assert rocchio.open(col.path).click_statistics().impressions == 2
    assert col.verify().ok


def test_a_snapshot_sees_the_log_of_its_time(col: Collection) -> None:
    col.log_clicks(GOOD)
    before = col.snapshot()
    col.log_clicks([GOOD, GOOD])
    assert len(before.clicks.impressions) == 1
    assert len(col.snapshot().clicks.impressions) == 3
    assert col.snapshot()._searchers is before._searchers  # what was computed stays warm


def test_what_an_interrupted_call_left_is_dropped_and_told(col: Collection) -> None:
    col.log_clicks(GOOD)
    path = col.path / CLICK_LOG
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + b'{"session": "torn')
    again = rocchio.open(col.path)
    assert again.click_statistics().impressions == 1
    assert again.click_statistics().pending_bytes == 17
    assert again.verify().ok
    summary = again.log_clicks(GOOD)
    assert summary.dropped_bytes == 17
    assert "dropped from an interrupted call: 17 bytes" in str(summary)
    assert path.stat().st_size == 2 * size
    assert again.click_statistics().impressions == 2


def test_damage_is_reported(col: Collection) -> None:
    col.log_clicks([GOOD, GOOD | {"query": "über\u2028 x\x85y"}])
    path = col.path / CLICK_LOG
    content = path.read_bytes()
    for offset in range(len(content)):
        damaged = bytearray(content)
        damaged[offset] ^= 1 << offset % 8
        path.write_bytes(damaged)
        again = rocchio.open(col.path)
        with pytest.raises(Corruption):
            again.search("wing", plan="corocchio >> bm25")
        assert "clicks.jsonl" in str(again.verify().problems[0])
        assert len(again.search("wing")) == 5  # what needs no clicks works on
    path.write_bytes(content[:-1])
    again = rocchio.open(col.path)
    for action in (again.click_statistics, lambda: again.log_clicks(GOOD)):
        with refused(Corruption, "expected at least", "clicks.jsonl"):
            action()
    path.unlink()
    with refused(Corruption, "the file is missing"):
        rocchio.open(col.path).click_statistics()
    path.write_bytes(content)
    assert rocchio.open(col.path).click_statistics().queries == 2
