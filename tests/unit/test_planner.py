# SPDX-License-Identifier: GPL-2.0-or-later
"""From what a person enters to number, address and account."""

import pytest

from offhookd.phone.account import Account, AccountFacts, Answer
from offhookd.phone.accounts import Accounts
from offhookd.phone.dial_plan import DialPlan, NumberFormat, Rewrite
from offhookd.phone.dialled import DialOptions
from offhookd.phone.emergency import Emergency, EmergencyRules
from offhookd.phone.errors import InvalidTargetError, NoAccountError, NotRegisteredError
from offhookd.phone.numbering import Numbering
from offhookd.phone.planner import Outgoing, Planner
from offhookd.phone.values import AccountId, StateReason, Transport
from tests.support.fakes import FakeClock, FakeEngine

WORK, HOME = AccountId("work"), AccountId("home")
OK = Answer(200, "OK", expires_s=300)
DOWN = Answer(0, "no route", cause=StateReason.NETWORK)


class Desk:
    """Two accounts: an office with an outside line, and one at home."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.accounts = Accounts()
        self.work = self._account(WORK, "sip:1001@office.test:5070")
        self.home = self._account(HOME, "sip:ada@home.test")
        self.emergency = Emergency(self.clock)
        self.emergency.numbering = Numbering("de")
        self.planner = Planner(self.accounts, self.emergency)
        self.use()

    def _account(self, name: AccountId, uri: str) -> Account:
        facts = AccountFacts(name, name, uri, True, Transport.UDP)
        account = Account(facts, FakeEngine(), self.clock, lambda: 0.0)
        self.accounts.add(account)
        account.engine_ready()
        account.result(OK)
        return account

    def use(self, home: Outgoing | None = None) -> None:
        office = Outgoing(
            plan=DialPlan(
                outside_prefix="0", extension_digits=4, rewrite=(Rewrite("1(12|1)", "9\\1"),)
            ),
            country="de",
        )
        self.planner.configure(
            {WORK: office, HOME: home or Outgoing(country="de")},
            {"1": "+4930123456", "mum": "sip:mum@far.test"},
        )

    def uri(self, text: str, named: AccountId | None = None) -> str:
        return self.planner.plan(text, named).uri


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("entered", "uri"),
    [
        ("1001", "sip:1001@office.test:5070"),
        ("+49 30 123456", "sip:0030123456@office.test:5070"),
        ("tel:+49-30-123456", "sip:0030123456@office.test:5070"),
        ("sip:+4930123456@office.test:5070", "sip:0030123456@office.test:5070"),
        ("sip:+4930123456@other.test", "sip:+4930123456@other.test"),
        ("sip:1001@office.test", "sip:1001@office.test"),
        ("bob@far.test", "sip:bob@far.test"),
        ("@1", "sip:0030123456@office.test:5070"),
        ("@mum", "sip:mum@far.test"),
    ],
)
def test_what_is_entered_goes_through_the_dial_plan(desk: Desk, entered: str, uri: str) -> None:
    assert desk.uri(entered) == uri


def test_another_account_has_another_plan(desk: Desk) -> None:
    assert desk.uri("+4930123456", HOME) == "sip:+4930123456@home.test"


def test_a_number_goes_out_on_the_account_whose_pattern_it_fits(desk: Desk) -> None:
    desk.use(Outgoing(country="de", use_for=("+4930*", "@far.test")))
    assert desk.planner.plan("030123456").account == HOME
    assert desk.planner.plan("+4940123456").account == WORK
    assert desk.planner.plan("sip:x@far.test").account == HOME
    assert desk.planner.plan("030123456", WORK).account == WORK


def test_an_account_that_cannot_call_is_not_replaced_behind_ones_back(desk: Desk) -> None:
    desk.use(Outgoing(use_for=("2???",)))
    desk.home.result(DOWN)
    with pytest.raises(NotRegisteredError, match="home"):
        desk.planner.plan("2001")


def test_an_unknown_speed_dial_says_which_there_are(desk: Desk) -> None:
    with pytest.raises(InvalidTargetError, match="there is: 1, mum"):
        desk.planner.plan("@2")


def test_a_rewrite_that_makes_no_number_is_refused(desk: Desk) -> None:
    desk.use(Outgoing(plan=DialPlan(rewrite=(Rewrite("5", "a?b"),))))
    with pytest.raises(InvalidTargetError):
        desk.planner.plan("5", HOME)


def test_what_redial_takes_is_dialled_as_it_was(desk: Desk) -> None:
    desk.use(Outgoing(plan=DialPlan(number_format=NumberFormat.E164), country="de"))
    once = desk.uri("030123456", HOME)
    assert desk.uri(once, HOME) == once == "sip:+4930123456@home.test"


def test_the_history_may_have_a_number_in_every_spelling(desk: Desk) -> None:
    assert set(desk.planner.spellings("+49 30 123456".replace(" ", ""))) == {
        "+4930123456",
        "4930123456",
        "04930123456",
        "004930123456",
        "0004930123456",
        "030123456",
        "0030123456",
    }
    assert desk.planner.spellings("bob") == ("bob",)
    assert desk.planner.spellings("") == ("",)


def test_an_account_that_is_not_there_yet_has_its_plan_already(desk: Desk) -> None:
    later = AccountId("later")
    plan = DialPlan(outside_prefix="0")
    desk.planner.configure({later: Outgoing(domain="later.test", plan=plan, country="de")}, {})
    read = desk.planner.read(later, "Mum <tel:+4930123456>")
    assert (read.uri, read.display_name) == ("sip:0030123456@later.test", "Mum")


def test_an_account_that_cannot_call_completes_numbers_all_the_same(desk: Desk) -> None:
    desk.work.result(DOWN)
    assert desk.planner.complete_text(WORK, "+4930123456") == "sip:0030123456@office.test:5070"


# ---------------------------------------------------------------- help


@pytest.mark.parametrize(
    ("entered", "user"),
    [("112", "112"), ("1 1 2", "112"), ("110", "110"), ("0112", "0112"), ("tel:112", "112")],
)
def test_a_call_for_help_goes_out_as_it_was_entered(desk: Desk, entered: str, user: str) -> None:
    planned = desk.planner.plan(entered)
    assert planned.emergency
    assert planned.uri == f"sip:{user}@office.test:5070"


def test_a_call_for_help_from_the_history_is_one(desk: Desk) -> None:
    assert desk.planner.plan("sip:112@office.test:5070").emergency
    assert not desk.planner.plan("sip:112@elsewhere.test").emergency


@pytest.mark.parametrize("entered", ["112", "0112", "sip:112@office.test:5070", "tel:112"])
def test_calls_are_never_forwarded_to_an_emergency_centre(desk: Desk, entered: str) -> None:
    with pytest.raises(InvalidTargetError, match="emergency"):
        desk.planner.forward_target(WORK, entered)
    assert desk.planner.forward_target(WORK, "@1") == "sip:0030123456@office.test:5070"


def test_other_numbers_are_not(desk: Desk) -> None:
    assert not desk.planner.plan("1001").emergency


def test_configured_numbers_call_for_help_too(desk: Desk) -> None:
    desk.emergency.rules = EmergencyRules(numbers=("4444",))
    assert desk.planner.plan("4444").emergency


def test_help_is_called_on_the_configured_account_while_it_can_call(desk: Desk) -> None:
    desk.emergency.rules = EmergencyRules(account=HOME)
    assert desk.planner.plan("112", WORK).account == HOME
    desk.home.result(DOWN)
    assert desk.planner.plan("112", WORK).account == WORK
    desk.work.result(DOWN)
    with pytest.raises(NotRegisteredError):
        desk.planner.plan("112")


def test_a_pattern_does_not_take_a_call_for_help_to_a_dead_account(desk: Desk) -> None:
    desk.use(Outgoing(use_for=("1*",)))
    desk.home.result(DOWN)
    assert desk.planner.plan("112").account == WORK


def test_who_calls_for_help_is_never_hidden(desk: Desk) -> None:
    desk.use(Outgoing(hide_caller_id=True, headers={"P-Preferred-Identity": "<sip:x@y>"}))
    hidden = desk.planner.options(desk.planner.plan("5", HOME))
    assert hidden == DialOptions(anonymous=True, headers={"P-Preferred-Identity": "<sip:x@y>"})
    helped = desk.planner.options(desk.planner.plan("112", HOME), hide=True)
    assert (helped.anonymous, helped.emergency) == (False, True)


@pytest.mark.parametrize(("hide", "anonymous"), [(None, True), (False, False), (True, True)])
def test_one_call_may_differ_from_its_account(
    desk: Desk, hide: bool | None, anonymous: bool
) -> None:
    desk.use(Outgoing(hide_caller_id=True))
    options = desk.planner.options(desk.planner.plan("5", HOME), DialOptions(muted=True), hide)
    assert (options.anonymous, options.muted) == (anonymous, True)


# ---------------------------------------------------------------- looking ahead


def test_a_preview_needs_no_account_that_can_call(desk: Desk) -> None:
    desk.work.result(DOWN)
    desk.home.result(DOWN)
    planned = desk.planner.preview("112")
    assert (planned.account, planned.emergency) == (WORK, True)
    assert desk.planner.preview("+4930123456").uri == "sip:0030123456@office.test:5070"


def test_a_preview_without_any_account_takes_whole_addresses() -> None:
    planner = Planner(Accounts(), Emergency(FakeClock()))
    assert planner.preview("sip:a@b").account == ""
    with pytest.raises(InvalidTargetError):
        planner.preview("1001")
    with pytest.raises(NoAccountError):
        planner.plan("sip:a@b")


# ---------------------------------------------------------------- warning


def test_a_phone_says_when_it_cannot_call_for_help(desk: Desk) -> None:
    assert desk.emergency.warning(desk.accounts) == ""
    desk.work.result(DOWN)
    assert desk.emergency.warning(desk.accounts) == ""
    desk.home.result(DOWN)
    assert "another telephone" in desk.emergency.warning(desk.accounts)
    desk.home.hint("network")
    assert "another telephone" in desk.emergency.warning(desk.accounts), "nothing has changed yet"
    desk.home.result(OK)
    assert desk.emergency.warning(desk.accounts) == ""


def test_it_says_when_the_account_for_help_cannot_call(desk: Desk) -> None:
    desk.emergency.rules = EmergencyRules(account=HOME)
    desk.home.result(DOWN)
    assert "home" in desk.emergency.warning(desk.accounts)


def test_it_says_when_the_account_for_help_does_not_exist(desk: Desk) -> None:
    desk.emergency.rules = EmergencyRules(account=AccountId("hme"))
    assert "hme" in desk.emergency.warning(desk.accounts)
