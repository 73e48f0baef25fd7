"""The unrolled loop as an explicit model for the model checkers Storm and PRISM: as DRN, or in the language of PRISM.

Where moves have probabilities the model is a Markov chain (DTMC): edges between the same two states are one transition, and
reward models count what happens on them. Elsewhere it is a Markov decision process (MDP) that the environment resolves: each
edge is a choice, and its label says what happens.

Source of the formats: https://www.stormchecker.org/documentation/background/drn.html for DRN,
https://www.prismmodelchecker.org/manual/ThePRISMLanguage for PRISM.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Final

from attrs import frozen

from trustcurve.arrays import Array
from trustcurve.core.curve import Curve
from trustcurve.core.values import checked_path
from trustcurve.errors import InvalidValueError, require
from trustcurve.policies.actions import MOVES, PROMISE_MOVES, WAIT
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import OPEN_MAX, Policy
from trustcurve.records.whole_files import WholeFiles
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.chain import automaton_probabilities
from trustcurve.verification.checker import checker_for
from trustcurve.verification.turn_rules import JOINS, Happening
from trustcurve.verification.unrolling import STATES_MAX

__all__ = ["ExplicitModel", "check_model_path", "export_model", "write_model"]

_BLOCK: Final = 1 << 14
"""How many states are made into text at once. Source: our choice: some megabytes."""

_TURN_BEGINS: Final = "turn_begins"
_DECIDES: Final = "policy_decides"
_TURNS: Final = "turns"
_TIME: Final = ("time", "lapsed", JOINS)

_KEYWORDS: Final = """
A bool clock const ctmc C deadlock double dtmc E endinit endinvariant endmodule endobservables endrewards endsystem false
formula filter func F global G init invariant I int label max mdp min module X nondeterministic observable observables of
Pmax Pmin P pomdp popta probabilistic prob pta rate rewards Rmax Rmin R S stochastic system true U W
"""
"""Words that cannot be names. Source: the manual of PRISM; and "deadlock", a label that every model has."""


def export_model(
    curve: Curve,
    path: str | PathLike[str],
    *,
    policy: Policy,
    environment: Environment = ANY,
    turn: timedelta | None = None,
    promises_max: int = 2,
    once_a_turn: bool = False,
    states_max: int = STATES_MAX,
) -> None:
    r"""Write the closed loop of a policy to a file that Storm (.drn) or PRISM and Storm (.prism) read.

    The arguments mean what they mean for ``check``. A file that exists is replaced once the new one is complete.

    Args:
        curve: The curve.
        path: The file; its suffix says the format: ``.drn`` or ``.prism``.
        policy: The policy.
        environment: What may happen; with probabilities the model is a Markov chain, else a Markov decision process.
        turn: How long a turn lasts. Default: a third of the curve's quiet period.
        promises_max: The most promises that may be open at once.
        once_a_turn: Whether the environment makes at most one move in a turn.
        states_max: The most states of the loop.

    Raises:
        ImpurePolicyError: The policy is not a pure function of the view.
        InvalidValueError: An argument is of another kind or out of range, the suffix is another one, the file cannot be
            written, or the loop exceeds ``states_max`` or ``promises_max``.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve.policies import parse_policy
        >>> from trustcurve.verification import export_model
        >>> patient = parse_policy('[policy]\nname = "patient"\n[[rules]]\ndo = "wait"')
        >>> with TemporaryDirectory() as folder:
        ...     export_model(Curve.default(), f"{folder}/patient.drn", policy=patient)
        ...     print(Path(folder, "patient.drn").read_text().splitlines()[1])
        @type: MDP
    """
    check_model_path("path", path)
    checker = checker_for(
        curve,
        policy,
        environment=environment,
        turn=turn,
        promises_max=promises_max,
        once_a_turn=once_a_turn,
        states_max=states_max,
    )
    write_model(checker.automaton("export_model"), path)


# --- the model ------------------------------------------------------------------------------------------------


@frozen(eq=False)
class ExplicitModel:
    """An automaton with the names and numbers that model checkers get.

    Args:
        automaton: A complete automaton; its states and edges keep their numbers.
    """

    automaton: Automaton

    @property
    def is_chain(self) -> bool:
        """Whether it is a Markov chain."""
        loop = self.automaton.loop
        return loop.environment.probabilities is not None and not loop.any_time

    @property
    def title(self) -> str:
        """What it is, in ASCII and on one line."""
        loop = self.automaton.loop
        return f"Policy {loop.policy.name!a} on curve {loop.curve.name!a}, environment {loop.environment.name!a}"

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels that states can have, but "init"."""
        counts = (f"open_{n}" for n in range(self.automaton.loop.promises_max + 1))
        return (*dict.fromkeys(self._names.values()), *counts, _TURN_BEGINS, _DECIDES)

    @cached_property
    def _names(self) -> dict[tuple[str, str], str]:
        """The label of each stage, of each leaf state and of each account."""
        loop = self.automaton.loop
        words = [("stage", stage.name) for stage in loop.curve.stages]
        words += [("state", state) for state in loop.curve.states]
        words += [("account", position.account) for position in loop.table.positions]
        marks = {_TURN_BEGINS, _DECIDES, *(f"open_{n}" for n in range(OPEN_MAX + 1))}
        return _named(dict.fromkeys(words), marks)

    @cached_property
    def _of_position(self) -> tuple[tuple[str, ...], ...]:
        """The labels of each position: of its stage, its leaf state and its account."""
        loop, found = self.automaton.loop, []
        for position in loop.table.positions:
            words = ("stage", position.stage), ("state", loop.curve.state(position)), ("account", position.account)
            found.append(tuple(dict.fromkeys(self._names[each] for each in words)))
        return tuple(found)

    @cached_property
    def labelled(self) -> tuple[list[tuple[str, ...]], Array]:
        """The sets of labels that occur, "init" included, and which of them each state has. Shape (states,)."""
        np = require("numpy", "verify")
        automaton = self.automaton
        begins, decides = (np.zeros(automaton.states, bool) for _ in range(2))
        begins[0] = True
        begins[automaton.target[automaton.ends]] = True
        if automaton.loop.any_time:
            decides[automaton.source[automaton.ends]] = True
        init = np.arange(automaton.states) == 0
        code = automaton.position.astype(np.int64) * (OPEN_MAX + 1) + automaton.open
        for which in (begins, decides, init):
            code = 2 * code + which
        kinds, kind = np.unique(code, return_inverse=True)
        return [self._labels_of(each) for each in kinds.tolist()], kind

    def _labels_of(self, code: int) -> tuple[str, ...]:
        rest, flags = divmod(code, 8)
        position, promises = divmod(rest, OPEN_MAX + 1)
        marks = [word for word, bit in (("init", 1), (_TURN_BEGINS, 4), (_DECIDES, 2)) if flags & bit]
        return (*marks, *self._of_position[position], f"open_{promises}")

    @cached_property
    def choices(self) -> tuple[str, ...]:
        """The label of each of the automaton's happenings: the move, with the place of its promise, and the actions."""
        return tuple(map(self._choice, self.automaton.happenings))

    @cached_property
    def _actions(self) -> dict[tuple[str, str], str]:
        """The name of each action of the policy; those of one's own can be any text."""
        moves = (*MOVES, *PROMISE_MOVES, *_TIME, *self.automaton.loop.environment.signals)
        places = [f"{move}_{place + 1}" for move in moves for place in range(OPEN_MAX)]
        return _named((("action", act) for act in self.automaton.loop.policy.acts), {WAIT, _TURNS, *moves, *places})

    def _words(self, happening: Happening) -> tuple[str, ...]:
        """Return the environment's move (or "time") and the policy's actions, where there are such."""
        if happening.actions is None:
            return (happening.move,)
        actions = tuple(self._actions["action", each] for each in happening.actions) or (WAIT,)
        return actions if happening.move == "time" else (happening.move, *actions)

    def _choice(self, happening: Happening) -> str:
        move, *actions = self._words(happening)
        place = "" if happening.promise is None else f"_{happening.promise + 1}"  # 1: the oldest promise
        return "__".join([move + place, *actions])

    def blocks(self) -> Iterator[slice]:
        """Yield the states in blocks that are small enough to be made into text."""
        for begin in range(0, self.automaton.states, _BLOCK):
            yield slice(begin, min(begin + _BLOCK, self.automaton.states))

    # --- as a chain -------------------------------------------------------------------------------------------

    @cached_property
    def _probabilities(self) -> Array:
        return automaton_probabilities(self.automaton)

    def transitions(self, states: slice) -> tuple[list[int], list[int], list[float]]:
        """Return the transitions of a chain from some states: how many each state has, their targets and probabilities."""
        np = require("numpy", "verify")
        automaton = self.automaton
        edges = slice(int(automaton.first[states.start]), int(automaton.first[states.stop]))
        pair = automaton.source[edges].astype(np.int64) * automaton.states + automaton.target[edges]
        pairs, which = np.unique(pair, return_inverse=True)
        p = np.bincount(which, self._probabilities[edges], len(pairs))
        source, target = np.divmod(pairs, automaton.states)
        count = np.bincount(source - states.start, minlength=states.stop - states.start)
        return count.tolist(), target.tolist(), p.tolist()

    @cached_property
    def rewards(self) -> tuple[tuple[str, ...], Array]:
        """The reward models of a chain: turns, and for each move and each action how likely it is in the turn that begins.

        Their names, and the rewards of each state. Shape (names, states).
        """
        np = require("numpy", "verify")
        automaton = self.automaton
        words = [self._words(each) for each in automaton.happenings]
        names = tuple(sorted({word for each in np.unique(automaton.happening).tolist() for word in words[each]}))
        found = np.ones((1 + len(names), automaton.states))
        for row, name in enumerate(names, 1):
            has = np.array([name in each for each in words], bool)[automaton.happening]
            found[row] = np.bincount(automaton.source[has], self._probabilities[has], automaton.states)
        return (_TURNS, *names), found


