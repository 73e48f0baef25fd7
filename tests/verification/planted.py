"""Bugs planted on purpose, in curves and in policies: each is a slip that somebody could make, some of them deep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import frozen

from tests.verification.changes import Change, changed, edit
from trustcurve import Curve, Reaction
from trustcurve.documents.curve_file import read_curve
from trustcurve.policies import Environment, Policy, Recall, View, policy, since, times
from trustcurve.verification import (
    Property,
    advocate_is_earned,
    at_most,
    bounded_asks_while_distrusted,
    broken_never_helps,
    no_ask_on_open_account,
    no_credit_for_asking,
    no_harm_helps,
    no_stage_skipping,
    quiet_period,
    recovery_comes_first,
    repair_within,
    silence_never_promotes,
)

DEFAULT = Curve.default()
CALM = Environment(["kept", "broken", "complaint", "advocacy", "departure", "return"], name="calm")


@frozen(kw_only=True)
class Planted:
    """A bug: the curve that has it, or the policy, and the property that it breaks.

    ``wrong`` says a second time, for a curve, which reactions break the property; for two journeys side by
    side it is None. ``deep``: the shortest journey that shows it has more than ten events.
    """

    asked: Property
    curve: Curve = DEFAULT
    policy: Policy | None = None
    environment: Environment = CALM
    wrong: Callable[[Reaction], bool] | None = None
    deep: bool = False


def row(signal: str, when: dict[str, Any], *, name: str = "planted", **effects: Any) -> Change:
    """Put a row before all others on a signal."""

    def change(rows: dict[str, dict[str, Any]]) -> None:
        first = next(name for name, each in rows.items() if each.get("signal") == signal)
        rows[first]["before"] = {"name": name, "signal": signal, "when": when, "because": "a slip", **effects}

    return change


def grown(curve: Curve, change: Change) -> Curve:
    """Make a curve with a row more."""
    document = curve.to_plain()
    change({each["name"]: each for each in document["rules"]})
    rules = []
    for each in document["rules"]:
        planted = each.pop("before", None)
        rules += [each] if planted is None else [planted, each]
    return read_curve({**document, "rules": rules})


STAGES = ("departed", "distrust", "hopeful", "customer_centric", "advocate")


def height(stage: str) -> int:
    return STAGES.index(stage)


WORN = {"stage": "advocate", "kept": 3, "engaged": 0, "doubt": 1, "account": "due"}
"""Where few customers ever stand: an advocate who has no goodwill left, and doubts."""

CURVES: dict[str, Planted] = {
    "buying again pays what is due": Planted(
        asked=no_harm_helps,
        curve=changed(DEFAULT, lambda r: edit(r, "purchase.adds_nothing", set={"account": "clear"})),
    ),
    "advocates who are worn out like to be asked": Planted(
        asked=no_credit_for_asking,
        curve=grown(DEFAULT, row("company_one_sided", WORN, add={"doubt": -1})),
        wrong=lambda r: r.signal == "company_one_sided" and r.after.doubt < r.before.doubt,
        deep=True,
    ),
    "a small failure relieves those who are worn out": Planted(
        asked=broken_never_helps,
        curve=grown(DEFAULT, row("broken_minor", {**WORN, "account": "clear"}, add={"doubt": -1})),
        wrong=lambda r: r.signal.startswith("broken") and r.after.doubt < r.before.doubt,
        deep=True,
    ),
    "absence makes the heart grow fonder": Planted(
        asked=silence_never_promotes,
        curve=grown(
            DEFAULT,
            row(
                "silence",
                {"stage": "hopeful", "kept": 3, "engaged": 4, "doubt": 3, "account": "due"},
                set={"stage": "customer_centric", "doubt": 0},
            ),
        ),
        wrong=lambda r: r.signal == "silence" and height(r.after.stage) > height(r.before.stage),
        deep=True,
    ),
    "the last promise makes an advocate": Planted(
        asked=advocate_is_earned,
        curve=grown(
            DEFAULT,
            row(
                "kept_major",
                {"stage": "customer_centric", "kept": 3, "engaged": 4, "doubt": 1, "account": "slip"},
                set={"stage": "advocate", "doubt": 0, "account": "clear"},
            ),
        ),
        wrong=lambda r: r.after.stage == "advocate" != r.before.stage and r.signal != "advocacy",
    ),
    "an exchange skips a stage": Planted(
        asked=no_stage_skipping,
        curve=grown(
            DEFAULT,
            row(
                "exchange",
                {"stage": "hopeful", "kept": 2, "engaged": 4, "doubt": 2, "account": "due"},
                set={"stage": "advocate", "doubt": 0},
            ),
        ),
        wrong=lambda r: r.before.stage == "hopeful" and r.after.stage == "advocate",
    ),
}


def careful(view: View, *, promises: int = 1) -> str:
    """Make good first, promise what is kept, warm up, and thank."""
    if view.account in ("slip", "breach"):
        return "repair"
    if view.outside:
        return "promise_major" if view.state == "distrust.suspicious" and view.open < promises else "wait"
    if view.engaged >= 3 and view.account == "clear":
        return "promise_major" if view.kept < 3 and view.open < promises else "wait"
    return "exchange" if view.account in ("clear", "due") and view.since("exchange") != 1 else "wait"


CAREFUL = (since("exchange", 2),)


def but(name: str, slip: Callable[[View], str | None], *recalls: Recall) -> Policy:
    """Make the careful policy with a slip."""
    return policy(name, recalls=(*CAREFUL, *recalls))(lambda view: slip(view) or careful(view))


def asks_advocates(view: View) -> str | None:
    return "ask" if view.stage == "advocate" and view.quiet == 0 else None


def asks_advocates_before_amends(view: View) -> str | None:
    return "ask" if view.stage == "advocate" and view.account == "slip" else None


def never_mends_for_the_loyal(view: View) -> str | None:
    return "wait" if view.account == "breach" and view.stage != "distrust" else None


def asks_who_came_back(view: View) -> str | None:
    doubtful = view.state == "distrust.competitive" and view.account == "clear" and not view.times("ask", 2)
    return "ask" if doubtful and view.quiet >= 2 else None


def thanks_too_often(view: View) -> str | None:
    return "exchange" if view.stage == "advocate" and view.account == "due" else None


POLICIES: dict[str, Planted] = {
    "it asks advocates whatever is owed": Planted(
        asked=no_ask_on_open_account, policy=but("asks advocates", asks_advocates), deep=True
    ),
    "it asks advocates before it makes amends": Planted(
        asked=recovery_comes_first, policy=but("asks before amends", asks_advocates_before_amends), deep=True
    ),
    "a breach is never mended across the barrier": Planted(
        asked=repair_within(3),
        policy=but("never mends", never_mends_for_the_loyal),
    ),
    "its window is too short to know that it asked": Planted(
        asked=bounded_asks_while_distrusted(1), policy=but("asks again", asks_who_came_back, times("ask", 2))
    ),
    "it thanks and thanks": Planted(asked=quiet_period(3, 4), policy=but("thanks", thanks_too_often)),
    "it promises twice at once": Planted(
        asked=at_most(0, lambda turn: turn.open_after > 1 and turn.met.kept == 2, name="one_promise_at_a_time"),
        policy=policy("two promises", recalls=CAREFUL)(partial(careful, promises=2)),
    ),
}

PLANTED = {**CURVES, **POLICIES}
