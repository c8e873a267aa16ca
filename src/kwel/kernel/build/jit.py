"""Python functions in, machine code out: compiled once per installation, loaded in milliseconds afterwards.

A *kernel* is called from Python with arrays and whole numbers and returns one whole number. A *helper* is called
from kernels and helpers only. Both are plain Python until the first kernel is called, so importing this module
costs nothing. Every array access is bounds-checked; an access out of bounds raises IndexError.

numba compiles all kernels to one object file, which is kept in the user's cache as an image, under a key of everything
that it depends on: sources, versions, processor. Later runs lay it out in memory and import neither numba nor llvmlite
(docs/adr/0006). Where there are no images, which is anywhere but on x86-64, llvmlite loads the object file.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kwel.kernel.build import cache, loader

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

Function = TypeVar("Function", bound="Callable[..., Any]")

KERNEL_MODULES = (
    "kwel.capture.records",
    "kwel.capture.ring_blocks",
    "kwel.kernel.layers",
    "kwel.kernel.flowtable",
    "kwel.kernel.outcome",
    "kwel.kernel.errors",
    "kwel.kernel.namepool",
    "kwel.streams.initials",
    "kwel.streams.join",
    "kwel.streams.blind",
    "kwel.streams.plant",
    "kwel.streams.lan",
    "kwel.streams.commands",
    "kwel.streams.tellers",
    "kwel.streams.beats",
    "kwel.streams.cited",
    "kwel.streams.listen",
    "kwel.streams.told",
    "kwel.export.flows_csv",
)
"""Every module that defines a kernel: they are compiled together."""

SECOND = (
    "kwel.kwel.streams.listen.listen",
    "kwel.kwel.capture.blocks.index_blocks",
    "kwel.kwel.kernel.flowtable.track",
    "kwel.kwel.streams.blind.mark_tunnels",
)
"""Kernels that take about as long to compile as all others: a second process does it."""

CHILD = "import sys; from kwel.kernel.build import jit; sys.stdout.write(jit.assembly_of(sys.argv[1:]))"

ARRAY_WORDS = 7
"""numba passes an array as seven words: owner, parent, items, item size, data, shape, stride."""

instructions: dict[Callable[..., Any], tuple[int | str, str]] = {}
"""What helpers are written as where numba does not compile them: see ``load_of`` and ``hardware``."""

_helpers: list[Callable[..., Any]] = []
_kernels: list[Kernel] = []
_addresses: Mapping[str, int] = {}
_engine: Any = None
"""What holds the code that llvmlite loaded."""

announce: Callable[[str], None] | None = None
"""Called with one line before a compilation, which takes some seconds."""


def helper(function: Function) -> Function:
    """Mark *function* as callable from kernels. It stays an ordinary Python function."""
    _helpers.append(function)
    return function


def hardware(feature: str, emitter: str) -> Callable[[Function], Function]:
    """Return a decorator of a helper that the processor has instructions for.

    Args:
        feature: what LLVM calls them, of x86-64 alone; "" if every processor has them.
        emitter: module and function that write the instructions, given a builder and the helper's arguments, arrays
            as ``instructions.Cells``. Imported when kernels are compiled.
    """

    def wrap(function: Function) -> Function:
        instructions[function] = (feature, emitter)
        return helper(function)

    return wrap


def load_of(size: int, order: str) -> Callable[[Function], Function]:
    """Return a decorator of a helper ``(data, at)`` that reads a whole number out of bytes.

    Args:
        size: bytes: 2, 3, 4 or 8, and then the number is a ``np.uint64``.
        order: "big" or "little".
    """

    def wrap(function: Function) -> Function:
        instructions[function] = (size, order)
        return helper(function)

    return wrap


class Kernel:
    """A compiled function. Call it like the Python function that it was made from."""

    def __init__(self, function: Callable[..., int], kinds: tuple[Any, ...]) -> None:
        self.function = function
        self.kinds = kinds
        self.symbol = f"kwel.{function.__module__}.{function.__name__}"
        self.__doc__ = function.__doc__
        self._entry: Callable[[int], int] | None = None
        words = [1 if kind is int else ARRAY_WORDS for kind in kinds]
        self.offsets = [1 + sum(words[:i]) for i in range(len(words) + 1)]
        """Where each argument begins in the frame, whose first word takes the result, and where the last one ends."""
        self._frame: NDArray[np.int64] = np.zeros(self.offsets[-1], np.int64)
        self._address = self._frame.ctypes.data
        self._last: list[Any] = [None] * len(kinds)

    def __call__(self, *args: Any) -> int:
        """Run the machine code. Arrays are passed by address and must have the declared types."""
        if self._entry is None:
            self._entry = _find(self.symbol)
        last = self._last
        for i, arg in enumerate(args):
            if arg is not last[i]:
                self._set(i, arg)
        if self._entry(self._address):
            raise IndexError(f"{self.symbol}: access out of bounds")
        return int(self._frame[0])

    def _set(self, i: int, arg: Any) -> None:
        at, kind = self.offsets[i], self.kinds[i]
        if kind is int:
            self._frame[at] = arg
            self._last[i] = arg
            return
        if arg.dtype != kind or not arg.flags.c_contiguous or arg.ndim != 1:
            raise TypeError(f"{self.symbol}: argument {i} must be a contiguous array of {kind}")
        size, item = len(arg), arg.itemsize
        self._frame[at : at + ARRAY_WORDS] = (0, 0, size, item, arg.ctypes.data, size, item)
        self._last[i] = arg  # keeps the array alive while its address is in the frame


def _find(symbol: str) -> Callable[[int], int]:
    address = load().get(symbol)
    if address is None:
        raise RuntimeError(f"{symbol} is not in the compiled code: delete {cache.folder()}, and list its module")
    return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(address)


def kernel(*kinds: Any) -> Callable[[Callable[..., int]], Kernel]:
    """Return a decorator that makes a kernel.

    Args:
        kinds: one an argument: ``int`` for a whole number, a numpy dtype for a one-dimensional C-contiguous
            writable array of it. A kernel always returns a whole number.
    """

    def wrap(function: Callable[..., int]) -> Kernel:
        made = Kernel(function, kinds)
        _kernels.append(made)
        return made

    return wrap


def load() -> Mapping[str, int]:
    """Return the addresses of the compiled kernels, compiling them first if the cache does not have them.

    Raises:
        OSError: the system lets no program run code that it has made.
    """
    global _addresses
    if not _addresses:
        depends = cache.depends()
        code = cache.read(depends)
        if code is None:
            made = compile_all()
            code = loader.from_object(made) or made
            cache.write(depends, code, announce)
        _addresses = loader.lay_out(code) if code.startswith(loader.MAGIC) else _by_llvm(code)
    return _addresses


def _by_llvm(code: bytes) -> Mapping[str, int]:
    """Return the addresses of the kernels in an object file that llvmlite loads."""
    global _engine
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    _engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine(llvm))
    _engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    _engine.finalize_object()
    addresses = {made.symbol: _engine.get_function_address(made.symbol) for made in _kernels}
    return {symbol: address for symbol, address in addresses.items() if address}


def machine(llvm: Any) -> Any:
    """Return what makes code for this processor."""
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


def compile_all() -> bytes:
    """Return one object file with every kernel. Takes some seconds: a second process does its half."""
    if announce:
        announce("compiling for this machine, once (half a minute) …")
    import llvmlite.binding as llvm

    from kwel.kernel.build import compiler

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()

    with _child(SECOND) as child:
        assemblies = [assembly_of(kernels_but(SECOND))]
        theirs, _ = child.communicate()
    assemblies.append(assembly_of(SECOND) if child.returncode else theirs)
    return compiler.link(assemblies, {made.symbol for made in _kernels}, machine(llvm))


def _child(symbols: Sequence[str]) -> subprocess.Popen[str]:
    """Start a process that prints the assembly of some kernels. What goes wrong in it is not shown: we do it again.

    It runs with -P: the current folder, where strangers' captures lie, must not be searched for modules.
    """
    import subprocess

    command = [sys.executable, "-P", "-c", CHILD, *symbols]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def kernels_but(symbols: Sequence[str]) -> list[str]:
    """Return the symbols of all other kernels."""
    for name in KERNEL_MODULES:
        importlib.import_module(name)
    return [made.symbol for made in _kernels if made.symbol not in symbols]


def assembly_of(symbols: Sequence[str]) -> str:
    """Return LLVM assembly of some kernels."""
    from kwel.kernel.build import compiler

    for name in KERNEL_MODULES:
        importlib.import_module(name)
    return compiler.assembly([made for made in _kernels if made.symbol in symbols], _helpers, instructions)