def _named(words: Iterable[tuple[str, str]], others: Collection[str]) -> dict[tuple[str, str], str]:
    """Return a name for each kind and word: the word, in letters, digits and underscores.

    If it is taken, by ``others`` too, the kind comes first. A state that is a whole stage shares its name.
    """
    taken = {*_KEYWORDS.split(), *others}
    names: dict[tuple[str, str], str] = {}
    for kind, word in words:
        if kind == "state" and ("stage", word) in names:
            names[kind, word] = names["stage", word]
            continue
        name = re.sub(r"\W", "_", word, flags=re.ASCII)
        name = name if re.match("[A-Za-z_]", name) else f"_{name}"
        if name in taken:
            name = f"{kind}_{name}"
        while name in taken:
            name += "_"
        taken.add(name)
        names[kind, word] = name
    return names


# --- DRN --------------------------------------------------------------------------------------------------------


def _drn(model: ExplicitModel) -> Iterator[str]:
    """Yield a model in DRN."""
    automaton = model.automaton
    names = model.rewards[0] if model.is_chain else (_TURNS,)
    choices = automaton.states if model.is_chain else automaton.transitions
    yield f"// {model.title}\n@type: {'DTMC' if model.is_chain else 'MDP'}\n@parameters\n\n"
    yield f"@reward_models\n{' '.join(names)}\n@nr_states\n{automaton.states}\n@nr_choices\n{choices}\n@model\n"
    kinds, kind = model.labelled
    labels = [" ".join(each) for each in kinds]
    write = _drn_chain if model.is_chain else _drn_choices
    for states in model.blocks():
        yield "".join(write(model, states, [labels[each] for each in kind[states].tolist()]))


