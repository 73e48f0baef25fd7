"""Compare speed side by side in one run, and print ratios: `make bench`.

Ratios matter; microseconds are this machine's at this moment. Every figure is the least of many
interleaved repeats (A B A B), so that what slows the machine down slows all down alike. This is a
report and no test: nothing fails when a target is missed, it is only marked.
"""

from __future__ import annotations

import platform
from importlib.metadata import version

import contenders
import costs
import loops
import populations
import proofs
import whole_logs
from tables import Row, show, verdict

ROUNDS = 15
SIGNALS = 2000
SLOW = 200
FLAT = "transitions Machine"

SPEEDS = {
    "bare dict lookup": (contenders.bare_dict, SIGNALS),
    "curve.react, warm": (contenders.react, SIGNALS),
    "curve.advance, full step": (contenders.advance, SIGNALS),
    "making an event + advance": (contenders.event_and_advance, SIGNALS),
    "LiveCustomer.apply, a callback": (contenders.live_customer, SIGNALS),
    FLAT: (contenders.transitions_flat, SIGNALS),
    "transitions HierarchicalMachine": (contenders.transitions_nested, SLOW),
    "TrustMachine: the whole curve on it": (contenders.trust_machine, SLOW),
    "python-statemachine": (contenders.python_statemachine, SLOW),
}
TARGETS = {"curve.react, warm": 40, "curve.advance, full step": 4}


def speeds() -> list[Row]:
    """Measure what is done once for every event."""
    runs = {name: make(n) for name, (make, n) in SPEEDS.items()}
    least = costs.interleaved(runs, ROUNDS)
    each = {name: seconds / SPEEDS[name][1] for name, seconds in least.items()}
    rows = []
    for name, seconds in each.items():
        ratio = each[FLAT] / seconds
        target = TARGETS.get(name)
        met = "" if target is None else verdict(f">= {target}x", met=ratio >= target)
        rows.append((name, f"{seconds * 1e6:.2f} us", f"{1 / seconds:,.0f}", f"{ratio:.2f}x", met))
    return rows


def once() -> list[Row]:
    """Measure what is done once for every program or customer."""
    imports, curve, size = costs.import_seconds(), costs.curve_seconds(), costs.standing_bytes()
    more = (imports["trustcurve"] - imports["attrs"]) * 1000
    unroll, load = curve["unroll"] * 1000, curve["load"] * 1000
    return [
        ("start Python", f"{imports['sys'] * 1000:.1f} ms", ""),
        ("start Python, import attrs", f"{imports['attrs'] * 1000:.1f} ms", ""),
        ("import trustcurve, beyond attrs", f"{more:.1f} ms", verdict("<= 35 ms", met=more <= 35)),
        ("unroll the default curve", f"{unroll:.1f} ms", verdict("<= 50 ms", met=unroll <= 50)),
        ("load a curve file, all checks", f"{load:.1f} ms", ""),
        ("a stored standing, no promise open", f"{size} bytes", verdict("< 400 bytes", met=size < 400)),
    ]


def held() -> list[Row]:
    """Measure what a customer holds in memory, beyond its standing."""
    live, asynchronous, model = costs.customer_bytes()
    rows = [("a model of transitions Machine", f"{model:,.0f} bytes", "1.0", "")]
    for name, size in (("LiveCustomer", live), ("AsyncLiveCustomer", asynchronous)):
        met = verdict("<= 500 bytes and 1/30", met=size <= 500 and size * 30 <= model)
        rows.append((name, f"{size:,.0f} bytes", f"1/{model / size:.0f}", met))
    return rows


def promised() -> list[Row]:
    """Measure what thousands of open promises of one customer cost, beside as many that are closed at once."""
    rows = []
    for name, (closed, never) in costs.promise_seconds().items():
        met = verdict("<= 3x", met=never <= 3 * closed)
        rows.append((name, f"{closed:.2f} s", f"{never:.2f} s", f"{never / closed:.1f}x", met))
    return rows


def proved() -> list[Row]:
    """Measure what proofs about the default curve and about each shipped policy cost."""
    curve, targets = proofs.curve_seconds(), {"unroll": 50, "theorem": 500, "all": 1000}
    words = {
        "unroll": "unroll the default curve",
        "theorem": "the theorem: the greatest simulation",
        "all": "the default curve: all properties",
    }
    rows = [
        (words[key], "", f"{curve[key] * 1000:,.0f} ms", verdict(f"<= {most} ms", met=curve[key] * 1000 <= most))
        for key, most in targets.items()
    ]
    for name, (seconds, told) in proofs.shipped().items():
        rows.append((f"policy {name}", told, f"{seconds:.2f} s", verdict("<= 5 s", met=seconds <= 5)))
    made, call = proofs.guarded()
    rows.append(("a guard of asks under solve_first, made", "", f"{made:.2f} s", ""))
    rows.append(("each call of it, 99th percentile", "", f"{call * 1e6:,.0f} us", verdict("<= 1 ms", met=call <= 1e-3)))
    return rows


