"""What a policy remembers, a second time: counted from the whole history, not step by step."""

from __future__ import annotations

from attrs import evolve, frozen

from trustcurve.policies import Recall

COMPANY = ("propose", "ask", "exchange", "repair", "promise_major", "promise_minor")
ANSWERS = ("complaint", "advocacy", "purchase", "customer_one_sided", "departure", "return")


Past = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
"""For each turn, what the company did at its run, and what came after."""


@frozen
class History:
    """Everything that happened to one customer."""

    turns: Past = (((), ()),)
    joined: int = 1  # how many whole turns ago, as the first turn ends

    def hears(self, *words: str) -> History:
        """Write down what happened between two runs."""
        done, heard = self.turns[-1]
        return evolve(self, turns=(*self.turns[:-1], (done, (*heard, *words))))

    def runs(self, actions: tuple[str, ...]) -> History:
        """Write down a run."""
        return evolve(self, turns=(*self.turns, (actions, ())))

    def value(self, recall: Recall) -> int:
        """Return the value of a counter, were it asked now."""
        if recall.kind == "trend":
            changes = [word for _, heard in self.turns for word in heard if word in ("rise", "fall")]
            return {"rise": 1, "fall": 2}[changes[-1]] if changes else 0
        if recall.kind == "tries":
            return min(self._unanswered(recall), recall.most)
        came = [self._came(recall, turn) for turn in reversed(self.turns)]
        if recall.kind == "times":
            return sum(any(each) << age for age, each in enumerate(came[: recall.most]))
        ages = [age + (not heard) for age, (done, heard) in enumerate(came) if done or heard]
        if recall.word == "joining":
            ages.append(len(self.turns) - 1 + self.joined)
        return min([recall.most, *ages])

    def _came(self, recall: Recall, turn: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[bool, bool]:
        done, heard = turn
        if recall.word == "contact":  # between two runs the company takes no actions of its own
            return bool(done), any(word in heard for word in COMPANY)
        return recall.word in done, recall.word in heard

    def _unanswered(self, recall: Recall) -> int:
        tries = 0
        for done, heard in self.turns:
            tries += sum(recall.word in (word, "contact") for word in done)
            if any(word in ANSWERS for word in heard):
                tries = 0
        return tries

    def values(self, recalls: tuple[Recall, ...]) -> tuple[int, ...]:
        """Return the value of each counter."""
        return tuple(self.value(recall) for recall in recalls)
