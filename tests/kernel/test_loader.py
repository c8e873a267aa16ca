"""Code that is laid out does what it does when LLVM loads it; what an image cannot hold makes none."""

from __future__ import annotations

import ctypes
import errno
import platform
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
import pytest

from kwel.kernel.build import jit, loader

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="images are made of x86-64 code")

FILL = """
@primes = internal constant [4 x i32] [i32 2, i32 3, i32 5, i32 7]
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)

define i32 @"kwel.fill"(ptr %to, i64 %size, i64 %index) {
  call void @llvm.memset.p0.i64(ptr %to, i8 7, i64 %size, i1 false)
  %behind = getelementptr i8, ptr %to, i64 1
  call void @llvm.memmove.p0.p0.i64(ptr %behind, ptr @primes, i64 %size, i1 false)
  %at = getelementptr [4 x i32], ptr @primes, i64 0, i64 %index
  %prime = load i32, ptr %at
  ret i32 %prime
}

define i32 @"kwel.choose"(i32 %n) {
  switch i32 %n, label %other [
    i32 0, label %a
    i32 1, label %b
    i32 2, label %c
    i32 3, label %d
    i32 4, label %e
  ]
a:
  ret i32 31
b:
  ret i32 17
c:
  ret i32 5
d:
  ret i32 101
e:
  ret i32 1
other:
  %doubled = call i32 @twice(i32 %n)
  ret i32 %doubled
}

define internal i32 @twice(i32 %n) noinline {
  %m = mul i32 %n, 2
  ret i32 %m
}
"""


@pytest.fixture(autouse=True)
def targets() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def object_of(assembly: str) -> bytes:
    return bytes(jit.machine(llvm).emit_object(llvm.parse_assembly(assembly)))


@pytest.fixture
def functions() -> Mapping[str, int]:
    """Return the addresses of the functions in ``FILL``."""
    made = loader.from_object(object_of(FILL))
    assert made is not None
    return loader.lay_out(made)


def test_constants_calls_and_tables_of_jumps_are_where_the_code_looks_for_them(functions: Mapping[str, int]) -> None:
    assert set(functions) == {"kwel.fill", "kwel.choose"}
    choose = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32)(functions["kwel.choose"])
    assert [choose(n) for n in range(7)] == [31, 17, 5, 101, 1, 10, 12]

    fill = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(functions["kwel.fill"])
    room = ctypes.create_string_buffer(10)
    assert fill(room, 8, 3) == 7
    assert room.raw == b"\x07\2\0\0\0\3\0\0\0\0"


def test_what_is_laid_out_can_no_longer_be_written(functions: Mapping[str, int]) -> None:
    with open("/proc/self/maps") as file:
        ranges = [(line.split("-")[0], line.split(" ")[0].split("-")[1], line.split(" ")[1]) for line in file]
    [rights] = [r for low, high, r in ranges if int(low, 16) <= functions["kwel.fill"] < int(high, 16)]
    assert rights == "r-xp"


@pytest.mark.parametrize(
    "assembly",
    [
        "@counter = global i32 1",
        "@room = global [100 x i8] zeroinitializer",
        "declare double @sin(double) define double @f(double %x) { %y = call double @sin(double %x) ret double %y }",
    ],
    ids=["a variable", "room", "a function of another library"],
)
def test_what_an_image_cannot_hold_makes_none(assembly: str) -> None:
    assert loader.from_object(object_of(assembly)) is None


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\xcf\xfa\xed\xfe" + bytes(100), b"MZ"])
def test_what_is_no_object_file_of_this_kind_makes_none(data: bytes) -> None:
    assert loader.from_object(data) is None


def test_another_processors_code_makes_none() -> None:
    data = bytearray(object_of(FILL))
    data[18] = 183  # EM_AARCH64
    assert loader.from_object(bytes(data)) is None


def test_code_that_addresses_by_distance_makes_none() -> None:
    target = llvm.Target.from_default_triple().create_target_machine(reloc="pic", codemodel="small")
    assert loader.from_object(bytes(target.emit_object(llvm.parse_assembly(FILL)))) is None


def test_llvm_loads_what_makes_no_image() -> None:
    addresses = jit._by_llvm(object_of(FILL.replace("kwel.choose", jit._kernels[0].symbol)))
    choose = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32)(addresses[jit._kernels[0].symbol])
    assert choose(3) == 101


def test_a_system_that_forbids_it_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    made = loader.from_object(object_of(FILL))
    assert made is not None

    class Forbidding:
        """A C library under a policy such as SELinux's deny_execmem or systemd's MemoryDenyWriteExecute."""

        def __init__(self, *_: object, **__: object) -> None:
            self.real = ctypes_dll(None)

        def __getitem__(self, name: str) -> Any:
            return self.real[name]

        def mprotect(self, *_: object) -> int:
            ctypes.set_errno(errno.EACCES)
            return -1

    ctypes_dll = ctypes.CDLL
    monkeypatch.setattr(ctypes, "CDLL", Forbidding)
    with pytest.raises(PermissionError, match="lets no program run"):
        loader.lay_out(made)
