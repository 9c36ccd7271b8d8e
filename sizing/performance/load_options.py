"""The ways in which one kind of node can serve a load: layouts, and the copies that each takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from sizing.candidates import Candidate, Kind
from sizing.capacity import capacity_for
from sizing.layouts import Shape, inner_pipelines, spanning_shapes, tensor_shapes
from sizing.load import Load
from sizing.memory import max_concurrency
from sizing.performance.engines import make_server
from sizing.performance.factors import efficiency
from sizing.performance.replica import Setup
from sizing.performance.screen import Screen
from sizing.performance.speculation import Speculating
from sizing.performance.step import step_model
from sizing.placement import Placement, fewest_nodes_per_copy
from sizing.plan import Layout
from sizing.request import Request


@dataclass(slots=True)
class Option:
    """A layout on a kind of node. `copies` serve the load as far as is known: by means alone until
    a simulation was asked. `highest` is what a copy carries by means, in requests a second."""

    kind: Kind
    layout: Layout
    nodes_per_copy: int
    setup: Setup
    screen: Screen
    highest: float
    copies: int

    @property
    def copies_per_node(self) -> int:
        """Copies that share a node; 1 where a copy spans nodes."""
        return max(1, self.kind.gpus // self.layout.gpus) if self.nodes_per_copy == 1 else 1

    def whole_nodes(self, copies: int) -> int:
        """So many copies, and those that GPUs left over in a node become."""
        return ceil(copies / self.copies_per_node) * self.copies_per_node

    def answer_s(self, load: Load) -> float:
        """Seconds to the end of an answer, by means, with the load on all copies."""
        sequences = self.screen.sequences_at(load.requests_per_second / self.copies)
        between = load.output_tokens - 1
        return self.screen.ttft(sequences) + self.screen.tpot(sequences) * between

    def candidates(self, request: Request, concurrency: float | None = None) -> list[Candidate]:
        """The option in every lot; `concurrency` is what is in flight, by means if not given."""
        load = load_of_request(request)
        if concurrency is None:
            rate = load.requests_per_second / self.copies
            concurrency = self.screen.sequences_at(rate) * self.copies
        there = max(1, ceil(concurrency))
        workload = request.workload.model_copy(update={"concurrency": there})
        asked = replace(request, workload=workload)
        placement = Placement(
            capacity=capacity_for(asked, self.kind.capacity.precision),
            gpu=self.kind.gpu,
            node_gpus=self.kind.gpus,
            layout=self.layout,
            nodes_per_copy=self.nodes_per_copy,
            held=self.kind.capacity.sequences(self.kind.gpu, self.layout),
            copies=self.copies,
            gpus_required=self.layout.gpus * self.copies,
        )
        return self.kind.priced(asked, placement)


def options(request: Request, kind: Kind, fewest: int) -> Iterator[Option]:
    """Every legal layout that holds the longest request, with the copies that the load takes by
    means; 0 copies where no number of them meets the targets."""
    load = load_of_request(request)
    for nodes, layout in _layouts(kind, fewest, spread=request.spread):
        setup = setup_for(request, kind, layout)
        screen = Screen(setup, load)
        highest = screen.highest()
        made = Option(kind, layout, nodes, setup, screen, highest, 0)
        if highest:
            needed = max(request.replicas, ceil(load.requests_per_second / highest))
            made.copies = made.whole_nodes(needed)
        yield made


def setup_for(request: Request, kind: Kind, layout: Layout) -> Setup:
    """One copy as the simulation takes it, with the engine's own defaults on that GPU."""
    load, gpu, spec = load_of_request(request), kind.gpu, request.spec
    server = make_server(gpu)
    step = step_model(spec, kind.capacity.precision, request.kv_dtype, layout, gpu, server)
    # The cache in requests of the mean length: windows make long ones cheaper a token.
    usual = request.workload.model_copy(update={"context": load.tokens, "concurrency": 1})
    capacity = capacity_for(replace(request, workload=usual), kind.capacity.precision)
    held = max_concurrency(capacity.budget(gpu, layout, 1))
    drafts = load.speculative
    return Setup(
        step=Speculating(step, drafts.tokens, spec.layers) if drafts else step,
        kv_tokens=max(held * load.tokens, load.longest),
        max_num_seqs=server.max_num_seqs * layout.dp,
        max_num_batched_tokens=server.max_num_batched_tokens * layout.dp,
        tokens_per_step=drafts.tokens_per_step if drafts else 1.0,
        drafted=drafts.tokens if drafts else 0,
        request_s=efficiency(gpu, server.family).request_s,
    )


def _layouts(kind: Kind, fewest: int, *, spread: bool) -> Iterator[tuple[int, Layout]]:
    """(nodes a copy, layout): inside one node where that holds a request, and only tensor parallel
    where that does; across nodes only where nothing else would do or copies may be spread."""
    experts = kind.capacity.has_experts
    found = False
    for shapes in (tensor_shapes(kind.gpus, experts), inner_pipelines(kind.gpus, experts)):
        for layout in _holding(kind, shapes):
            found = True
            yield 1, layout
        if found:
            break
    if (found or fewest == 1) and not spread:
        return
    nodes = fewest_nodes_per_copy(kind.capacity, kind.gpu, kind.gpus) if kind.spans else None
    if nodes is not None and (spread or nodes <= fewest):
        for layout in _holding(kind, spanning_shapes(kind.gpus, nodes, experts)):
            yield nodes, layout


def _holding(kind: Kind, shapes: tuple[Shape, ...]) -> Iterator[Layout]:
    """Legal layouts that hold at least one request of the asked context."""
    capacity, gpu = kind.capacity, kind.gpu
    for shape in shapes:
        if not capacity.most_sequences(gpu, shape[0].gpus):
            continue
        for layout in shape:
            if not capacity.violation(layout) and capacity.sequences(gpu, layout):
                yield layout


def load_of_request(request: Request) -> Load:
    """The load that is asked for. Raises ValueError where none is."""
    load = request.workload.load
    if load is None:
        raise ValueError("only a request with a load has options")
    return load
