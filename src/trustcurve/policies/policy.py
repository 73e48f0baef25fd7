"""A journey policy: what the company does next, given what it may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import cached_property
from itertools import product
from math import fsum
from typing import TYPE_CHECKING, Any, Final, final

from attrs import evolve, field, fields_dict, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.instants import instant
from trustcurve.core.journey import Journey
from trustcurve.core.signals import LEDGER_SIGNALS, WEIGHTS
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.documents.forms import TEXT, between
from trustcurve.errors import InvalidValueError, UnknownWordError, final_class, plain_word
from trustcurve.policies.actions import ACTIONS, PROMISE_DUE, WAIT, Act, PromiseKind, acts_of
from trustcurve.policies.decision import Decision, other_rows, view_of
from trustcurve.policies.decision_list import ANY_KIND, DecisionList, plain_actions
from trustcurve.policies.memory import Memory, runs_along
from trustcurve.policies.policy_errors import ImpurePolicyError
from trustcurve.policies.recall import CONTACT, HEARD, JOINING, Recall
from trustcurve.policies.view import NotRememberedError, View

if TYPE_CHECKING:
    from trustcurve.verification.guard import Guard
    from trustcurve.verification.property import PropertyLike

__all__ = ["COST", "OPEN_MAX", "Policy", "check_turn", "named_pairs", "policy", "turn_of_curve"]

Decide = Callable[[View], str | list[str] | tuple[str, ...]]

OPEN_MAX: Final = 4
"""The most promises that can be open at once when a policy is analysed. Source: our choice: each makes the automaton larger."""

COST: Final = between(0, 1e12)
"""What an action may cost."""

_TURNS_PER_SILENCE: Final = 3
"""How many turns a quiet period has by default. Source: our choice: a turn is a month on the default curve."""


def turn_of_curve(curve: Curve) -> timedelta:
    """Return how long a turn lasts if nothing else is said: a third of the curve's quiet period."""
    return curve.silence_after / _TURNS_PER_SILENCE


def check_turn(turn: object, curve: Curve) -> timedelta:
    """Return how long a turn lasts.

    Raises:
        InvalidValueError: It is not a duration, or no whole fraction of the curve's quiet period, so that nothing is proved.
    """
    if not isinstance(turn, timedelta) or turn <= timedelta(0) or curve.silence_after % turn:
        period = curve.silence_after / timedelta(days=1)
        rule = f"must be a duration that is a whole fraction of the curve's quiet period, {period:g} days"
        raise InvalidValueError("turn", turn, rule)
    return turn


def _recalls(value: Iterable[Recall]) -> tuple[Recall, ...]:
    recalls = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    if not all(isinstance(each, Recall) for each in recalls):
        raise InvalidValueError("recalls", value, 'must be a list of what is counted, for example [since("ask", 3)]')
    return recalls


def named_pairs(argument: str, value: Any, fits: Callable[[Any], bool], example: str) -> tuple[tuple[str, Any], ...]:
    """Return the pairs of a dict with names as keys, or raise InvalidValueError."""
    pairs = value.items() if isinstance(value, Mapping) else value
    try:
        found: list[tuple[Any, Any]] = [(name, each) for name, each in pairs]
    except (TypeError, ValueError):
        found = [(None, None)]
    if not all(isinstance(name, str) and fits(each) for name, each in found):
        raise InvalidValueError(argument, value, f"must be a dict, for example {example}")
    return tuple((str(plain_word(name)), each) for name, each in found)


def _kinds(value: Mapping[str, PromiseKind]) -> tuple[tuple[str, PromiseKind], ...]:
    example = '{"parcel": PromiseKind("major", 2)}'
    return named_pairs("promises", value, lambda kind: isinstance(kind, PromiseKind), example)


