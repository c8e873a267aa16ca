"""The processor's own instructions: they compute what the helpers do, and write nothing beyond an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.kernel import loads
from kwel.kernel.build import intrinsics, jit
from kwel.protocols import aes, quic, sha256

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS, COUNTER = quic.PACKET_KEYS, quic.COUNTER
SCRATCH = np.random.default_rng(7).integers(0, 1 << 32, quic.WORK).astype(np.int64)
TEXT = np.random.default_rng(8).integers(0, 256, 600).astype(np.uint8)


def compiled(helper: Callable[..., int]) -> Callable[..., int]:
    """Return the helper as kernels call it on this processor."""
    if not intrinsics.use(helper, jit.instructions.get(helper)):
        pytest.skip("this processor has no instructions for it")
    parameters = ", ".join(helper.__code__.co_varnames[: helper.__code__.co_argcount])
    made: Any = eval(f"lambda {parameters}: helper({parameters})", {"helper": helper})
    return numba.njit(boundscheck=True, error_model="numpy")(made)


encrypt, compress, expand_key, count_and_mix, copy, clear, expect = (
    pytest.fixture(lambda helper=helper: compiled(helper), scope="module", name=helper.__name__)
    for helper in (
        aes.encrypt,
        sha256.compress,
        aes.expand_key,
        aes.count_and_mix,
        loads.copy,
        loads.clear,
        loads.expect,
    )
)


def test_a_block_is_encrypted_as_by_tables(encrypt: Callable[..., int]) -> None:
    one, two = SCRATCH.copy(), SCRATCH.copy()
    encrypt(one, KEYS, COUNTER, 0)
    aes.encrypt(two, KEYS, COUNTER, 0)
    assert np.array_equal(one, two)


def test_a_block_is_compressed_as_by_arithmetic(compress: Callable[..., int]) -> None:
    one, two = SCRATCH.copy(), SCRATCH.copy()
    compress(one, sha256.BLOCK, sha256.INNER, sha256.DIGEST)
    sha256.compress(two, sha256.BLOCK, sha256.INNER, sha256.DIGEST)
    assert np.array_equal(one[sha256.BLOCK :], two[sha256.BLOCK :])  # the schedule before it is scratch


@settings(max_examples=20)
@given(st.binary(min_size=16, max_size=16))
def test_a_key_is_expanded_as_by_tables(expand_key: Callable[..., int], key: bytes) -> None:
    one = SCRATCH.copy()
    one[:4] = sha256.words_of(key)
    two = one.copy()
    expand_key(one, 0, KEYS)
    aes.expand_key(two, 0, KEYS)
    assert np.array_equal(one, two)


@pytest.mark.parametrize("blocks", [*range(18), 25, 32, 33])
@pytest.mark.parametrize("counter", [2, 0xFFFFFFF9])
def test_a_run_is_decrypted_as_block_by_block(count_and_mix: Callable[..., int], blocks: int, counter: int) -> None:
    plain = np.zeros((2, 600), np.uint8)
    works = SCRATCH.copy(), SCRATCH.copy()
    for work in works:
        work[COUNTER + 3] = counter
    count_and_mix(TEXT, 3, 16 * blocks, plain[0], 5, works[0], KEYS, COUNTER)
    aes.count_and_mix(TEXT, 3, 16 * blocks, plain[1], 5, works[1], KEYS, COUNTER)
    assert np.array_equal(*plain)
    assert works[0][COUNTER + 3] == works[1][COUNTER + 3] == counter + blocks


@pytest.mark.parametrize("width", [1, 2])
def test_a_run_is_decrypted_alike_however_many_blocks_a_register_holds(
    count_and_mix: Callable[..., int], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    from kwel.protocols import silicon

    if width > silicon.blocks_in_register():
        pytest.skip("this processor has no such registers")
    plain = np.zeros((2, 600), np.uint8)
    count_and_mix(TEXT, 8, 36 * 16, plain[0], 0, SCRATCH.copy(), KEYS, COUNTER)
    monkeypatch.setattr(silicon, "blocks_in_register", lambda: width)
    compiled(aes.count_and_mix)(TEXT, 8, 36 * 16, plain[1], 0, SCRATCH.copy(), KEYS, COUNTER)
    assert plain[1].any()
    assert np.array_equal(*plain)


def test_a_run_may_be_decrypted_where_it_lies(count_and_mix: Callable[..., int]) -> None:
    text, plain = TEXT.copy(), np.zeros(600, np.uint8)
    count_and_mix(TEXT, 9, 400, plain, 9, SCRATCH.copy(), KEYS, COUNTER)
    count_and_mix(text, 9, 400, text, 9, SCRATCH.copy(), KEYS, COUNTER)
    assert np.array_equal(text[9:409], plain[9:409])
    assert np.array_equal(text[409:], TEXT[409:])


@pytest.mark.parametrize("size", [0, 1, 15, 16, 100, 600])
def test_bytes_are_copied_and_no_others_touched(copy: Callable[..., int], size: int) -> None:
    target = np.full(700, 0xEE, np.uint8)
    copy(TEXT, 600 - size, size, target, 50)
    assert np.array_equal(target[50 : 50 + size], TEXT[600 - size :])
    assert set(target[:50]) | set(target[50 + size :]) == {0xEE}


@pytest.mark.parametrize("size", [0, 1, 15, 16, 100, 600])
def test_bytes_are_cleared_and_no_others_touched(clear: Callable[..., int], size: int) -> None:
    target = np.full(600, 0xEE, np.uint8)
    clear(target, 600 - size, size)
    assert not target[600 - size :].any()
    assert set(target[: 600 - size]) <= {0xEE}


EDGES = (-(1 << 63), -(1 << 40), -1, 1, 2, 100, 1 << 40, (1 << 63) - 1000)


def outside(last: int, beyond: int) -> int:
    """Return an offset below 0, or beyond the *last* one that is within bounds."""
    return beyond if beyond < 0 else last + beyond


@pytest.mark.parametrize("beyond", EDGES)
def test_nothing_is_copied_from_or_to_beyond_an_array(copy: Callable[..., int], beyond: int) -> None:
    target, wrong = np.full(600, 0xEE, np.uint8), outside(500, beyond)
    for at, size, to in ((wrong, 100, 0), (0, 100, wrong), (0, outside(600, beyond), 0)):
        with pytest.raises(IndexError):
            copy(TEXT, at, size, target, to)
    assert set(target) == {0xEE}


@pytest.mark.parametrize("beyond", EDGES)
def test_nothing_is_cleared_beyond_an_array(clear: Callable[..., int], beyond: int) -> None:
    target = np.full(600, 0xEE, np.uint8)
    for at, size in ((outside(500, beyond), 100), (0, outside(600, beyond))):
        with pytest.raises(IndexError):
            clear(target, at, size)
    assert set(target) == {0xEE}


@pytest.mark.parametrize("beyond", EDGES)
def test_a_row_that_is_expected_changes_nothing_and_lies_in_its_table(expect: Callable[..., int], beyond: int) -> None:
    rows = np.arange(1200, dtype=np.uint8).view([("a", np.uint64), ("b", np.uint32)])
    before = rows.copy()
    for at in (0, np.uint64(50), len(rows) - 1):
        expect(rows, at)
    with pytest.raises(IndexError):
        expect(rows, outside(len(rows) - 1, beyond))
    with pytest.raises(IndexError):
        expect(rows[:0], 0)
    assert np.array_equal(rows, before)


@pytest.mark.parametrize("beyond", EDGES)
def test_no_run_is_decrypted_from_or_to_beyond_an_array(count_and_mix: Callable[..., int], beyond: int) -> None:
    plain, work, wrong = np.full(600, 0xEE, np.uint8), SCRATCH.copy(), outside(440, beyond)
    for at, size, to in ((wrong, 160, 0), (0, 160, wrong), (0, outside(600, beyond), 0)):
        with pytest.raises(IndexError):
            count_and_mix(TEXT, at, size, plain, to, work, KEYS, COUNTER)
    for keys, counter in ((outside(len(work) - 44, beyond), COUNTER), (KEYS, outside(len(work) - 4, beyond))):
        with pytest.raises(IndexError):
            count_and_mix(TEXT, 0, 160, plain, 0, work, keys, counter)
    assert set(plain) == {0xEE}
    assert np.array_equal(work, SCRATCH)


@pytest.mark.parametrize("beyond", EDGES)
def test_no_key_block_or_state_lies_beyond_an_array(
    encrypt: Callable[..., int], compress: Callable[..., int], expand_key: Callable[..., int], beyond: int
) -> None:
    work = SCRATCH.copy()
    four, eight, sixteen, keys = (outside(len(work) - size, beyond) for size in (4, 8, 16, 44))
    for call, args in (
        (encrypt, (keys, COUNTER, 0)),
        (encrypt, (KEYS, four, 0)),
        (encrypt, (KEYS, COUNTER, four)),
        (compress, (sixteen, sha256.INNER, sha256.DIGEST)),
        (compress, (sha256.BLOCK, eight, sha256.DIGEST)),
        (compress, (sha256.BLOCK, sha256.INNER, eight)),
        (expand_key, (four, KEYS)),
        (expand_key, (0, keys)),
    ):
        with pytest.raises(IndexError):
            call(work, *args)
    for short in range(sha256.BLOCK, sha256.BLOCK + 16):
        with pytest.raises(IndexError):
            compress(work[:short], sha256.BLOCK, 0, 8)
    assert np.array_equal(work, SCRATCH)