def unrolled() -> list[Row] | None:
    """Measure unrolling beside version 0.1.0; None if it is not in the history here."""
    speeds = loops.beside_0_1_0()
    if speeds is None:
        return None
    rows = []
    for name, both in speeds.items():
        cells = (cell for each in both for cell in (f"{each.transitions:,}", millions(each.per_second)))
        ratio = both[0].per_second / both[1].per_second
        rows.append((name, *cells, f"{ratio:.1f}x", verdict(">= 20x", met=ratio >= 20)))
    return rows


def read_by_storm() -> list[Row]:
    """Measure what it takes to unroll a loop, to write it, and Storm to read it."""
    rows = []
    for name, each in loops.beside_storm():
        speeds = (millions(each.transitions / spent) for spent in (each.unrolled, each.written, each.read))
        rows.append((name, each.suffix, f"{each.transitions:,}", *speeds, f"{each.read / each.unrolled:.0f}x"))
    return rows


def millions(per_second: float) -> str:
    """Return how many a second, in millions."""
    return f"{per_second / 1e6:.2f} M"


def agreed() -> list[Row]:
    """Count the verdicts that Storm shares."""
    rows = []
    for name, counts in loops.agreement().items():
        wrong = sorted(word for word in counts if word.startswith("NOT"))
        alike = f"{counts['agree']} of {sum(counts.values()) - counts['unknown']}"
        rows.append((name, alike, str(counts["unknown"]), "; ".join(wrong) or verdict("all", met=True)))
    return rows


def found() -> list[Row]:
    """Look for planted bugs, by proof and by chance."""
    return [
        (name, f"{turns} ({events} events)", f"{ours * 1000:,.0f} ms", steps, f"{theirs:.1f} s")
        for name, (turns, events, ours, steps, theirs) in proofs.planted().items()
    ]


def simulated() -> list[Row]:
    """Measure what simulating a population costs, beside Mesa."""
    ours, theirs = populations.speeds()
    ratio, each = ours / theirs, populations.bytes_each()
    sizes = populations.growth()
    per_customer = [seconds / size for size, seconds in sizes]
    grown = per_customer[-1] / per_customer[0]
    return [
        ("Mesa, an agent each", f"{theirs:,.0f} agent-steps/s", "1", ""),
        ("simulate, one process", f"{ours:,.0f} agent-steps/s", f"{ratio:.0f}x", verdict(">= 30x", met=ratio >= 30)),
        ("Mesa against the exact answer", f"<= {populations.agreement():.1f} standard errors", "", ""),
        *((f"simulate {size:,} customers", f"{seconds:.2f} s", "", "") for size, seconds in sizes),
        (
            "one of the last beside one of the first",
            f"{grown:.2f} of the time",
            "",
            verdict("<= 1.2", met=grown <= 1.2),
        ),
        ("memory for each customer", f"{each:.0f} bytes", "", verdict("< 200", met=each < 200)),
    ]


def computed() -> list[Row]:
    """Measure what the exact answer costs for each shipped policy."""
    rows = []
    for name, (first, again, whole) in populations.exact_seconds().items():
        times = tuple(f"{seconds * 1000:,.0f} ms" for seconds in (first, again, whole))
        rows.append((f"expected, {name}", *times, verdict("<= 100 ms", met=whole <= 0.1)))
    return rows


def show_loops() -> None:
    """Print how unrolling compares with version 0.1.0 and with Storm, or that one of them is missing."""
    rows = unrolled()
    if rows is None:
        print("SKIPPED: unrolling beside version 0.1.0. The history of this clone does not reach back to it")
    else:
        head = ("loop, once a turn", "transitions", "a second", "0.1.0's", "a second", "ratio", "target")
        show(f"Unrolling, by time of the processor; 0.1.0 stops at {loops.OLD_STATES:,} states", head, rows)
    if not loops.storm_is_here():
        print("SKIPPED: loops and verdicts beside Storm. It is not installed: pip install stormpy")
        return
    head = ("loop", "file", "transitions", "unrolled", "written", "read", "read / unrolled")
    show(f"Read by Storm {version('stormpy')}, transitions a second of the processor", head, read_by_storm())
    show("Verdicts that Storm shares", ("policy", "agree", "unknown to us", "target"), agreed())


def main() -> None:
    """Measure and print."""
    names = ("attrs", "transitions", "python-statemachine", "mesa", "numpy", "scipy")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"Python {platform.python_version()}, {packages}; least of {ROUNDS} interleaved rounds")
    show("Each event", ("what", "time", "per second", "vs transitions", "target"), speeds())
    show("In memory, each customer", ("what", "size", "vs transitions", "target"), held())
    promises = ("what", "kept at once", "never closed", "ratio", "target")
    show(f"{costs.PROMISES:,} promises of one customer", promises, promised())
    show("Once", ("what", "cost", "target"), once())
    show("Proofs", ("what", "proved, refuted, unknown", "time", "target"), proved())
    show_loops()
    show("Populations", ("what", "cost", "vs Mesa", "target"), simulated())
    show(
        "Exact answers, 24 steps", ("what", "first, unrolling", "again", "all tables", "target: all tables"), computed()
    )
    whole_logs.show_whole_logs()
    budget = f"hypothesis.stateful has {proofs.EXAMPLES} journeys of up to {proofs.STEPS} steps for each"
    show(f"Planted bugs; {budget}", ("bug", "shortest", "proof", "by chance", "its time"), found())


if __name__ == "__main__":
    main()
