# SPDX-License-Identifier: GPL-2.0-or-later
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhookd.phone.errors import InvalidArgumentError, NotFoundError
from offhookd.phone.records import Filter, Row, is_missed
from offhookd.phone.values import AccountId, CallId, Direction, EndReason
from offhookd.store.history import History
from tests.support.history import begin

WORK = AccountId("work")
HOME = AccountId("home")
IN = Direction.INCOMING
OUT = Direction.OUTGOING

STEPS_AT_ONCE, MOST_STEPS = 100, 10_000
"""Of SQLite's machine: 24 a row of a page take 0.4 ms, and reading 100,000 rows a hundred times as
many."""

Opener = Callable[[], History]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "offhook" / "history.sqlite"


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def open_history(path: Path, problems: list[str]) -> Opener:
    return lambda: History(path, problems.append)


def ring(history: History, uri: str = "sip:1001@pbx", name: str = "", at_us: int = 1) -> CallId:
    return begin(history, WORK, IN, uri, name, at_us)


def miss(history: History, at_us: int = 1) -> CallId:
    call = ring(history, at_us=at_us)
    history.ended(call, at_us + 1, EndReason.CANCELLED, 487)
    return call


def all_rows(history: History, wanted: Filter, limit: int) -> list[Row]:
    rows, cursor = history.query(wanted, "", limit)
    found = list(rows)
    while cursor:
        rows, cursor = history.query(wanted, cursor, limit)
        assert rows, "a cursor leads to rows"
        found += rows
    return found


def test_a_call_is_told_from_ringing_to_its_end(open_history: Opener) -> None:
    history = open_history()
    call = begin(history, WORK, IN, "sip:1001@pbx", "Ada", 10)
    history.answered(call, 20)
    history.recorded(call, "/r.opus")
    history.ended(call, 30, EndReason.REMOTE, 200, "OK", 4.1)
    row = Row(
        id=call,
        account=WORK,
        direction=IN,
        peer_uri="sip:1001@pbx",
        peer_name="Ada",
        started_us=10,
        answered_us=20,
        ended_us=30,
        end_reason=EndReason.REMOTE,
        end_code=200,
        end_text="OK",
        recording="/r.opus",
        missed=False,
        mos=4.1,
    )
    assert history.get(call) == row
    history.close()
    assert open_history().get(call) == row


def test_the_first_end_and_the_first_answer_stay(open_history: Opener) -> None:
    history = open_history()
    call = ring(history)
    history.answered(call, 5)
    history.answered(call, 6)
    history.ended(call, 7, EndReason.LOCAL, 0)
    history.ended(call, 8, EndReason.ERROR, 500)
    history.answered(call, 9)
    row = history.get(call)
    assert (row.answered_us, row.ended_us, row.end_reason) == (5, 7, EndReason.LOCAL)


def test_text_that_is_no_utf8_does_not_lose_the_call(open_history: Opener) -> None:
    history = open_history()
    call = ring(history, "sip:\ud800@x", "\udcff")
    assert history.get(call).peer_uri == "sip:?@x"


def test_ids_do_not_come_back_after_deletion_and_restart(open_history: Opener) -> None:
    history = open_history()
    calls = [miss(history) for _ in range(3)]
    assert history.delete(calls) == tuple(calls)
    history.close()
    assert ring(open_history()) > max(calls)


def test_deleting_names_what_was_there_and_spares_a_call_in_progress(open_history: Opener) -> None:
    history = open_history()
    old, running = miss(history), ring(history)
    revision = history.revision
    assert history.delete([old, old, running, 999, 2**64 - 1]) == (old,)
    assert history.revision > revision
    revision = history.revision
    assert history.delete([old]) == ()
    assert history.revision == revision
    with pytest.raises(NotFoundError):
        history.get(old)
    with pytest.raises(NotFoundError):
        history.get(2**64 - 1)


def test_events_of_a_deleted_row_are_no_error(open_history: Opener) -> None:
    history = open_history()
    history.answered(CallId(7), 1)
    history.ended(CallId(7), 1, EndReason.REMOTE, 200)
    history.identified(CallId(7), "Ada")
    assert history.query(Filter()) == ((), "")


def test_revision_grows_with_every_change_and_over_restarts(open_history: Opener) -> None:
    history = open_history()
    seen = [history.revision]
    call = ring(history)
    seen.append(history.revision)
    history.identified(call, "Ada")
    seen.append(history.revision)
    history.ended(call, 9, EndReason.CANCELLED, 487)
    seen.append(history.revision)
    history.close()
    history = open_history()
    assert history.revision == seen[-1]
    history.mark_seen(call)
    seen.append(history.revision)
    assert seen == sorted(set(seen))


def test_missed_calls_are_counted_until_they_were_seen(open_history: Opener) -> None:
    history = open_history()
    first, second = miss(history), miss(history)
    assert history.unseen_missed() == 2
    history.mark_seen(first)
    assert history.unseen_missed() == 1
    history.mark_seen(2**64 - 1)
    history.mark_seen(first)
    assert history.unseen_missed() == 0
    assert miss(history) > second
    history.close()
    assert open_history().unseen_missed() == 1, "what comes after the mark was not seen"


