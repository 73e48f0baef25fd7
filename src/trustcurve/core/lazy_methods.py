"""Methods that are imported when they are first used: importing the library should cost what most programs need."""

from __future__ import annotations

from typing import Any

__all__ = ["LazyMethod"]


class LazyMethod:
    """A method that is a function of another module, imported when somebody asks for it.

    It then takes its place in the class, so that only the first use is slower.
    """

    def __init__(self, module: str, function: str) -> None:
        self.module, self.function = module, function

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Any:
        from importlib import import_module  # noqa: PLC0415 - not needed before

        function = getattr(import_module(self.module), self.function)
        setattr(owner, self.name, function)
        return function if instance is None else function.__get__(instance, owner)
