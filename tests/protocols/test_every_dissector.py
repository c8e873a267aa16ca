"""What holds for every dissector, present and future: it is enough to be in ``DISSECTORS``."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.protocols.registry import DISSECTORS, Dissector
from kwel.protocols.sayings import Binding, Named, Saying, Spoken
from kwel.protocols.wire import Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Callable

each = pytest.mark.parametrize("dissector", DISSECTORS, ids=lambda d: d.name)


def damage(data: st.DataObject, samples: list[bytes]) -> bytes:
    """Draw a sample with a few bytes overwritten, or its tail cut off, or both."""
    damaged = bytearray(data.draw(st.sampled_from(samples)))
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=4)):
        damaged[at] = data.draw(st.integers(0, 255))
    return bytes(damaged[: data.draw(st.just(len(damaged)) | st.integers(0, len(damaged)))])


@each
def test_recognises_its_samples_and_says_something_of_them(
    dissector: Dissector, samples_of: Callable[[str], list[bytes]]
) -> None:
    assert samples_of(dissector.name)
    for sample in samples_of(dissector.name):
        assert dissector.looks_like(sample)
        assert list(dissector.observe(Reader(sample)))


@each
@given(data=st.data())
def test_raises_nothing_but_wire_error_and_says_what_can_be_printed(
    dissector: Dissector, samples_of: Callable[[str], list[bytes]], data: st.DataObject
) -> None:
    damaged = damage(data, samples_of(dissector.name))

    dissector.looks_like(damaged)
    with contextlib.suppress(WireError):
        for said in dissector.observe(Reader(damaged)):
            assert isinstance(said, Saying | Binding | Named | Spoken)
            if isinstance(said, Saying):
                assert said.value
                assert said.value.isprintable()


@each
@given(noise=st.binary(max_size=600))
def test_noise_is_refused_or_read_without_harm(dissector: Dissector, noise: bytes) -> None:
    dissector.looks_like(noise)
    with contextlib.suppress(WireError):
        list(dissector.observe(Reader(noise)))


@each
def test_module_says_what_it_reads_and_where_that_is_specified(dissector: Dissector) -> None:
    doc = import_module(dissector.observe.__module__).__doc__

    assert doc
    assert "RFC" in doc or "Specification" in doc


def test_names_are_unique() -> None:
    assert len({d.name for d in DISSECTORS}) == len(DISSECTORS)
