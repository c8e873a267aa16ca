"""Boxes in layers get their places."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from kwel.report.strata import BOX, HEIGHT, LEFT, WIDTH, Line, Node, place

Graph = tuple[list[list[Node]], list[Line]]


def graph(
    sizes: list[int], pairs: list[tuple[tuple[int, int], tuple[int, int]]]
) -> tuple[list[list[Node]], list[Line]]:
    """Return layers of so many boxes, and lines between them by layer and number."""
    layers = [[Node(layer, BOX) for _ in range(count)] for layer, count in enumerate(sizes)]
    return layers, [Line(layers[a][i], layers[b][j], None, 2.0, text="Modbus/TCP") for (a, i), (b, j) in pairs]


def many(seed: int) -> Graph:
    """Return a tangle of forty lines."""
    dice = random.Random(seed)
    sizes = [dice.randint(1, 6) for _ in range(dice.randint(1, 9))]
    pairs: list[tuple[tuple[int, int], tuple[int, int]]] = []
    while len(pairs) < 40 and sum(sizes) > 1:
        ends = [(layer, dice.randrange(sizes[layer])) for layer in (dice.randrange(len(sizes)) for _ in range(2))]
        if ends[0] != ends[1]:
            pairs.append((ends[0], ends[1]))
    return graph(sizes, pairs)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_overlaps_nor_leaves_the_drawing(seed: int) -> None:
    layers, lines = many(seed)

    height = place(layers, lines)

    for layer in layers:
        for left, right in pairwise(layer):
            assert left.x + left.width <= right.x + 0.01
        assert all(node.x >= LEFT - 0.01 and node.x + node.width <= WIDTH for node in layer)
        assert all(node.y + HEIGHT <= height for node in layer)
    assert all(line.start[1] + line.dip * 0.75 <= height for line in lines)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_graph_lies_the_same_each_time(seed: int) -> None:
    drawn = []
    for _ in range(2):
        layers, lines = many(seed)
        place(layers, lines)
        drawn.append([line.path + line.head for line in lines])
    assert drawn[0] == drawn[1]


def test_a_line_passes_a_layer_beside_its_boxes() -> None:
    layers, lines = graph([1, 2, 1], [((2, 0), (0, 0))])

    place(layers, lines)

    lane = lines[0].lanes[0]
    assert lane in layers[1]
    for box in (node for node in layers[1] if not node.is_lane):
        assert lane.x >= box.x + box.width or lane.x + lane.width <= box.x


def test_lines_that_lead_to_one_box_share_a_lane() -> None:
    layers, lines = graph([1, 1, 3], [((2, index), (0, 0)) for index in range(3)])

    place(layers, lines)

    assert len({lane for line in lines for lane in line.lanes}) == 1


def test_an_arrow_ends_at_the_edge_of_whoever_is_addressed() -> None:
    layers, (up, down) = graph([1, 1], [((1, 0), (0, 0)), ((0, 0), (1, 0))])

    place(layers, [up, down])

    above, below = layers[0][0], layers[1][0]
    assert up.end[1] == above.y + HEIGHT
    assert up.start[1] == below.y
    assert down.end[1] == below.y
    assert up.end[0] != down.start[0], "side by side"


def test_lines_within_a_layer_run_below_it_each_at_its_own_depth() -> None:
    layers, lines = graph([3], [((0, 0), (0, 1)), ((0, 2), (0, 0))])

    place(layers, lines)

    assert len({line.dip for line in lines}) == 2
    assert all(line.dip > 0 for line in lines)


def test_texts_cover_neither_boxes_nor_each_other() -> None:
    layers, lines = many(3)

    place(layers, lines)

    spots = [line.spot for line in lines if line.spot]
    boxes = [node for layer in layers for node in layer]
    assert spots
    assert len(set(spots)) == len(spots)
    assert not any(box.x < x < box.x + box.width and box.y < y < box.y + HEIGHT for x, y in spots for box in boxes)
