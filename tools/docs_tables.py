"""Generate the tables of the documentation from the code: rules, parameters, events, errors.

A table stands between ``<!-- table: name -->`` and ``<!-- end of table -->``. ``python tools/docs_tables.py`` writes
all tables; with ``--check`` it only reports which pages are out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from types import ModuleType

from attrs import NOTHING, fields, has
from docs_properties import property_rows

from trustcurve import Curve, Event, OneSided, PromiseMade, PromiseMoved, Signalled, TrustcurveError, simulation
from trustcurve import errors as core
from trustcurve.core.events import EVENTS
from trustcurve.core.rules import TEST_WORDS, Condition, Effect, Number, Parameter, Rule
from trustcurve.core.signals import ACCOUNT_LEVELS, ACCOUNT_WEIGHTS, SIDES, SILENCE, WEIGHTS
from trustcurve.logs import log_errors as logs
from trustcurve.machine import machine_errors as machine
from trustcurve.snapshots import snapshot_errors as snapshots
from trustcurve.testing import disagreement
from trustcurve.verification.facts import fact_rows, facts_of

DOCS = Path(__file__).parent.parent / "docs"
REGION = re.compile(r"(?P<opening><!-- table: (?P<name>\w+) -->\n).*?(?P<closing><!-- end of table -->)", re.DOTALL)
DAY = datetime(2026, 1, 1, tzinfo=UTC)
RULE_HEAD = ("row", "when", "effect", "because")
OWES = {
    "clear": "nothing",
    "due": "proof of a hope, a sale or a favour",
    "slip": "amends for a minor failure",
    "breach": "amends for a serious failure",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield ""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(' --- ' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


# --- the curve -------------------------------------------------------------------------------------


def number(curve: Curve, value: Number) -> str:
    """Format a number, with the parameter that holds it."""
    if isinstance(value, int):
        return str(value)
    return f"{curve.value_of(value)} (`{value.removeprefix('-')}`)"


def condition(curve: Curve, one: Condition) -> str:
    """Format a condition."""
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    if one.part == "outside":
        return "before the barrier" if values[0] else "not before the barrier"
    if one.part in ("stage", "posture", "account"):
        return f"{one.part} {' or '.join(f'`{value}`' for value in values)}"
    return f"{one.part.replace('_', ' ')} {TEST_WORDS[one.test]}{' or '.join(number(curve, value) for value in values)}"


def effect(curve: Curve, one: Effect) -> str:
    """Format an effect."""
    if one.op == "add" and one.part in ("account", "stage"):
        steps = int(one.value)
        scale = "account level" if one.part == "account" else "stage"
        return f"{abs(steps)} {scale}{'s' if abs(steps) > 1 else ''} {'down' if steps < 0 else 'up'}"
    if one.op == "add":
        amount = number(curve, one.value)
        return f"{one.part} {amount if amount.startswith('-') else '+' + amount}"
    value = f"`{one.value}`" if one.part in ("stage", "account") else number(curve, one.value)
    return f"{one.part} {'at least ' if one.op == 'at_least' else ''}{value}"


def rule_row(curve: Curve, rule: Rule, *, first: bool = True) -> tuple[str, str, str, str]:
    """Format a row of the rule table."""
    when = "; ".join(condition(curve, one) for one in rule.when) or ("always" if first else "otherwise")
    what = "; ".join(effect(curve, one) for one in rule.effects) or "nothing"
    return f"`{rule.name}`", when, what, rule.because


def positions(curve: Curve) -> Iterator[str]:
    """Write the parts of a position."""
    tops = {counter.name: curve.value_of(counter.max) for counter in curve.counters}
    stages = ", ".join(f"`{stage.name}`" for stage in curve.stages)
    rows = [("stage", stages, "where the customer stands")]
    rows += [(counter.name, f"0 to {tops[counter.name]}", counter.description) for counter in curve.counters]
    rows.append(("account", ", ".join(f"`{level}`" for level in ACCOUNT_LEVELS), "what the company owes"))
    return table(("part", "values", "meaning"), rows)


def accounts(_: Curve) -> Iterator[str]:
    """Write the levels of the account."""
    rows = [(f"`{a}`", OWES[a], str(weight)) for a, weight in zip(ACCOUNT_LEVELS, ACCOUNT_WEIGHTS, strict=True)]
    return table(("account", "the company owes", "adds to felt doubt"), rows)


def states(curve: Curve) -> Iterator[str]:
    """Write the states from high to low."""
    rows = []
    for stage in reversed(curve.stages):
        where = "off the curve" if stage.apart else "before the barrier" if stage.outside else "across the barrier"
        if not stage.postures:
            rows.append((f"`{stage.name}`", str(curve.states.index(stage.name)), where, stage.description))
        for i, posture in enumerate(stage.postures):
            low = 0 if posture.above is None else curve.value_of(posture.above) + 1
            after = stage.postures[i + 1 : i + 2]
            high = f"to {curve.value_of(after[0].above or 0)}" if after else "and more"
            name = f"{stage.name}.{posture.name}"
            where_from = f"{where}, felt doubt {low} {high}"
            rows.append((f"`{name}`", str(curve.states.index(name)), where_from, posture.description))
    return table(("state", "rank", "where", "in words"), rows)


def rules(curve: Curve) -> Iterator[str]:
    """Write the rows of every signal."""
    for signal in curve.signals:
        of_signal = [rule for rule in curve.rules if rule.signal == signal]
        yield from ("", f"## {signal}")
        yield from table(RULE_HEAD, [rule_row(curve, rule, first=not i) for i, rule in enumerate(of_signal)])


def settling(curve: Curve) -> Iterator[str]:
    """Write the settling rows."""
    return table(RULE_HEAD, [rule_row(curve, rule) for rule in curve.settling])


def span(curve: Curve, parameter: Parameter) -> str:
    """Format the range of a parameter."""
    names = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}
    bounds = {words: getattr(parameter, key) for key, words in names.items()}
    bounded = [f"{words} {number(curve, bound)}" for words, bound in bounds.items() if bound is not None]
    return ", ".join(bounded) or {
        "silence_after": "at least 1 minute",
        "grace": "0 or more",
        "waiting_periods": "0 to 1,000",
    }.get(parameter.name, "any")


def parameters(curve: Curve) -> Iterator[str]:
    """Write the parameters."""
    rows = []
    for p in curve.parameter_rows:
        value = f"{p.value.days} days" if isinstance(p.value, timedelta) else str(p.value)
        rows.append((f"`{p.name}`", value, span(curve, p), p.description))
    return table(("name", "default", "range", "meaning"), rows)


# --- events and signals ----------------------------------------------------------------------------


def sent(curve: Curve, kind: type[Event]) -> Iterator[tuple[str, str | None]]:
    """Apply a kind of event in each relevant situation, and yield the signal that it sends."""
    if kind is Signalled:
        yield "", "the one it names"
    elif kind is OneSided:
        yield from ((f"by the {side}", OneSided(at=DAY, by=side).signal) for side in SIDES)
    elif isinstance(kind.signal, str):
        yield "", kind.signal
    else:
        for weight in WEIGHTS:
            made = PromiseMade(at=DAY, promise="p", due=DAY + timedelta(days=1), weight=weight)
            step = curve.advance(curve.begin("ann", DAY), made)
            if kind is not PromiseMade:
                more = {"due": DAY + timedelta(days=2)} if kind is PromiseMoved else {}
                step = curve.advance(step.after, kind(at=DAY, promise="p", **more))  # type: ignore[call-arg]
            yield weight, step.reaction.signal if step.reaction else None


def signal_words(curve: Curve, kind: type[Event]) -> str:
    """Format the signals that a kind of event sends."""
    all_sent = list(sent(curve, kind))
    if kind is Signalled or not any(signal for _, signal in all_sent):
        return all_sent[0][1] or "none"
    return "; ".join(f"{where}: " * bool(where) + (f"`{signal}`" if signal else "none") for where, signal in all_sent)


def own_fields(kind: type[Event]) -> str:
    """Format the fields that a kind of event adds to those of all events."""
    common = {field.name for field in fields(Event)}
    own = [field for field in fields(kind) if field.name not in common]
    return ", ".join(f"`{field.name}`" + ("" if field.default is NOTHING else " (optional)") for field in own)


def events(curve: Curve) -> Iterator[str]:
    """Write the kinds of events; the meaning is the first paragraph of the class docstring."""
    rows = []
    for kind in EVENTS:
        meaning = " ".join((getdoc(kind) or "").partition("\n\n")[0].split())
        ends = next(
            (curve.ends_silence.get(signal, "as the curve says") for _, signal in sent(curve, kind) if signal), "never"
        )
        rows.append((f"`{kind.__name__}`", own_fields(kind), signal_words(curve, kind), ends, meaning))
    return table(("event", "fields", "signal", "ends a silence", "meaning"), rows)


def signals(curve: Curve) -> Iterator[str]:
    """Write the signals and their senders."""
    senders: dict[str, list[str]] = {signal: [] for signal in curve.signals}
    for kind in EVENTS:
        for signal in {signal: None for _, signal in sent(curve, kind) if signal in senders}:
            senders[str(signal)].append(f"`{kind.__name__}`")
    for weight in WEIGHTS:
        senders[f"broken_{weight}"].append("the clock, when an open promise is due")
    senders[SILENCE].append("the clock, after each whole quiet period")
    who = {"company": "the company", "customer": "the customer", "both": "both sides", "clock": "the clock"}
    rows = [(f"`{s.name}`", who[s.by], s.one, " or ".join(senders[s.name])) for s in curve.signal_rows]
    return table(("signal", "whose move", "in words", "sent by"), rows)


def curve_properties(_: Curve) -> Iterator[str]:
    """Write the named properties of curves."""
    return table(("property", "meaning", "checked by default"), property_rows(of_policies=False))


def policy_properties(_: Curve) -> Iterator[str]:
    """Write the named properties of policies."""
    return table(("property", "meaning", "checked by default as"), property_rows(of_policies=True))


def errors(_: Curve) -> Iterator[str]:
    """Write the errors; "raised if" is the first line of the class docstring, up to the names of its data."""
    found = [
        kind
        for part in (
            core,
            snapshots,
            logs,
            machine,
            import_module("trustcurve.policies.policy_errors"),
            import_module("trustcurve.verification.guard"),
            import_module("trustcurve.verification.property_file"),
            simulation,
            disagreement,
        )
        for kind in vars(part).values()
        if is_error(kind, part)
    ]
    rows = []
    for kind in found:
        when = (getdoc(kind) or "").partition("\n")[0].partition(": ``")[0].rstrip(".").replace("``", "`")
        data = ", ".join(f"`{field.name}`" for field in fields(kind)) if has(kind) else ""
        rows.append((f"`{kind.__name__}`", when, data))
    return table(("error", "raised if", "data"), rows)


def is_error(kind: object, part: ModuleType) -> bool:
    """Say whether something is an error that this module defines."""
    return isinstance(kind, type) and issubclass(kind, TrustcurveError) and kind.__module__.startswith(part.__name__)


def facts(curve: Curve) -> Iterator[str]:
    """Write the facts of the curve."""
    (_, *heads), *rows = fact_rows(facts_of(curve))
    return table(("fact", *(f"`{head}`" for head in heads)), rows)


# --- the pages -------------------------------------------------------------------------------------

TABLES: dict[str, Callable[[Curve], Iterator[str]]] = {
    write.__name__: write
    for write in (
        *(positions, accounts, states, rules, settling, facts, parameters),
        *(events, signals, curve_properties, policy_properties, errors),
    )
}


def renewed(text: str) -> str:
    """Return the page with all tables regenerated."""
    curve = Curve.default()

    def write(found: re.Match[str]) -> str:
        lines = "\n".join(TABLES[found["name"]](curve))
        return f"{found['opening']}{lines}\n{found['closing']}"

    return REGION.sub(write, text)


def main() -> int:
    """Write the tables, or check that they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; return 1 if a page is out of date")
    check = parser.parse_args().check
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
    stale = {path: new for path, text in texts.items() if (new := renewed(text)) != text}
    for path, new in stale.items():
        print(
            f"{path.relative_to(DOCS.parent)}: {'out of date: run python tools/docs_tables.py' if check else 'written'}"
        )
        if not check:
            path.write_text(new, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
