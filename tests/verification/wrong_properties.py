"""Changes that make a file of properties wrong, one by one: what changes, and what must be found."""

from __future__ import annotations

RIGHT = """\
[[properties]]
name = "no ask while amends are owed"
description = "amends come first"
never = { actions = "ask", met = { account = ["slip", "breach"] } }
when = { moves = ["complaint", "purchase"], open_before = { at_most = 1 } }

[[properties]]
name = "one ask"
count = { actions = "ask", signals = "company_one_sided" }
at_most = 1
per = 4

[[properties]]
name = "thanks"
after = { any = [{ moves = "advocacy" }, { not = { met = { state = "hopeful" } } }] }
comes = { actions = "exchange" }
within = 2

[[properties]]
name = "likely"
probability = { after = { stage = "advocate", doubt = { below = 3 } } }
at_least = 0.1
at_most = 0.5
"""

FIRST, SECOND, THIRD, FOURTH = (
    f"[[properties]] {name}" for name in ("no ask while amends are owed", "one ask", "thanks", "likely")
)
KINDS = "always, never, count, recurs, first, until, after, possible, recoverable_to, probability, expected_turns, expected_total"

WRONG: dict[str, tuple[tuple[str, str], str, str, str]] = {
    # --- keys
    "an unknown table": (('[[properties]]\nname = "likely"', '[x]\n[[properties]]\nname = "likely"'), "[x]", "", "unknown table"),
    "an unknown kind": (("never =", "nver ="), FIRST, "nver", "unknown key; did you mean 'never'?"),
    "no kind": (("probability = {", "# {"), FOURTH, "", f"must have one of the keys {KINDS}"),
    "two kinds": (
        ("count = {", "always = { changed = true }\ncount = {"),
        SECOND,
        "count",
        f"cannot stand beside 'always': there must be exactly one of the keys {KINDS}",
    ),
    "a key of another kind": (("within = 2", "per = 2"), THIRD, "per", "unknown key; known: name, description, assuming, after"),
    "an unknown key of a predicate": (("signals =", "signal ="), SECOND, "count.signal", "did you mean 'signals'?"),
    "an unknown key of a position": (("account =", "acount ="), FIRST, "never.met.acount", "did you mean 'account'?"),
    "an unknown bound": (("below = 3", "under = 3"), FOURTH, "probability.after.doubt.under", "known: at_least"),
    "a key of the policy's file": (('actions = "exchange"', 'do = "exchange"'), THIRD, "comes.do", "unknown key"),
    # --- words
    "an unknown stage": (('"advocate"', '"advocat"'), FOURTH, "probability.after.stage", "did you mean 'advocate'?"),
    "an unknown account": (('"slip"', '"slipp"'), FIRST, "never.met.account", "did you mean 'slip'?"),
    "a stage for a state": (('"hopeful"', '"distrust"'), f"{THIRD} after.any number 2", "not.met.state", "'distrust'"),
    "an unknown posture": (
        ('stage = "advocate"', 'posture = "suspicios"'),
        FOURTH,
        "probability.after.posture",
        "did you mean 'suspicious'?",
    ),
    "an unknown action": (('"exchange"', '"exchang"'), THIRD, "comes.actions", "unknown word 'exchang'; did you mean"),
    "an unknown move": (('"purchase"', '"purchse"'), FIRST, "when.moves", "unknown word 'purchse'; did you mean 'purchase'?"),
    "an unknown move inside another table": (
        ('"advocacy"', '"advocay"'),
        f"{THIRD} after.any number 1",
        "moves",
        "did you mean 'advocacy'?",
    ),
    "an unknown signal": (
        ('"company_one_sided"', '"company_onesided"'),
        SECOND,
        "count.signals",
        "did you mean 'company_one_sided'?",
    ),
    "an unknown fairness": (("within = 2", 'fair = "move"'), THIRD, "fair", "unknown word 'move'; did you mean 'moves'?"),
    # --- values
    "no name": (('name = "thanks"', ""), "[[properties]] number 3", "name", "is missing: its name in reports"),
    "an empty name": (('"likely"', '" "'), "[[properties]] number 4", "name", "must be a text that is not empty"),
    "a name twice": (('"likely"', '"thanks"'), THIRD, "name", "is the name of an earlier property"),
    "a purpose that is no text": (('"amends come first"', "1"), FIRST, "description", "must be a text, got 1"),
    "a word for a predicate": (('{ actions = "exchange" }', '"exchange"'), THIRD, "comes", "must be a table, got 'exchange'"),
    "an empty predicate": (('{ actions = "exchange" }', "{}"), THIRD, "comes", "must not be empty"),
    "an empty position": (('{ state = "hopeful" }', "{}"), f"{THIRD} after.any number 2", "not.met", "must not be empty"),
    "empty bounds": (("{ below = 3 }", "{}"), FOURTH, "probability.after.doubt", "must not be empty"),
    "no words": (('["complaint", "purchase"]', "[]"), FIRST, "when.moves", "must not be empty"),
    "no alternatives": (
        ('[{ moves = "advocacy" }, { not = { met = { state = "hopeful" } } }]', "[]"),
        THIRD,
        "after.any",
        "must not be empty",
    ),
    "an alternative that is none": (('{ moves = "advocacy" }', "3"), THIRD, "after.any", "must be a table, got 3"),
    "a flag that is none": (('state = "hopeful"', "outside = 1"), f"{THIRD} after.any number 2", "not.met.outside", "true or false"),
    "half a number": (("below = 3", "below = 2.5"), FOURTH, "probability.after.doubt.below", "must be a whole number, got 2.5"),
    "a limit that is missing": (("at_most = 1\nper", "per"), SECOND, "at_most", "is missing: the most turns"),
    "a limit below 0": (("at_most = 1\n", "at_most = -1\n"), SECOND, "at_most", "must be a whole number of turns of at least 0"),
    "no turn to count in": (("per = 4", "per = 0"), SECOND, "per", "must be a whole number of turns of at least 1, got 0"),
    "very many turns": (("within = 2", "within = 2000000000"), THIRD, "within", "must be a whole number of at most 1,000,000,000"),
    "turns that are no number": (("within = 2", 'within = "soon"'), THIRD, "within", "got 'soon'"),
    "fairness within turns": (("within = 2", 'within = 2\nfair = "moves"'), THIRD, "fair", "must be left out where within is given"),
    "a probability above 1": (("0.5", "1.5"), FOURTH, "at_most", "must be a number from 0 to 1, got 1.5"),
    "bounds in the wrong order": (("0.5", "0.05"), FOURTH, "at_most", "must be in ascending order"),
    "a mean below 1": (
        ('probability = { after = { stage = "advocate", doubt = { below = 3 } } }\nat_least = 0.1', "expected_turns = { changed = true }"),
        FOURTH,
        "at_most",
        "must be a number of turns of at least 1, got 0.5",
    ),
    # --- conditions that no turn fulfils
    "a counter beyond its range": (("below = 3", "above = 12"), FOURTH, "probability.after", "never holds: the curve has no such position"),
    "a stage with another's posture": (
        ("doubt = { below = 3 }", 'posture = "suspicious"'),
        FOURTH,
        "probability.after",
        "never holds: the curve has no such position",
    ),
    "more promises than can be open": (
        ("open_before = { at_most = 1 }", "open_before = { above = 4 }"),
        FIRST,
        "when.open_before",
        "never holds: from 0 to 4 promises can be open",
    ),
}  # fmt: skip
"""What is changed in the right file (old text, new text), and table, key and sentence of what must be found."""
