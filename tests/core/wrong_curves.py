"""Changes that make the default curve's file wrong, one by one: what changes, and what must be found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Change = Callable[[Document], object]


def rule(d: Document, name: str) -> Any:
    return next(row for row in d["rules"] if row["name"] == name)


def add_rule(d: Document, before: str | None = None, **row: Any) -> None:
    """Add a rule, as the last one or before another."""
    new = {"name": "ours", "because": "we think so", **row}
    at = len(d["rules"]) if before is None else d["rules"].index(rule(d, before))
    d["rules"].insert(at, new)


WRONG: dict[str, tuple[Change, str, str, str]] = {
    # --- words
    "an unknown table": (lambda d: d.update(rule=[]), "[[rule]]", "", "unknown table; did you mean 'rules'?"),
    "an unknown key of a rule": (
        lambda d: rule(d, "repair.settles").update(becuase="so"),
        "[[rules]] repair.settles",
        "becuase",
        "did you mean 'because'?",
    ),
    "an unknown signal": (
        lambda d: rule(d, "repair.settles").update(signal="repiar"),
        "[[rules]] repair.settles",
        "signal",
        "unknown word 'repiar'; did you mean 'repair'?",
    ),
    "an unknown stage": (
        lambda d: rule(d, "return.starts_low")["when"].update(stage="departd"),
        "[[rules]] return.starts_low",
        "when.stage",
        "did you mean 'departed'?",
    ),
    "an unknown stage to go to": (
        lambda d: rule(d, "return.starts_low")["set"].update(stage="mistrust"),
        "[[rules]] return.starts_low",
        "set.stage",
        "did you mean 'distrust'?",
    ),
    "an unknown posture": (
        lambda d: rule(d, "proposition.opens")["when"].update(posture="suspicous"),
        "[[rules]] proposition.opens",
        "when.posture",
        "did you mean 'suspicious'?",
    ),
    "a settling row that contradicts itself": (
        lambda d: d["settling"].append(
            {"name": "ours", "when": {"stage": "hopeful", "posture": "suspicious"}, "because": "we think so"}
        ),
        "[[settling]] ours",
        "when",
        "can never match: it changes nothing",
    ),
    "a silence that ends itself": (
        lambda d: d["signals"]["silence"].update(ends_silence="always"),
        "[signals]",
        "silence.ends_silence",
        "must be never",
    ),
    "no word on what ends a silence": (
        lambda d: d["signals"]["exchange"].pop("ends_silence"),
        "[signals]",
        "exchange.ends_silence",
        "is missing: when such an event ends a silence",
    ),
    "another word on what ends a silence": (
        lambda d: d["signals"]["exchange"].update(ends_silence=True),
        "[signals]",
        "exchange.ends_silence",
        "must be one of always, crossing, never, got true",
    ),
    "no waiting periods": (
        lambda d: d["parameters"].pop("waiting_periods"),
        "[parameters]",
        "waiting_periods",
        "is missing",
    ),
    "too many waiting periods": (
        lambda d: d["parameters"].update(waiting_periods=1001),
        "[parameters]",
        "waiting_periods",
        "must be a whole number from 0 to 1000",
    ),
    "no number to be": (
        lambda d: rule(d, "silence.wears")["when"].update(kept=[]),
        "[[rules]] silence.wears",
        "when.kept",
        "must not be empty",
    ),
    "an unknown account": (
        lambda d: rule(d, "repair.settles")["set"].update(account="dew"),
        "[[rules]] repair.settles",
        "set.account",
        "did you mean 'due'?",
    ),
    "an unknown part": (
        lambda d: rule(d, "repair.settles").update(add={"dout": -1}),
        "[[rules]] repair.settles",
        "add.dout",
        "did you mean 'doubt'?",
    ),
    "an unknown condition": (
        lambda d: rule(d, "repair.settles")["when"].update(acount="due"),
        "[[rules]] repair.settles",
        "when.acount",
        "did you mean 'account'?",
    ),
    "an unknown test": (
        lambda d: rule(d, "exchange.heals")["when"].update(doubt={"at_mots": 1}),
        "[[rules]] exchange.heals",
        "when.doubt.at_mots",
        "did you mean 'at_most'?",
    ),
    "an unknown parameter": (
        lambda d: rule(d, "customer_one_sided.takes")["add"].update(doubt="one_sided_dout"),
        "[[rules]] customer_one_sided.takes",
        "add.doubt",
        "did you mean 'one_sided_doubt'?",
    ),
    "an unknown parameter as a bound": (
        lambda d: d["parameters"]["initial_doubt"].update(at_most="doubtmax"),
        "[parameters]",
        "initial_doubt",
        "must not have at_most = 'doubtmax', which is not a parameter; did you mean 'doubt_max'?",
    ),
    "an unknown side": (
        lambda d: d["signals"]["purchase"].update(by="costumer"),
        "[signals]",
        "purchase.by",
        "did you mean 'customer'?",
    ),
    "a counter that is none": (
        lambda d: d["counters"].update(trust={"max": 9}),
        "[counters]",
        "trust",
        "known: kept, engaged, doubt",
    ),
    # --- numbers
    "a parameter out of its range": (
        lambda d: d["parameters"]["kept_max"].update(value=10),
        "[parameters]",
        "kept_max",
        "must be at most 9, got 10",
    ),
    "parameters against each other": (
        lambda d: d["parameters"]["suspicious_max"].update(value=7),
        "[parameters]",
        "suspicious_max",
        "must be below competitive_max, which is 7, got 7",
    ),
    "a parameter that is no number": (
        lambda d: d["parameters"]["kept_max"].update(value="3"),
        "[parameters]",
        "kept_max.value",
        "must be a whole number, got '3'",
    ),
    "a negative grace": (
        lambda d: d["parameters"].update(grace={"days": -1}),
        "[parameters]",
        "grace",
        "must lie between 0 and 36500 days",
    ),
    "a duration in no unit": (
        lambda d: d["parameters"].update(grace={"weeks": 1}),
        "[parameters]",
        "grace.weeks",
        "unknown unit; known: days, hours, minutes, seconds",
    ),
    "no clock": (lambda d: d["parameters"].pop("silence_after"), "[parameters]", "silence_after", "is missing"),
    "a counter without bound": (
        lambda d: d["counters"]["doubt"].pop("max"),
        "[counters]",
        "doubt.max",
        "an unbounded counter would make the curve infinite",
    ),
    "no counter at all": (lambda d: d["counters"].pop("doubt"), "[counters]", "doubt", "is missing"),
    "a counter that counts to nothing": (
        lambda d: d["counters"]["kept"].update(max=0),
        "[counters]",
        "kept.max",
        "must be at least 1, got 0",
    ),
    "more positions than anyone can unroll": (
        lambda d: d["counters"].update(doubt={"max": 1000}, kept={"max": 100}),
        "[counters]",
        "",
        "lower their bounds",
    ),
    "more reactions than a machine has memory for": (
        lambda d: [(d["signals"].update({f"s{n}": {}}), add_rule(d, name=f"r{n}", signal=f"s{n}")) for n in range(800)],
        "[signals]",
        "",
        "give 4243200 reactions in 5200 positions, more than 4000000: use fewer signals",
    ),
    "more conditions than anyone can check": (
        lambda d: [
            d["settling"].append({"name": f"r{n}", "when": {"doubt": 3, "kept": 0}, "because": "so"})
            for n in range(900)
        ],
        "[[rules]] and [[settling]]",
        "",
        "conditions to check in 5200 positions, more than 200000000: use fewer rows",
    ),
    "a value out of the range of its counter": (
        lambda d: rule(d, "broken_major.betrays")["set"].update(kept=4),
        "[[rules]] broken_major.betrays",
        "set.kept",
        "must be from 0 to 3, got 4",
    ),
    "a condition that can never hold": (
        lambda d: rule(d, "exchange.heals")["when"].update(doubt={"above": 12}),
        "[[rules]] exchange.heals",
        "when.doubt",
        "can never hold within the range",
    ),
    # --- the start
    "a start without a part": (lambda d: d["curve"]["start"].pop("account"), "[curve]", "start.account", "is missing"),
    "a start out of range": (
        lambda d: d["curve"]["start"].update(engaged=5),
        "[curve]",
        "start.engaged",
        "must be from 0 to 4, got 5",
    ),
    "a start that is not settled": (
        lambda d: d["curve"]["start"].update(stage="advocate", doubt=3),
        "[curve]",
        "start",
        "is not settled: the settling rows would move it to customer_centric",
    ),
    # --- stages
    "a stage that nothing enters": (
        lambda d: d["stages"].append({"name": "loyal"}),
        "[[stages]] loyal",
        "name",
        "no signal leads to this stage",
    ),
    "no stage to stand on": (
        lambda d: [stage.update(apart=True) for stage in d["stages"]],
        "[[stages]]",
        "",
        "at least one stage must not be apart",
    ),
    "a stage twice": (
        lambda d: d["stages"].append({"name": "advocate"}),
        "[[stages]]",
        "advocate",
        "is given more than once",
    ),
    "a stage with a dot": (
        lambda d: d["stages"].append({"name": "very.loyal"}),
        "[[stages]] very.loyal",
        "very.loyal",
        "must not contain a dot",
    ),
    "postures that do not rise": (
        lambda d: d["stages"][1]["postures"][2].update(above=3),
        "[[stages]] distrust postures adversarial",
        "above",
        "must be above that of the posture before it",
    ),
    "a posture without a threshold": (
        lambda d: d["stages"][1]["postures"][2].pop("above"),
        "[[stages]] distrust postures adversarial",
        "above",
        "must be given for every posture except the first",
    ),
    # --- rules
    "a signal without rules": (
        lambda d: d["signals"].update(thanks={}),
        "[signals]",
        "thanks",
        "must have a last rule without condition",
    ),
    "a signal whose last rule has a condition": (
        lambda d: d["rules"].remove(rule(d, "repair.unneeded")),
        "[signals]",
        "repair",
        "must have a last rule without condition",
    ),
    "a signal that the ledger sends": (
        lambda d: d["signals"].pop("silence"),
        "[signals]",
        "silence",
        "is missing: the ledger sends it",
    ),
    "a rule after the last": (
        lambda d: add_rule(d, signal="repair", when={"account": "breach"}),
        "[[rules]] ours",
        "when",
        "can never match: repair.unneeded before it always does",
    ),
    "a rule in the shadow of another": (
        lambda d: add_rule(d, "repair.unneeded", signal="repair", when={"account": "breach"}),
        "[[rules]] ours",
        "when",
        "can never match: in all 524 positions an earlier row applies",
    ),
    "a rule for positions that nobody reaches": (
        lambda d: add_rule(d, "repair.settles", signal="repair", when={"stage": "advocate", "kept": 0}),
        "[[rules]] ours",
        "when",
        "in all 524 positions an earlier row applies",
    ),
    "a rule twice": (
        lambda d: add_rule(d, "repair.settles", name="repair.unneeded", signal="repair", when={"kept": 0}),
        "[[rules]] and [[settling]]",
        "repair.unneeded",
        "is given more than once",
    ),
    "a rule without a reason": (
        lambda d: rule(d, "repair.settles").update(because=" "),
        "[[rules]] repair.settles",
        "because",
        "must be a text that is not empty",
    ),
    "a rule without a name": (
        lambda d: d["rules"][0].pop("name"),
        "[[rules]] number 1",
        "name",
        "is missing: the name of the row",
    ),
    # --- shapes
    "a table that is a number": (lambda d: d.update(signals=3), "", "signals", "must be a table, got 3"),
    "rules that are one table": (
        lambda d: d.update(rules={}),
        "[rules]",
        "",
        "must be an array of tables, got a table",
    ),
    "a flag that is a text": (
        lambda d: d["stages"][0].update(outside="yes"),
        "[[stages]] departed",
        "outside",
        "must be true or false, got 'yes'",
    ),
    "a missing table": (lambda d: d.pop("stages"), "", "stages", "is missing: the stages, from low to high"),
}
