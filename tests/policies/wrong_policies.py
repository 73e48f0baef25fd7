"""Changes that make a policy's file wrong, one by one: what changes, and what must be found."""

from __future__ import annotations

RIGHT = """\
[policy]
name = "patient"
promise_due = 3

[[rules]]
name = "make good"
when = { account = ["slip", "breach"] }
do = "repair"
because = "amends come first"

[[rules]]
name = "do not repeat"
when = { last = "exchange", times = { ask = { within = 2, at_least = 1 } } }
do = "wait"

[[rules]]
name = "warm up"
when = { stage = "hopeful", engaged = { below = 3 }, open = 0 }
do = "exchange"
"""

WRONG: dict[str, tuple[tuple[str, str], str, str, str]] = {
    # --- words
    "an unknown table": (("[policy]", "[rule]\n[policy]"), "[rule]", "", "unknown table; did you mean 'rules'?"),
    "an unknown key of the policy": (("promise_due = 3", "promise_du = 3"), "[policy]", "promise_du", "'promise_due'?"),
    "an unknown key of a row": (
        ("because =", "becuase ="),
        "[[rules]] make good",
        "becuase",
        "did you mean 'because'?",
    ),
    "a name twice": (('name = "warm up"', 'name = "make good"'), "[[rules]] make good", "name", "of an earlier row"),
    "the number of an earlier row as a name": (
        ('name = "warm up"', 'when = { stage = "departed" }\ndo = "wait"\n[[rules]]\nname = "number 3"'),
        "[[rules]] number 3",
        "name",
        "of an earlier row",
    ),
    "an unknown part": (("open = 0", "opn = 0"), "[[rules]] warm up", "when.opn", "did you mean 'open'?"),
    "an unknown bound": (("below = 3", "under = 3"), "[[rules]] warm up", "when.engaged.under", "known: at_least"),
    "an unknown action": (
        ('"repair"', '"repiar"'),
        "[[rules]] make good",
        "do",
        "unknown word 'repiar'; did you mean 'repair'?",
    ),
    "a row without an action": (('do = "exchange"', ""), "[[rules]] warm up", "do", "is missing: the company's action"),
    "an unknown stage": (('"hopeful"', '"hopefull"'), "[[rules]] warm up", "when.stage", "did you mean 'hopeful'?"),
    "an unknown account": (('"slip"', '"slipp"'), "[[rules]] make good", "when.account", "did you mean 'slip'?"),
    "a stage for a state": (
        ('stage = "hopeful"', 'state = "distrust"'),
        "[[rules]] warm up",
        "when.state",
        "unknown word 'distrust'",
    ),
    "an unknown posture": (
        ('stage = "hopeful"', 'posture = "suspicios"'),
        "[[rules]] warm up",
        "when.posture",
        "did you mean 'suspicious'?",
    ),
    "an unknown last action": (('last = "exchange"', 'last = "sell"'), "[[rules]] do not repeat", "when.last", "wait"),
    # --- values
    "no name": (('name = "patient"', 'name = " "'), "[policy]", "name", "must be a text that is not empty"),
    "a row's name that is no text": (('name = "warm up"', "name = 3"), "[[rules]] number 3", "name", "must be a text"),
    "too long a memory": (
        ("within = 2", "within = 25"),
        "[[rules]] do not repeat",
        "when.times.ask.within",
        "from 1 to 24, got 25",
    ),
    "a window that is no number": (
        ("within = 2", "within = true"),
        "[[rules]] do not repeat",
        "when.times.ask.within",
        "got true",
    ),
    "no window": (("within = 2, ", ""), "[[rules]] do not repeat", "when.times.ask.within", "is missing"),
    "something that cannot happen": (
        ("{ ask = { within", "{ aks = { within"),
        "[[rules]] do not repeat",
        "when.times.aks",
        "did you mean 'ask'?",
    ),
    "a day of an unknown kind": (
        ("open = 0", "left = { delivery = 1 }"),
        "[[rules]] warm up",
        "when.left.delivery",
        "known: major, minor, any",
    ),
    "an open promise of an unknown kind": (
        ("open = 0", 'promised = "majr"'),
        "[[rules]] warm up",
        "when.promised",
        "did you mean 'major'?",
    ),
    "an unknown trend": (("open = 0", 'trend = "up"'), "[[rules]] warm up", "when.trend", "known: rise, fall"),
    "an unknown constant": (
        ("open = 0", 'constants = { tier = "gold" }'),
        "[[rules]] warm up",
        "when.constants.tier",
        "unknown word 'tier'",
    ),
    "a promise that is due at once": (
        ("promise_due = 3", "promise_due = 0"),
        "[policy]",
        "promise_due",
        "from 1 to 24",
    ),
    "a purpose that is no text": (
        ("promise_due = 3", "promise_due = 3\ndescription = 1"),
        "[policy]",
        "description",
        "must be a text",
    ),
    "a reason that is no text": (('"amends come first"', "1"), "[[rules]] make good", "because", "must be a text"),
    "a parameter": (
        ("below = 3", 'below = "engaged_max"'),
        "[[rules]] warm up",
        "when.engaged.below",
        "must be a whole number, got 'engaged_max'",
    ),
    "bounds that bound nothing": (
        ("{ below = 3 }", "{}"),
        "[[rules]] warm up",
        "when.engaged",
        "must not be empty",
    ),
    "half a number": (("below = 3", "below = 2.5"), "[[rules]] warm up", "when.engaged.below", "2.5"),
    "no words": (('["slip", "breach"]', "[]"), "[[rules]] make good", "when.account", "must not be empty"),
    "no numbers": (("open = 0", "open = []"), "[[rules]] warm up", "when.open", "must not be empty"),
    "a flag that is none": (("open = 0", "outside = 0"), "[[rules]] warm up", "when.outside", "must be true or false"),
    # --- actions and promises
    "an own action that every policy has": (
        ("[policy]", '[actions]\nask = { signal = "hello" }\n[policy]'),
        "[actions]",
        "ask",
        "is an action that every policy has",
    ),
    "a signal of another curve": (
        ("[policy]", '[actions]\ngreet = { signal = "hello" }\n[policy]'),
        "[actions]",
        "greet.signal",
        "unknown word 'hello'",
    ),
    "a kind that is due at once": (
        ("[policy]", "[promises]\ndelivery = { due = 0 }\n[policy]"),
        "[promises]",
        "delivery.due",
        "from 1 to 24",
    ),
    "a kind of no weight": (
        ("[policy]", '[promises]\ndelivery = { weight = "heavy" }\n[policy]'),
        "[promises]",
        "delivery.weight",
        "unknown word 'heavy'",
    ),
    "waiting beside an action": (
        ('do = "repair"', 'do = ["wait", "repair"]'),
        "[[rules]] make good",
        "do",
        "must have each action once, and 'wait' alone",
    ),
    "an action twice": (
        ('do = "repair"', 'do = ["repair", "repair"]'),
        "[[rules]] make good",
        "do",
        "must have each action once",
    ),
    "more turns than can be remembered": (
        ("open = 0", "since = { ask = 24 }"),
        "[[rules]] warm up",
        "when.since.ask",
        "must be compared with numbers from 0 to 23",
    ),
    "a kind with a colon": (
        ("[policy]", '[promises]\n"a:b" = {}\n[policy]'),
        "[promises]",
        "'a:b'",
        "must be named without a colon",
    ),
    "a kind of all": (("[policy]", "[promises]\nany = {}\n[policy]"), "[promises]", "any", "and not 'any'"),
    "a major promise of minor weight": (
        ("[policy]", '[promises]\nmajor = { weight = "minor" }\n[policy]'),
        "[promises]",
        "major.weight",
        "must be that of its name",
    ),
    "a value twice": (
        ("[policy]", '[constants]\ntier = ["a", "a"]\n[policy]'),
        "[constants]",
        "tier",
        "must have each value once",
    ),
    "the cost of an unknown action": (("[policy]", "[costs]\naks = 1\n[policy]"), "[costs]", "aks", "'ask'?"),
    "a cost below nothing": (("[policy]", "[costs]\nask = -1\n[policy]"), "[costs]", "ask", "from 0 to"),
    # --- rows that never decide
    "more asks than the window holds": (
        ("at_least = 1 }", "at_least = 3 }"),
        "[[rules]] do not repeat",
        "when",
        "can never match: what it asks for never holds together",
    ),
    "a counter beyond its range": (
        ("engaged = { below = 3 }", "engaged = { above = 4 }"),
        "[[rules]] warm up",
        "when",
        "never holds together",
    ),
    "bounds that exclude each other": (
        ("engaged = { below = 3 }", "doubt = { above = 4, below = 5 }"),
        "[[rules]] warm up",
        "when",
        "never holds together",
    ),
    "a stage with another's posture": (
        ("engaged = { below = 3 }", 'posture = "suspicious"'),
        "[[rules]] warm up",
        "when",
        "never holds together",
    ),
    "a turn before the first": (("open = 0", "quiet = { below = 0 }"), "[[rules]] warm up", "when", "never holds"),
    "after a row that always holds": (
        ('when = { last = "exchange", times = { ask = { within = 2, at_least = 1 } } }', ""),
        "[[rules]] warm up",
        "when",
        "can never match: wherever it holds, a row before it holds too",
    ),
    "after a row that holds wherever it does": (
        (
            'when = { last = "exchange", times = { ask = { within = 2, at_least = 1 } } }',
            "when = { engaged = { at_most = 2 } }",
        ),
        "[[rules]] warm up",
        "when",
        "a row before it holds too",
    ),
    "after rows that together hold everywhere": (
        (
            'when = { last = "exchange", times = { ask = { within = 2, at_least = 1 } } }',
            'when = { account = ["clear", "due"] }',
        ),
        "[[rules]] warm up",
        "when",
        "a row before it holds too",
    ),
}
"""What is changed in the right file (old text, new text), and table, key and sentence of what must be found."""