def _drn_chain(model: ExplicitModel, states: slice, labels: Sequence[str]) -> Iterator[str]:
    count, target, p = model.transitions(states)
    rewards = model.rewards[1][:, states].T.tolist()
    lines = [f"\t\t{each} : {chance!r}\n" for each, chance in zip(target, p, strict=True)]
    at = 0
    for place, number in enumerate(range(states.start, states.stop)):
        yield f"state {number} [{','.join(map(_number, rewards[place]))}] {labels[place]}\n\taction __NOLABEL__\n"
        yield from lines[at : at + count[place]]
        at += count[place]


def _drn_choices(model: ExplicitModel, states: slice, labels: Sequence[str]) -> Iterator[str]:
    automaton = model.automaton
    first = automaton.first[states.start : states.stop + 1].tolist()
    edges = slice(first[0], first[-1])
    heads = [(f"\taction {each}\n\t\t", f"\taction {each} [1]\n\t\t") for each in model.choices]
    what = zip(*(each[edges].tolist() for each in (automaton.happening, automaton.ends, automaton.target)), strict=True)
    lines = [f"{heads[happening][ends]}{target} : 1\n" for happening, ends, target in what]
    for place, number in enumerate(range(states.start, states.stop)):
        yield f"state {number} {labels[place]}\n"
        yield from lines[first[place] - first[0] : first[place + 1] - first[0]]


def _number(value: float) -> str:
    return f"{value:.0f}" if value in (0, 1) else repr(value)