@pytest.mark.parametrize(
    ("direction", "answered_us", "reason", "missed"),
    [
        (IN, 0, EndReason.CANCELLED, True),
        (IN, 0, EndReason.REMOTE, True),
        (IN, 0, EndReason.NO_ANSWER, True),
        (IN, 0, EndReason.BUSY, True),
        (IN, 0, EndReason.ERROR, True),
        (IN, 0, EndReason.MEDIA, True),
        (IN, 0, EndReason.DECLINED, False),
        (IN, 0, EndReason.LOCAL, False),
        (IN, 0, EndReason.ELSEWHERE, False),
        (IN, 0, EndReason.FORWARDED, False),
        (IN, 5, EndReason.REMOTE, False),
        (OUT, 0, EndReason.NO_ANSWER, False),
    ],
)
def test_missed_is_a_call_that_nobody_dealt_with(
    direction: Direction, answered_us: int, reason: EndReason, missed: bool
) -> None:
    assert is_missed(direction, answered_us, reason) is missed


def test_a_call_that_still_rings_is_not_missed(open_history: Opener) -> None:
    history = open_history()
    ring(history)
    assert history.unseen_missed() == 0


def test_orphans_end_now_or_when_the_machine_was_last_known_to_live(open_history: Opener) -> None:
    history = open_history()
    before_boot, answered = ring(history, at_us=10), ring(history, at_us=100)
    history.answered(answered, 120)
    ended = miss(history, at_us=130)
    assert history.close_orphans(500, booted_us=50) == (before_boot, answered)
    assert [history.get(call).ended_us for call in (before_boot, answered, ended)] == [10, 500, 131]
    assert history.get(answered).end_reason is EndReason.ERROR
    assert history.get(before_boot).missed
    assert history.close_orphans(600) == ()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), [5, 4, 3, 2, 1]),
        (Filter(since_us=20, until_us=40), [3, 2]),
        (Filter(until_us=2**64 - 1), [5, 4, 3, 2, 1]),
        (Filter(account="home"), [4]),
        (Filter(direction=OUT), [3]),
        (Filter(missed=True), [5, 2]),
        (Filter(missed=False), [4, 3, 1]),
        (Filter(peer="1001"), [4, 2, 1]),
        (Filter(peer="sip:1001@pbx"), [2, 1]),
        (Filter(peer="+4930123"), [3]),
        (Filter(peer="030123", spellings=("030123", "+4930123")), [3]),
        (Filter(peer="sip:2@pbx", spellings=("1001",)), [5]),
        (Filter(text="müLLER"), [1]),
        (Filter(text="100%"), [5]),
        (Filter(text="100_"), []),
        (Filter(text="@PBX"), [5, 2, 1]),
        (Filter(account="' OR 1=1 --"), []),
    ],
)
def test_filters(open_history: Opener, wanted: Filter, found: list[int]) -> None:
    history = open_history()
    entries = [
        (WORK, IN, "sip:1001@pbx", "Ada MÜLLER", EndReason.LOCAL),
        (WORK, IN, "sip:1001@pbx", "Bob", EndReason.CANCELLED),
        (WORK, OUT, "tel:+4930123;phone-context=x", "", EndReason.NO_ANSWER),
        (HOME, IN, "sips:1001@example.org", "", EndReason.ELSEWHERE),
        (WORK, IN, "sip:2@pbx", "100% Ltd", EndReason.NO_ANSWER),
    ]
    for index, (account, direction, uri, name, reason) in enumerate(entries, start=1):
        call = begin(history, account, direction, uri, name, index * 10)
        history.ended(call, index * 10 + 1, reason, 0)
    assert [row.id for row in history.query(wanted)[0]] == found


def test_what_an_address_book_said_is_kept_beside_the_peers_own_name(
    open_history: Opener,
) -> None:
    history = open_history()
    call = ring(history, name="Front desk")
    history.identified(call, "Grace Hopper")
    for text in ("hopper", "front", "1001"):
        (row,) = history.query(Filter(text=text))[0]
        assert (row.contact_name, row.peer_name) == ("Grace Hopper", "Front desk")


@pytest.mark.parametrize(
    "cursor",
    ["x", "before-", "before-0", "before--1", "before-1 ", "before-٣", "before-" + "9" * 19, "\0"],
)
def test_a_cursor_of_somebody_else_is_refused(open_history: Opener, cursor: str) -> None:
    with pytest.raises(InvalidArgumentError, match="cursor"):
        open_history().query(Filter(), cursor)


def test_a_page_has_one_to_500_rows(open_history: Opener) -> None:
    history = open_history()
    for _ in range(501):
        ring(history)
    assert len(history.query(Filter(), limit=10_000)[0]) == 500
    with pytest.raises(InvalidArgumentError, match="limit"):
        history.query(Filter(), limit=0)