def _signals(value: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return named_pairs("signals", value, lambda signal: isinstance(signal, str), '{"gift": "bonus"}')


def _costs(value: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return named_pairs("costs", value, lambda cost: isinstance(cost, int | float), '{"exchange": 4.5}')


def _constants(value: Mapping[str, tuple[str | int, ...]]) -> tuple[tuple[str, tuple[str | int, ...]], ...]:
    def are_values(values: Any) -> bool:
        return isinstance(values, list | tuple) and len(values) > 0 and {*map(type, values)} <= {str, int}

    return named_pairs("constants", value, are_values, '{"tier": ("basic", "gold")}')


@final
@frozen(kw_only=True)
class Policy:
    """A policy as a value: a name, a decision for every view, and what it remembers.

    Args:
        name: What it is called.
        decide: A pure function from a ``View`` to an action, or to several, in order: always the same for the same view.
        recalls: What it remembers (see ``since``, ``times``, ``tries`` and ``trend``). A policy made of rows remembers what
            its rows ask about; nothing is to be said here.
        promise_due: After how many turns a major or a minor promise falls due, 1 to 24.
        promises: More kinds of promises, by name, or the two with other dates. Each kind adds three actions: "promise_NAME",
            and "move_NAME" and "release_NAME" for its oldest open promise, with which the customer is taken to agree.
        signals: Actions of one's own, by name, each with the signal of one's own curve that it sends.
        costs: What an action costs each time, by name; 0 if nothing is said.
        constants: What is known of a customer's segment, by name, each with every value that it can have. ``bound`` chooses.
        description: What it is for.

    Raises:
        UnknownWordError: It remembers or counts the cost of something that cannot happen.
        InvalidValueError: A number is out of its range, or a name is taken.

    Examples:
        >>> @policy("solve first", promise_due=2)
        ... def solve_first(view):
        ...     return "repair" if view.account in ("slip", "breach") else "wait"
        >>> solve_first.name
        'solve first'
    """

    name: str = field(validator=TEXT)
    decide: Decide
    recalls: tuple[Recall, ...] = field(default=(), converter=_recalls)
    promise_due: int = field(default=2, validator=PROMISE_DUE)
    promises: tuple[tuple[str, PromiseKind], ...] = field(default=(), converter=_kinds)
    signals: tuple[tuple[str, str], ...] = field(default=(), converter=_signals)
    costs: tuple[tuple[str, float], ...] = field(default=(), converter=_costs)
    constants: tuple[tuple[str, tuple[str | int, ...]], ...] = field(default=(), converter=_constants)
    description: str = ""

    __init_subclass__ = final_class

    def __attrs_post_init__(self) -> None:
        for action, signal in self.signals:
            if action in ACTIONS:
                raise InvalidValueError("signals", action, "must not be an action that every policy has")
            if signal in LEDGER_SIGNALS:
                raise InvalidValueError("signals", signal, "must be a signal of one's own curve, which no event sends")
        for kind, about in self.promises:
            if ":" in kind or not kind or kind == ANY_KIND:
                raise InvalidValueError("promises", kind, "must be a name without a colon, and not 'any'")
            if kind in WEIGHTS and about.weight != kind:
                raise InvalidValueError("promises", kind, "must have the weight of its name")
        for action, cost in self.costs:
            if action not in self.acts:
                raise UnknownWordError("action", action, tuple(self.acts))
            COST.check(f"cost of {action}", cost)
        if isinstance(self.decide, DecisionList):
            object.__setattr__(self, "recalls", self.decide.recalls)

    @property
    def is_data(self) -> bool:
        """Whether it is a decision list, as from a file: then it is pure, and is asked once."""
        return isinstance(self.decide, DecisionList)

    @cached_property
    def sees_promises(self) -> bool:
        """Whether it may see more of open promises than how many there are."""
        decide = self.decide
        return not isinstance(decide, DecisionList) or any(
            part.partition(".")[0] in ("promised", "left") for part in decide.parts
        )

    @cached_property
    def kinds(self) -> dict[str, PromiseKind]:
        """The kinds of promises that it can make, by name."""
        return {weight: PromiseKind(weight, self.promise_due) for weight in WEIGHTS} | dict(self.promises)

    @cached_property
    def acts(self) -> dict[str, Act]:
        """Everything that it can do, by name, except to wait."""
        return acts_of(self.kinds, dict(self.signals))

    def cost(self, actions: AbstractSet[str]) -> float:
        """Return what some actions of a turn cost.

        Args:
            actions: The actions, as ``Turn.actions`` has them.

        Raises:
            UnknownWordError: One of them is not an action of this policy.

        Examples:
            >>> @policy("gifts", costs={"exchange": 4.5})
            ... def gifts(view):
            ...     return "exchange"
            >>> gifts.cost({"exchange", "ask"})
            4.5
        """
        if not isinstance(actions, AbstractSet):
            raise InvalidValueError("actions", actions, "must be a set of actions, such as turn.actions")
        for action in actions:
            if str(action) not in self.acts:
                raise UnknownWordError("action", str(action), tuple(self.acts))
        return fsum(cost for action, cost in self.costs if action in actions)

    def check_words(self, curve: Curve) -> None:
        """Check that everything that it speaks of can happen on a curve.

        Raises:
            UnknownWordError: It remembers something, or sends a signal, that the curve does not have.
        """
        own = curve.own_signals
        for _, signal in self.signals:
            if signal not in own:
                raise UnknownWordError("signal", signal, own)
        for recall in self.recalls:
            known = (*HEARD, *own, *self.acts, CONTACT)
            known = {"since": (*known, JOINING), "tries": (*self.acts, CONTACT), "trend": ("",)}.get(recall.kind, known)
            if recall.word not in known:
                raise UnknownWordError("word", recall.word, known)

    def bound(self, **constants: str | int) -> Policy:
        """Return the policy for a segment of customers.

        Args:
            **constants: The value of each constant that is not bound yet.

        Raises:
            UnknownWordError: There is no such constant, or it cannot have this value.

        Examples:
            >>> @policy("tiers", constants={"tier": ("basic", "gold")})
            ... def tiers(view):
            ...     return "exchange" if view.constant("tier") == "gold" else "wait"
            >>> tiers.bound(tier="gold").constants
            (('tier', ('gold',)),)
        """
        known = dict(self.constants)
        for name, value in constants.items():
            if name not in known:
                raise UnknownWordError("constant", name, tuple(known))
            if value not in known[name]:
                raise UnknownWordError(name, value, tuple(map(str, known[name])))
            known[name] = (value,)
        return evolve(self, constants=known)

    def segments(self) -> Iterator[Policy]:
        """Yield the policy for each segment of customers: for every combination of the values of its constants.

        Examples:
            >>> @policy("tiers", constants={"tier": ("basic", "gold"), "country": ("AT", "DE")})
            ... def tiers(view):
            ...     return "exchange" if view.constant("tier") == "gold" else "wait"
            >>> [each.segment for each in tiers.segments()][:2]
            [(('tier', 'basic'), ('country', 'AT')), (('tier', 'basic'), ('country', 'DE'))]
        """
        names = [name for name, _ in self.constants]
        for values in product(*(values for _, values in self.constants)):
            yield self.bound(**dict(zip(names, values, strict=True)))

    @property
    def segment(self) -> tuple[tuple[str, str | int], ...]:
        """The value of each constant.

        Raises:
            InvalidValueError: One of them is not bound.
        """
        for name, values in self.constants:
            if len(values) != 1:
                rule = f"must have one value, for example policy.bound({name}={values[0]!r})"
                raise InvalidValueError(f"constant {name}", values, rule)
        return tuple((name, values[0]) for name, values in self.constants)

    # --- deciding --------------------------------------------------------------------------------------------

    def actions(self, view: View) -> tuple[str, ...]:
        """Return the actions for a view, in order; none to wait. A function is asked twice.

        Raises:
            ImpurePolicyError: The policy fails, reads something that is not in the view or that it does not remember,
                returns something that is not an action, or returns two different answers for the same view.
        """
        answers = [self._ask(view) for _ in range(1 if self.is_data else 2)]
        if answers[0] != answers[-1]:
            raise ImpurePolicyError(
                self.name, f"it returned {answers[0]!r} and then {answers[-1]!r} for the same view, {view}"
            )
        for place, action in enumerate(answers[0]):
            if action == WAIT:
                raise ImpurePolicyError(self.name, f"it returned 'wait' beside other actions: {answers[0]!r}")
            if action not in self.acts:
                problem = f"it returned {action!r}, which is not an action; known: {', '.join((WAIT, *self.acts))}"
                raise ImpurePolicyError(self.name, problem)
            if action in answers[0][:place]:
                raise ImpurePolicyError(self.name, f"it returned {action!r} twice for one turn, {view}")
        return answers[0]

    def _ask(self, view: View) -> tuple[str, ...]:
        try:
            answer: Any = self.decide(view)
        except NotRememberedError as error:
            problem = f"it asked for something that it does not remember; say so: {error.needed}"
            raise ImpurePolicyError(self.name, problem) from None
        except AttributeError as error:
            if error.obj is view:
                known = (*fields_dict(View), "open", "since", "times", "tries", "trend", "constant")
                raise ImpurePolicyError(
                    self.name, f"it read view.{error.name}; a view has {', '.join(known)}"
                ) from None
            raise ImpurePolicyError(self.name, f"it failed with {error!r} on {view}") from error
        except Exception as error:
            raise ImpurePolicyError(self.name, f"it failed with {error!r} on {view}") from error
        words = (answer,) if isinstance(answer, str) else answer
        if not isinstance(words, list | tuple):  # a set has no order of its own
            problem = f"it returned {answer!r}: it must return an action, or a list or tuple of actions, in order"
            raise ImpurePolicyError(self.name, problem)
        return plain_actions(tuple(map(plain_word, words)))

    # --- running ---------------------------------------------------------------------------------------------

    def next_action(
        self, curve: Curve, standing: Standing, memory: Memory, *, at: datetime, turn: timedelta | None = None
    ) -> Decision:
        """Decide what the company does next with a customer: run the policy at an instant.

        What is proved of a policy holds if it runs once a turn, at instants exactly a turn apart.

        Args:
            curve: The curve.
            standing: The customer's standing, not after ``at``.
            memory: What the policy remembers of the customer; see ``memory`` and ``remember``.
            at: The instant of the run. Use the time for which the run is planned, not the time at which it begins.
            turn: How long a turn lasts. Default: a third of the curve's quiet period.

        Raises:
            ObservedInThePastError: ``at`` is earlier than the standing.
            InvalidValueError: The memory is not one of this policy, or is of a later time.
            ImpurePolicyError: As for ``actions``.

        Examples:
            >>> from datetime import UTC, datetime
            >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
            >>> @policy("greet")
            ... def greet(view):
            ...     return "propose" if view.stage == "distrust" else "wait"
            >>> decision = greet.next_action(curve, curve.begin("ann", new_year), greet.memory(), at=new_year)
            >>> decision.actions, [event.signal for event in decision.events()]
            (('propose',), ['proposition'])
        """
        if not isinstance(curve, Curve):
            raise InvalidValueError("curve", curve, "must be a Curve, for example Curve.default()")
        self._check_memory(memory, at)
        turn = turn_of_curve(curve) if turn is None else check_turn(turn, curve)
        seen = curve.observe(standing, at)
        heard = memory.after(seen, self.acts)
        view = view_of(curve, seen.after, heard, self.kinds, turn=turn, constants=self.segment)
        actions, now = self.actions(view), seen.after.as_of
        rows = self.decide.rules if isinstance(self.decide, DecisionList) else ()
        row = self.decide.rule(view) if isinstance(self.decide, DecisionList) else None
        return Decision(
            actions=actions,
            memory=heard.ran(now, actions),
            waited=heard.ran(now, ()),
            standing=seen.after,
            view=view,
            row=row,
            others=tuple(other_rows(rows, row, view)),
            at=now,
            next_run=now + turn,
            punctual=memory.run is None or now == memory.run + turn,
            acts=self.acts,
            kinds=self.kinds,
        )

    def remember(self, memory: Memory, step: Step) -> Memory:
        """Return what the policy remembers after an event was applied, or a customer observed.

        Args:
            memory: What it remembered before.
            step: What ``advance`` or ``observe`` returned. An action of the latest run is counted already.

        Raises:
            InvalidValueError: The memory is not one of this policy.

        Examples:
            >>> from datetime import UTC, datetime
            >>> from trustcurve import Complained
            >>> from trustcurve.policies import since
            >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
            >>> @policy("listen", recalls=[since("complaint", 3)])
            ... def listen(view):
            ...     return "repair" if view.since("complaint") == 0 else "wait"
            >>> step = curve.advance(curve.begin("ann", new_year), Complained(at=new_year))
            >>> listen.remember(listen.memory(), step).values
            (0,)
        """
        if not isinstance(step, Step):
            raise InvalidValueError("step", step, "must be the step that advance or observe returned")
        self._check_memory(memory, step.after.as_of)
        return memory.after(step, self.acts)

    def memory(
        self, journey: Journey | None = None, *, curve: Curve | None = None, turn: timedelta | None = None
    ) -> Memory:
        """Return what the policy remembers of a customer: nothing, or what a journey tells.

        The policy is taken to have run as the journey began and once a turn since, and to have done what the company did
        at these instants; what the company did between them counts as done by somebody else.

        Args:
            journey: The journey.
            curve: The curve; only its quiet period matters. Default: the default curve.
            turn: How long a turn lasts. Default: a third of the curve's quiet period.

        Examples:
            >>> from trustcurve.policies import since
            >>> @policy("patient", recalls=[since("ask", 3)])
            ... def patient(view):
            ...     return "ask" if view.since("ask") >= 3 else "wait"
            >>> patient.memory().values
            (3,)
        """
        memory = Memory(tuple((recall, recall.start) for recall in self.recalls))
        if journey is None:
            return memory
        if not isinstance(journey, Journey):
            raise InvalidValueError("journey", journey, "must be a Journey, as curve.journey returns it")
        curve = curve or Curve.default()
        turn = turn_of_curve(curve) if turn is None else check_turn(turn, curve)
        *_, end = runs_along(journey, memory, self.acts, turn)
        return end.memory

    def guard(self, curve: Curve, *, holds: Iterable[PropertyLike], **about: Any) -> Guard:
        """Return a guard of what a person or a program does between two runs; see ``trustcurve.verification.guard``.

        Args:
            curve: The curve.
            holds: What must hold: safety properties that are PROVED for this policy.
            **about: The other arguments of ``trustcurve.verification.guard``: ``environment``, ``acts``, and so on.
        """
        from trustcurve.verification.guard import guard  # noqa: PLC0415 - the only way out of this layer: a short form

        if isinstance(holds, str) or not isinstance(holds, Iterable):
            raise InvalidValueError("holds", holds, "must be a list of properties")
        return guard(curve, *holds, policy=self, **about)

    def _check_memory(self, memory: Memory, at: datetime) -> None:
        if not isinstance(memory, Memory) or tuple(recall for recall, _ in memory.recalled) != self.recalls:
            rule = f"must be a memory of policy {self.name!r}, for example policy.memory()"
            raise InvalidValueError("memory", memory, rule)
        if memory.heard is not None and instant(at) < memory.heard:
            raise InvalidValueError("at", at, f"must not be before the time of the memory, {memory.heard}")


def policy(
    name: str,
    *,
    recalls: Iterable[Recall] = (),
    promise_due: int = 2,
    promises: Mapping[str, PromiseKind] | None = None,
    signals: Mapping[str, str] | None = None,
    costs: Mapping[str, float] | None = None,
    constants: Mapping[str, tuple[str | int, ...]] | None = None,
    description: str = "",
) -> Callable[[Decide], Policy]:
    """Decorate a function to make it a policy; for arguments see ``Policy``.

    Examples:
        >>> @policy("always ask")
        ... def always_ask(view):
        ...     return "ask"
        >>> always_ask.promise_due
        2
    """
    remembered: tuple[Recall, ...] = tuple(recalls)
    return lambda decide: Policy(
        name=name,
        decide=decide,
        recalls=remembered,
        promise_due=promise_due,
        promises=promises or {},
        signals=signals or {},
        costs=costs or {},
        constants=constants or {},
        description=description,
    )
