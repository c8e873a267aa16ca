"""Kernels and helpers in, one object file out: numba writes LLVM assembly of them, and LLVM optimises all at once.

It uses parts of numba that are not its public face (docs/adr/0006). Imported only when there is something to compile.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kwel.kernel.build import intrinsics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

SEPARATOR = "\n; ---- next module\n"


class Source(Protocol):
    """What is compiled: see ``native.Kernel``."""

    function: Callable[..., int]
    kinds: tuple[Any, ...]
    symbol: str
    offsets: list[int]


def assembly(
    kernels: Iterable[Source], helpers: Iterable[Callable[..., Any]], written: Mapping[Callable[..., Any], Any]
) -> str:
    """Return LLVM assembly: modules with ``SEPARATOR`` between them.

    Args:
        kernels: what is compiled.
        helpers: what they may call.
        written: by helper, how it is written where numba does not compile it (see ``native.instructions``).
    """
    with _assembly_only():
        return SEPARATOR.join(_compile(kernels, helpers, written))


def link(assemblies: Sequence[str], symbols: Collection[str], machine: Any) -> bytes:
    """Return one object file of modules in assembly, in which nothing but *symbols* can be found."""
    import llvmlite.binding as llvm

    whole = llvm.parse_assembly("")
    for each in assemblies:
        for module in each.split(SEPARATOR):
            whole.link_in(llvm.parse_assembly(module))
    whole.verify()
    _optimise(llvm, machine, whole, symbols)
    return bytes(machine.emit_object(whole))


def _optimise(llvm: Any, machine: Any, whole: Any, symbols: Collection[str]) -> None:
    """Optimise all kernels at once. Nothing else calls their helpers, so LLVM may change how they are called."""
    for function in whole.functions:
        if not function.is_declaration and function.name not in symbols:
            function.linkage = "internal"
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = False
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(whole, passes)


@contextmanager
def _assembly_only() -> Iterator[None]:
    """Keep numba from work that is done once for all kernels, when they are linked.

    It would optimise each helper with all that it calls, and emit machine code of it: only assembly is wanted. What it
    would call machine code by must be a distinct built-in function; it is never called.
    """
    from numba.core import codegen, cpu

    library, context = codegen.JITCodeLibrary, cpu.CPUContext
    stand_ins: list[Any] = []

    def stand_in(*_: Any) -> Any:
        stand_ins.append([].append)
        return stand_ins[-1]

    def leave(_: Any) -> None:
        pass

    before = library._finalize_specific, library._optimize_final_module, context.get_executable
    library._finalize_specific = library._optimize_final_module = leave
    context.get_executable = stand_in
    try:
        yield
    finally:
        library._finalize_specific, library._optimize_final_module = before[:2]
        context.get_executable = before[2]


def _compile(
    kernels: Iterable[Source], helpers: Iterable[Callable[..., Any]], written: Mapping[Callable[..., Any], Any]
) -> Iterator[str]:
    """Yield LLVM assembly: per kernel its code, not optimised, and an entry that unpacks a frame of words."""
    from numba import from_dtype, types
    from numba.core import compiler, registry
    from numba.core.compiler_lock import global_compiler_lock
    from numba.extending import register_jitable

    options = {"boundscheck": True, "_nrt": False, "error_model": "numpy", "no_cfunc_wrapper": True}
    for function in helpers:
        if not intrinsics.use(function, written.get(function)):
            register_jitable(**options, no_cpython_wrapper=True)(function)
    flags: Any = compiler.Flags()  # type: ignore[no-untyped-call]
    flags.nrt = False
    flags.boundscheck = True
    flags.error_model = "numpy"
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    target = registry.cpu_target
    for made in kernels:
        signature = [
            types.int64 if kind is int else types.Array(from_dtype(np.dtype(kind)), 1, "C") for kind in made.kinds
        ]
        result = compiler.compile_extra(  # type: ignore[no-untyped-call]
            target.typing_context,
            target.target_context,
            made.function,
            tuple(signature),
            types.int64,
            flags,
            {},
        )
        with global_compiler_lock:
            result.library._ensure_finalized()  # takes in what it calls
        yield result.library.get_llvm_str()
        yield _entry(made, result.fndesc.llvm_func_name)


def _entry(made: Source, name: str) -> str:
    """Return LLVM assembly of ``int32 symbol(int64 *frame)``: word 0 of the frame takes the result."""
    pointers = {0, 1, 4}  # owner, parent and data among the words of an array
    loads, params = [], []
    for kind, (at, end) in zip(made.kinds, pairwise(made.offsets), strict=True):
        for n in range(at, end):
            loads.append(f"%p{n} = getelementptr i64, ptr %frame, i64 {n}\n  %w{n} = load i64, ptr %p{n}")
            if kind is not int and n - at in pointers:
                loads.append(f"%q{n} = inttoptr i64 %w{n} to ptr")
                params.append(f"ptr %q{n}")
            else:
                params.append(f"i64 %w{n}")
    types_only = ", ".join(param.split()[0] for param in params)
    body = "\n  ".join(loads)
    return f"""
declare i32 @"{name}"(ptr, ptr, {types_only})
define i32 @"{made.symbol}"(ptr %frame) {{
  %error = alloca ptr
  {body}
  %status = call i32 @"{name}"(ptr %frame, ptr %error, {", ".join(params)})
  ret i32 %status
}}
"""