def test_rows_that_come_and_go_shift_no_page(open_history: Opener) -> None:
    history = open_history()
    calls = [miss(history) for _ in range(6)]
    first, cursor = history.query(Filter(), limit=2)
    miss(history)
    history.delete([calls[3], calls[5]])
    second, _ = history.query(Filter(), cursor, limit=2)
    assert [row.id for row in first + second] == [calls[5], calls[4], calls[2], calls[1]]


entry = st.tuples(
    st.sampled_from([WORK, HOME]),
    st.sampled_from(list(Direction)),
    st.sampled_from(["sip:1@a", "sip:2@a", "tel:1"]),
    st.text(max_size=5),
    st.integers(0, 50),
    st.sampled_from([EndReason.CANCELLED, EndReason.DECLINED]),
)
filters = st.builds(
    Filter,
    since_us=st.none() | st.integers(0, 50),
    until_us=st.none() | st.integers(0, 50),
    account=st.sampled_from(["", "work", "home", "none"]),
    direction=st.none() | st.sampled_from(list(Direction)),
    missed=st.none() | st.booleans(),
    peer=st.sampled_from(["", "1", "sip:2@a"]),
    text=st.text(max_size=2),
)


def fits(row: Row, wanted: Filter) -> bool:
    peers = {row.peer_uri, row.peer_uri.removeprefix("sip:").removeprefix("tel:").split("@")[0]}
    return (
        (wanted.since_us is None or row.started_us >= wanted.since_us)
        and (wanted.until_us is None or row.started_us < wanted.until_us)
        and wanted.account in {"", row.account}
        and wanted.direction in {None, row.direction}
        and wanted.missed in {None, row.missed}
        and wanted.peer in {"", *peers}
        and wanted.text.casefold() in f"{row.peer_name}\n{row.peer_uri}".casefold()
    )


@settings(max_examples=60)
@given(st.lists(entry, max_size=25), filters, st.integers(1, 7))
def test_pages_hold_every_fitting_row_once_newest_first(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[tuple[AccountId, Direction, str, str, int, EndReason]],
    wanted: Filter,
    limit: int,
) -> None:
    history = History(tmp_path_factory.mktemp("h") / "history.sqlite", pytest.fail)
    for account, direction, uri, name, at_us, reason in entries:
        history.ended(begin(history, account, direction, uri, name, at_us), at_us, reason, 0)
    everything = all_rows(history, Filter(), 500)
    assert len(everything) == len(entries)
    assert all_rows(history, wanted, limit) == [row for row in everything if fits(row, wanted)]
    history.close()


@given(st.text())
def test_no_cursor_text_breaks_a_query(cursor: str) -> None:
    history = History(Path("/nonexistent/history.sqlite"), lambda _: None)
    try:
        history.query(Filter(), cursor)
    except InvalidArgumentError:
        pass
    finally:
        history.close()


WRITER = """
import sys
from pathlib import Path
from offhookd.phone.values import AccountId, Direction
from offhookd.store.history import History
history = History(Path(sys.argv[1]), print)
while True:
    call = history.reserve()
    history.begin(call, AccountId("work"), Direction.INCOMING, "sip:1@x", "", 1)
    print(call, flush=True)
"""


def test_every_row_survives_kill_9(path: Path, open_history: Opener) -> None:
    promised: set[int] = set()
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout
            lines = [writer.stdout.readline() for _ in range(300)]
            writer.kill()
            lines += writer.stdout.read().splitlines(keepends=True)
        promised |= {int(line) for line in lines if line.endswith(b"\n")}
        history = open_history()
        there = {row.id for row in all_rows(history, Filter(), 500)}
        history.close()
        assert promised <= there
        assert len(there - promised) <= 3, "a row may be written and not yet printed"


def test_a_page_of_a_long_history_reads_little_of_it(open_history: Opener) -> None:
    history = open_history()
    values = [
        ("work", "sip:1@x", "1", "sip:1@x", index, index % 50 == 0) for index in range(100_000)
    ]
    history._storage.change(
        lambda db: db.executemany(
            "INSERT INTO calls (account, direction, peer_uri, peer_user, peer_name, search,"
            " started_us, missed) VALUES (?, 'incoming', ?, ?, '', ?, ?, ?)",
            values,
        )
    )
    steps: list[None] = []
    history._storage.change(
        lambda db: db.set_progress_handler(lambda: steps.append(None), STEPS_AT_ONCE)
    )
    for wanted in (Filter(), Filter(missed=True), Filter(peer="1"), Filter(text="sip:1")):
        cursor = ""
        for _ in range(9):
            steps.clear()
            rows, cursor = history.query(wanted, cursor, 100)
            assert len(rows) == 100
            assert len(steps) * STEPS_AT_ONCE < MOST_STEPS


def test_what_was_reserved_is_never_reserved_again(open_history: Opener) -> None:
    history = open_history()
    first, second = history.reserve(), history.reserve()
    assert second == first + 1
    history.begin(second, WORK, IN, "sip:1@x", "", 1)
    history.ended(second, 2, EndReason.REMOTE, 0)
    history.delete([second])
    assert history.reserve() > second
    history.close()
