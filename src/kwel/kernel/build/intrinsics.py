"""Helpers in, the processor's own instructions for them out, where it has any: numba then calls those instead."""

from __future__ import annotations

import importlib
import inspect
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


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


@dataclass(frozen=True, slots=True)
class Cells:
    """An array, as those have it who write instructions: each place in it is asked for, and tested on the way."""

    context: Any
    builder: Any
    start: Any
    size: Any

    @classmethod
    def of(cls, context: Any, builder: Any, kind: Any, value: Any) -> Cells:
        """Return the array that numba passes."""
        array = context.make_array(kind)(context, builder, value)
        return cls(context, builder, array.data, builder.extract_value(array.shape, 0))

    def at(self, first: Any, count: Any) -> Any:
        """Return the address of element *first*; *count* from there lie in the array, or IndexError is raised.

        As numba's own tests do, and with one comparison where *count* is a number, above 0; a negative one is large.
        """
        builder, one = self.builder, self.size.type(1)
        if isinstance(count, int):
            more = self.size.type(count - 1)
            room = builder.select(builder.icmp_signed(">", self.size, more), builder.sub(self.size, more), one.type(0))
        else:
            self._raise_if(builder.icmp_unsigned(">", count, self.size))
            room = builder.add(builder.sub(self.size, count), one)
        self._raise_if(builder.icmp_unsigned(">=", first, room))
        return builder.gep(self.start, [first])

    def _raise_if(self, is_beyond: Any) -> None:
        with self.builder.if_then(is_beyond, likely=False):
            self.context.call_conv.return_user_exc(self.builder, IndexError, ("index is out of bounds",))


def copy(builder: Any, source: Cells, at: Any, size: Any, target: Cells, to: Any) -> None:
    """Write a move of *size* bytes."""
    from numba.core.cgutils import raw_memmove

    raw_memmove(builder, target.at(to, size), source.at(at, size), size, 1)  # type: ignore[no-untyped-call]


def clear(builder: Any, data: Cells, at: Any, size: Any) -> None:
    """Write *size* zero bytes."""
    from numba.core.cgutils import memset

    memset(builder, data.at(at, size), size, 0)  # type: ignore[no-untyped-call]


def expect(builder: Any, rows: Cells, at: Any) -> None:
    """Write a hint that row *at* is read soon. It waits for nothing."""
    from llvmlite import ir

    word, place = ir.IntType(32), builder.bitcast(rows.at(at, 1), ir.IntType(8).as_pointer())
    to_read, keep, of_data = word(0), word(3), word(1)
    call(builder, "llvm.prefetch.p0", ir.VoidType(), place, to_read, keep, of_data)


def use(function: Callable[..., Any], written: tuple[int | str, str] | None) -> bool:
    """Let numba call what is written for *function*, if anything is and the processor can run it; return whether.

    Args:
        function: a helper.
        written: see ``native.load_of`` (size and order of bytes) and ``native.hardware`` (feature and emitter).
    """
    if written is None:
        return False
    how, what = written
    if isinstance(how, str):
        return _use_emitter(function, how, what)
    _use_load(function, how, what)
    return True


def _use_load(function: Callable[..., Any], size: int, order: str) -> None:
    """Read *size* bytes after one test that all of them lie in the array, where byte by byte each is tested."""
    from llvmlite import ir
    from numba import types
    from numba.extending import lower_builtin, type_callable

    word = ir.IntType(64)

    def load(builder: Any, place: Any, width: int) -> Any:
        value = builder.load(builder.bitcast(place, ir.IntType(8 * width).as_pointer()), align=1)
        if width > 1 and order != sys.byteorder:
            value = builder.bswap(value)
        return builder.zext(value, word) if width < 8 else value

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = context.cast(builder, args[1], signature.args[1], types.uint64)
        place = Cells.of(context, builder, signature.args[0], args[0]).at(at, size)
        if size != 3:
            return load(builder, place, size)
        return builder.or_(
            builder.shl(load(builder, place, 2), word(8)), load(builder, builder.gep(place, [word(2)]), 1)
        )

    def returns(data: Any, at: Any) -> Any:
        return types.uint64 if size == 8 else types.int64

    type_callable(function)(lambda _: returns)
    lower_builtin(function, types.Array, types.Integer)(lower)  # type: ignore[no-untyped-call]


def _use_emitter(function: Callable[..., Any], feature: str, emitter: str) -> bool:
    import llvmlite.binding as llvm
    from numba import types
    from numba.extending import lower_builtin, type_callable

    is_there = llvm.get_default_triple().startswith("x86_64") and llvm.get_host_cpu_features().get(feature)
    if feature and not is_there:
        return False
    module, name = emitter.rsplit(".", 1)
    emit = getattr(importlib.import_module(module), name)
    shape = inspect.signature(function)
    kinds = [types.Array if "NDArray" in each.annotation else types.Integer for each in shape.parameters.values()]

    def returns(*_: Any) -> Any:
        return types.int64

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        given = [
            Cells.of(context, builder, kind, value)
            if isinstance(kind, types.Array)
            else context.cast(builder, value, kind, types.int64)
            for kind, value in zip(signature.args, args, strict=True)
        ]
        emit(builder, *given)
        return context.get_constant(types.int64, 0)

    returns.__signature__ = shape  # type: ignore[attr-defined]
    type_callable(function)(lambda _: returns)
    lower_builtin(function, *kinds)(lower)  # type: ignore[no-untyped-call]
    return True
