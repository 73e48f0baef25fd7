"""Where journeys of the closed loop begin: with a stranger, in a state, or at a standing."""

from __future__ import annotations

from trustcurve.core.curve import Curve
from trustcurve.core.standing import Standing
from trustcurve.core.values import checked_word
from trustcurve.errors import InvalidPositionError, InvalidValueError
from trustcurve.verification.closed_loop import BEGIN

__all__ = ["standing_to_begin_with"]


def standing_to_begin_with(curve: Curve, begin: Standing | str) -> Standing:
    """Return a standing, or one in a state: at the end of a shortest journey into it, when no promise is open.

    Args:
        curve: The curve.
        begin: A standing on it, or a leaf state ("distrust.suspicious") or stage ("advocate").

    Raises:
        InvalidValueError: ``begin`` is neither, or a standing of another curve, or no signals lead into the state.
        UnknownWordError: The curve does not have the state.
    """
    if isinstance(begin, Standing):
        try:
            curve.table().number(begin.position)
        except InvalidPositionError:
            rule = "must be a standing with a position that can be reached on the curve"
            raise InvalidValueError("begin", begin, rule) from None
        return begin
    if not isinstance(begin, str):
        raise InvalidValueError("begin", begin, "must be a Standing, or the name of a state such as 'advocate'")
    path = curve.path(curve.start, checked_word("begin", begin, curve.stages_and_states))
    if path is None:
        raise InvalidValueError("begin", begin, "must be a state into which signals lead from the start")
    position = path.reactions[-1].after if path.reactions else curve.start
    return Standing("witness", BEGIN, position, (), BEGIN)
