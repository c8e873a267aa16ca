"""Every kind of evidence can be read, also one that nobody wrote a sentence for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.claims import Evidence, Where
from kwel.report import catalogue
from kwel.report.phrases import Phrases, integer, operator_name
from tests.report.fixtures import inferred, looked_up, seen

SAY = catalogue.load()
PHRASES = Phrases(SAY, one_capture=False)


def said(evidence: Evidence) -> str:
    return str(PHRASES.sentence(evidence).en)


def test_an_observation_names_the_frame() -> None:
    step = PHRASES.step(seen(4711, "tls-sni", name="plant.example"))

    assert step.sentence.en == "TLS asks for the server name <bdi>plant.example</bdi>"
    assert step.source.en == "<bdi>line1.pcapng #4711</bdi>"
    assert step.label.nl == "gezien"


def test_a_look_up_names_its_table_and_date() -> None:
    step = PHRASES.step(looked_up("oui", "oui.tsv, 2026-11-02", vendor="Siemens AG", prefix="00:1b:1b"))

    assert step.kind == "looked-up"
    assert step.source.en == '<bdi>oui.tsv, </bdi><span class="nb">2026-11-02</span>'


def test_a_kind_without_a_sentence_is_spelled_out() -> None:
    assert said(inferred("brand-new-kind", "rule", a="1", b="<x>")) == (
        "brand new kind: <bdi>a=1</bdi>, <bdi>b=&lt;x&gt;</bdi>"
    )
    assert said(inferred("bare-kind", "rule")) == "bare kind"


def test_a_value_that_is_missing_has_a_sentence_without_it() -> None:
    with_region = looked_up("published-range", "t", prefix="192.0.2.0/24", provider="X", region="eu-1", services="")
    without = looked_up("published-range", "t", prefix="192.0.2.0/24", provider="X", region="", services="")

    assert said(with_region).endswith("region <bdi>eu-1</bdi>")
    assert "region" not in said(without)


def test_an_axis_that_is_not_known_is_said_to_be_so() -> None:
    verdict = inferred("bloc", "rule", bloc="EEA", parent="US", operator="", location="DE/FI", supplier="", reason="")

    assert "operator not known" in said(verdict)
    assert "parent United States" in said(verdict)
    assert "Germany, Finland" in said(verdict)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("bytes_out", "2100000", "2.1\xa0MB"),
        ("bytes_out", "lots", "<bdi>lots</bdi>"),
        ("flows", "1204", "1,204"),
        ("jurisdiction", "US", "United States"),
        ("jurisdiction", "Mars", "<bdi>Mars</bdi>"),
        ("address", "10.0.0.1", "<code><bdi>10.0.0.1</bdi></code>"),
        ("state", "established", "both sides sent"),
        ("transport", "TCP", "TCP"),
        ("reason", "no-such-reason", "<bdi>no such reason</bdi>"),
        ("date", "2026-11-02", "2 Nov 2026"),
        ("name", "", "not known"),
    ],
)
def test_values_are_written_as_their_names_ask(name: str, value: str, shown: str) -> None:
    assert PHRASES.value(name, value).en == shown


@given(
    st.sampled_from(["observed", "looked-up", "inferred"]),
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=12), st.text(max_size=30), max_size=5),
    st.text(max_size=20),
)
def test_no_evidence_breaks_a_report(step: str, kind: str, values: dict[str, str], source: str) -> None:
    evidence = Evidence(step, kind, tuple(values.items()), Where(source, 1), source)  # type: ignore[arg-type]

    assert PHRASES.step(evidence).sentence is not None


def test_the_same_step_is_told_once() -> None:
    steps, left_out = PHRASES.chain([seen(1), seen(2)], [seen(1)], longest=5)

    assert len(steps) == 2
    assert left_out == 0


def test_a_long_chain_is_cut_and_counted() -> None:
    steps, left_out = PHRASES.chain([seen(frame) for frame in range(20)], longest=5)

    assert (len(steps), left_out) == (5, 15)


def test_what_did_not_count_is_marked_so() -> None:
    assert PHRASES.step(looked_up("geolocation", "t", country="US"), rejected=True).label.en == "not counted"


def test_a_frame_stands_alone_where_there_is_one_capture() -> None:
    assert Phrases(SAY, one_capture=True).frame([looked_up("oui", "t"), seen(7)]).en == "#7"
    assert not PHRASES.frame([looked_up("oui", "t")])


def test_only_whole_numbers_are_numbers() -> None:
    assert integer("12") == 12
    assert [integer(text) for text in ("", "-1", "1.5", "١٢", "9" * 30)] == [None] * 5


def test_an_operator_that_is_not_known_is_said_to_be_so() -> None:
    assert operator_name(None, None, SAY).en == "not known"
    assert operator_name(None, "HMS", SAY).en == "<bdi>HMS</bdi>"
