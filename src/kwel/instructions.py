"""Helpers in, the processor's own instructions for them out, where it has any: numba then calls those instead."""

from __future__ import annotations

import importlib
import inspect
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

wanted: dict[Callable[..., Any], tuple[str, str]] = {}
"""By helper: what LLVM calls the instructions, and the function that writes them. See ``native.hardware``."""

loads: dict[Callable[..., Any], tuple[int, str]] = {}
"""By helper: how many bytes it reads, and in which order. See ``native.load_of``."""


def call(builder: Any, name: str, kind: Any, *args: Any) -> Any:
    """Write a call of an intrinsic function of LLVM that returns *kind*."""
    from llvmlite import ir

    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(kind, [arg.type for arg in args]), name)
    return builder.call(function, args)


def leave_wide_registers(builder: Any) -> None:
    """Clear the upper halves of registers: with them in use, each of SHA's older instructions waits a hundred cycles.

    Intel 64 and IA-32 Architectures Optimization Reference Manual, "Mixing AVX Code with SSE Code".
    """
    import llvmlite.binding as llvm
    from llvmlite import ir

    if llvm.get_host_cpu_features().get("avx"):
        call(builder, "llvm.x86.avx.vzeroupper", ir.VoidType())


def use(function: Callable[..., Any]) -> bool:
    """Let numba call what is written for *function*, if the processor can run that; return whether it can."""
    if function in loads:
        _use_load(function, *loads[function])
        return True
    return _use_emitter(function)


def _use_load(function: Callable[..., Any], size: int, order: str) -> None:
    """Read *size* bytes after one test that all of them lie in the array, where byte by byte each is tested.

    As numba's own tests do, it raises IndexError; a negative offset is a large one.
    """
    from llvmlite import ir
    from numba import types
    from numba.extending import lower_builtin, type_callable

    word = ir.IntType(64)

    def load(builder: Any, data: Any, at: Any, width: int) -> Any:
        value = builder.load(builder.bitcast(builder.gep(data, [at]), ir.IntType(8 * width).as_pointer()), align=1)
        if width > 1 and order != sys.byteorder:
            value = builder.bswap(value)
        return builder.zext(value, word) if width < 8 else value

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        at = context.cast(builder, args[1], signature.args[1], types.uint64)
        length = builder.extract_value(array.shape, 0)
        more = word(size - 1)
        room = builder.select(builder.icmp_signed(">", length, more), builder.sub(length, more), word(0))
        with builder.if_then(builder.icmp_unsigned(">=", at, room), likely=False):
            context.call_conv.return_user_exc(builder, IndexError, ("index is out of bounds",))
        if size != 3:
            return load(builder, array.data, at, size)
        first, last = load(builder, array.data, at, 2), load(builder, array.data, builder.add(at, word(2)), 1)
        return builder.or_(builder.shl(first, word(8)), last)

    def returns(data: Any, at: Any) -> Any:
        return types.uint64 if size == 8 else types.int64

    type_callable(function)(lambda _: returns)
    lower_builtin(function, types.Array, types.Integer)(lower)  # type: ignore[no-untyped-call]


def _use_emitter(function: Callable[..., Any]) -> bool:
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