# --- PRISM ------------------------------------------------------------------------------------------------------


def _prism(model: ExplicitModel) -> Iterator[str]:
    """Yield a model in the language of PRISM: one module with one variable, the number of the state."""
    yield f"// {model.title}\n{'dtmc' if model.is_chain else 'mdp'}\n\n"
    yield f"module loop\n  s : [0..{model.automaton.states - 1}] init 0;\n\n"
    write = _prism_chain if model.is_chain else _prism_choices
    for states in model.blocks():
        yield "".join(write(model, states))
    yield "endmodule\n\n"
    yield from _prism_labels(model)
    yield from _prism_chain_rewards(model) if model.is_chain else _prism_turns(model)


def _prism_chain(model: ExplicitModel, states: slice) -> Iterator[str]:
    count, target, p = model.transitions(states)
    updates = [f"{chance!r}:(s'={each})" for each, chance in zip(target, p, strict=True)]
    at = 0
    for number, many in zip(range(states.start, states.stop), count, strict=True):
        yield f"  [] s={number} -> {' + '.join(updates[at : at + many])};\n"
        at += many


def _prism_choices(model: ExplicitModel, states: slice) -> Iterator[str]:
    automaton, names = model.automaton, model.choices
    edges = slice(int(automaton.first[states.start]), int(automaton.first[states.stop]))
    what = (each[edges].tolist() for each in (automaton.source, automaton.happening, automaton.target))
    for source, happening, target in zip(*what, strict=True):
        yield f"  [{names[happening]}] s={source} -> (s'={target});\n"


def _prism_labels(model: ExplicitModel) -> Iterator[str]:
    np = require("numpy", "verify")
    kinds, kind = model.labelled
    for label in model.labels:
        has = np.array([label in each for each in kinds], bool)[kind]
        change = np.flatnonzero(np.diff(has, prepend=False, append=False)).reshape(-1, 2)
        runs = [f"s={a}" if a + 1 == b else f"(s>={a} & s<={b - 1})" for a, b in change.tolist()]
        yield f'label "{label}" = {" | ".join(runs) or "false"};\n'


def _prism_chain_rewards(model: ExplicitModel) -> Iterator[str]:
    for name, rewards in zip(*model.rewards, strict=True):
        yield f'\nrewards "{name}"\n'
        if (rewards == 1).all():
            yield "  true : 1;\n"
        else:
            yield from (f"  s={n} : {_number(float(rewards[n]))};\n" for n in rewards.nonzero()[0].tolist())
        yield "endrewards\n"


def _prism_turns(model: ExplicitModel) -> Iterator[str]:
    np = require("numpy", "verify")
    automaton = model.automaton
    last = np.unique(automaton.happening[automaton.ends]).tolist()
    yield f'\nrewards "{_TURNS}"\n'
    yield from (f"  [{name}] true : 1;\n" for name in sorted({model.choices[each] for each in last}))
    yield "endrewards\n"


# --- files ------------------------------------------------------------------------------------------------------

_WRITERS: Final[dict[str, Callable[[ExplicitModel], Iterator[str]]]] = {".drn": _drn, ".prism": _prism}


def check_model_path(argument: str, path: str | PathLike[str]) -> Path:
    """Return a path; raise unless it is that of a file in a format that can be written."""
    name = checked_path(argument, path)
    if Path(name).suffix.lower() not in _WRITERS:
        raise InvalidValueError(argument, name, "must end in .drn (for Storm) or .prism (for PRISM and Storm)")
    return Path(name)


def write_model(automaton: Automaton, path: str | PathLike[str], *, argument: str = "path") -> None:
    """Write an automaton as a model; ``argument`` is the name of ``path`` in errors, which see ``export_model``."""
    file = check_model_path(argument, path)
    if automaton.stopped is not None:
        rule = f"must have a closed loop within the limits; {automaton.stopped}"
        raise InvalidValueError("policy", automaton.loop.policy.name, rule)
    if automaton.loop.environment.has_intervals:
        rule = "must have one probability for each move, not an interval, to be exported"
        raise InvalidValueError("environment", automaton.loop.environment.name, rule)
    try:
        with WholeFiles() as files, files.open(file) as text:
            text.writelines(part.encode("ascii") for part in _WRITERS[file.suffix.lower()](ExplicitModel(automaton)))
    except OSError as error:
        raise InvalidValueError(argument, str(path), f"must be a file that can be written; {error.strerror}") from error
