"""Helpers in, the processor's own instructions for them out, where it has any: numba then calls those instead."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

wanted: dict[Callable[..., Any], tuple[str, str]] = {}
"""By helper: what LLVM calls the instructions, and the function that writes them. See ``native.hardware``."""


def use(function: Callable[..., Any]) -> bool:
    """Let numba call what the emitter of *function* writes, if the processor can run that; return whether it can."""
    import llvmlite.binding as llvm
    from numba import types
    from numba.extending import lower_builtin, type_callable

    feature, emitter = wanted.get(function, ("", ""))
    if not llvm.get_default_triple().startswith("x86_64") or not llvm.get_host_cpu_features().get(feature):
        return False
    module, name = emitter.rsplit(".", 1)
    emit = getattr(importlib.import_module(module), name)
    shape = inspect.signature(function)

    def returns(*_: Any) -> Any:
        return types.int64

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = zip(signature.args, args, strict=True)
        emit(
            builder,
            *(context.make_array(k)(context, builder, a).data if isinstance(k, types.Array) else a for k, a in kinds),
        )
        return context.get_constant(types.int64, 0)

    returns.__signature__ = shape  # type: ignore[attr-defined]
    type_callable(function)(lambda _: returns)
    lower_builtin(function, types.Array, *[types.Integer] * (len(shape.parameters) - 1))(lower)  # type: ignore[no-untyped-call]
    return True
