"""Messages against the types that they promise, and their numbers against torch and NumPy."""

import base64
import copy
import json
import re
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
import torch
import transformers
from torch import nn
from torch.nn import functional as F

from convscope.errors import ConvscopeError
from convscope.opening import Opened, open_model
from convscope.web.dispatch import answer
from convscope.web.messages import GET, POST
from convscope.web.messages.channels import sorting
from convscope.web.messages.numbers import as_json
from convscope.web.session import Session
from tests.web.promised import promised


class Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(99, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.relu(self.conv(x)).flatten(1))


class Branched(nn.Module):
    """Idle operations, a buffer that is turned, a weight that is used transposed, and a state made inside."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.weight = nn.Conv2d(2, 4, 3, padding=1), nn.Parameter(torch.randn(4 * 25, 3))
        self.shift = nn.Buffer(torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x.contiguous()).to(x.dtype) + self.shift.view(1, 4, 1, 1)
        y = torch.cat([y[:, :2], y[:, 2:] * torch.zeros(1)], 1)
        return y.flatten(1) @ self.weight.t().t()


def session_of(model: nn.Module, *inputs: torch.Tensor) -> Session:
    return Session(Opened(type(model).__name__, model.eval(), inputs))


def ask(session: Session, address: str, **asked: Any) -> Any:
    return json.loads(as_json(promised(GET, session, filled(address, asked))))


def filled(address: str, asked: dict[str, Any]) -> str:
    """As the page writes it: "layer/{op}" with op=5, sort="max" → "layer/5?op=5&sort=max"."""
    return f"{address.format(**asked)}?{urlencode(asked)}"


def post(session: Session, address: str, **given: Any) -> Any:
    return json.loads(as_json(promised(POST, session, address, given)))


def unpack(numbers: dict[str, Any]) -> np.ndarray:
    """A second reading of `Numbers`, as the page does it."""
    data = base64.b64decode(numbers["data"])
    if numbers["dtype"] == "f32":
        return np.frombuffer(data, "<f4").reshape(numbers["shape"]).astype(np.float64)
    grey = np.frombuffer(data, np.uint8).reshape(numbers["shape"]) / 255
    return numbers["low"] + grey * (numbers["high"] - numbers["low"])


def op(session: Session, name: str) -> int:
    return next(each["index"] for each in ask(session, "graph")["operations"] if each["name"] == name)


def output(session: Session, index: int) -> np.ndarray:
    trace = session.seen.trace
    return trace.tensor(trace.nodes[index].outputs[0]).double().numpy()


OPENED = {
    "plain": ("plain", "1x28x28"),
    "inception": ("inception", "1x28x28"),
    "residual": ("residual", "1x28x28"),
    "lstm": ("lstm", "4x30"),
    "gru alone": ("nn.GRU(4, 5)", "7x4"),
    "1-D": ("compact", "1x140"),
    "3-D": ("compact", "1x16x16x16"),
    "vector": ("nn.Linear(3, 4)", "3"),
}


@pytest.fixture(scope="module", params=[*OPENED, "failing", "branched"])
def opened(request: pytest.FixtureRequest) -> Session:
    torch.manual_seed(0)
    if request.param == "failing":
        return session_of(Failing(), torch.randn(1, 1, 8, 8))
    if request.param == "branched":
        return session_of(Branched(), torch.randn(1, 2, 5, 5))
    name, given = OPENED[request.param]
    return Session(open_model(name, [given]))


def test_every_message_has_the_types_of_the_contract(opened: Session) -> None:
    graph = ask(opened, "graph")
    for each in graph["operations"]:
        index = each["index"]
        ask(opened, "operation/{op}", op=index)
        ask(opened, "edit/{op}", op=index)
        if not each["shape"]:
            continue
        for sort in ("index", "mean", "max", "sparsity"):
            layer = ask(opened, "layer/{op}", op=index, sort=sort)
        last = layer["channels"] - 1
        channel = ask(opened, "channel/{op}/{channel}", op=index, channel=last)
        at = ",".join(str(place) for place in (0, last, *(size // 2 for size in layer["space"])))
        number = ask(opened, "number/{op}", op=index, at=at)
        assert number["holds"] or number["kind"] == "not explained"
        picked = unpack(channel["output"])[tuple(size // 2 for size in layer["space"])]
        assert number["network"] == pytest.approx(picked, rel=1e-6)


def test_edges_point_at_operations_that_are_listed(opened: Session) -> None:
    graph = ask(opened, "graph")
    listed = [each["index"] for each in graph["operations"]]
    assert listed == sorted(listed)
    for each in graph["operations"]:
        assert set(each["inputs"]) <= {-1, *(one for one in listed if one < each["index"])}
        assert len(set(each["inputs"])) == len(each["inputs"])
        assert graph["modules"][each["module"]]["index"] == each["module"]
    assert any(-1 in each["inputs"] for each in graph["operations"])
    taken = {source for each in graph["operations"] for source in each["inputs"]}
    ends = [index for index in listed if index not in taken]
    assert len(ends) == 1  # everything leads to the result


def test_gradients_are_those_of_autograd(opened: Session) -> None:
    graph = ask(opened, "graph")
    scored = graph["operations"][-6:] if graph["prediction"] else []  # no row of scores, no target
    for each in scored:
        for argument in ask(opened, "operation/{op}", op=each["index"])["arguments"]:
            at = ",".join(str(size // 2) for size in argument["shape"])
            number = ask(opened, "number/{op}", op=each["index"], gradient=argument["name"], at=at, target=1)
            assert number["holds"], (each["name"], argument)


def test_a_failing_model_shows_what_ran_and_why_it_stopped() -> None:
    session = session_of(Failing(), torch.randn(1, 1, 8, 8))
    graph = ask(session, "graph")
    assert [each["op"] for each in graph["operations"]] == ["conv2d", "relu", "flatten", "linear"]
    broken = graph["operations"][-1]
    assert graph["failure"]["operation"] == broken and broken["shape"] == [] and broken["inputs"] == [2]
    assert broken["name"] == "fc" and "144" in graph["failure"]["what"]
    assert "self.fc = nn.Linear(144, 10)" in graph["failure"]["fix"] and graph["failure"]["tried"]
    assert graph["prediction"] is None
    for address in ("layer/{op}", "number/{op}"):
        with pytest.raises(ConvscopeError, match="gave no numbers"):
            ask(session, address, op=broken["index"])


def test_weights_that_are_only_turned_are_not_listed_and_count_where_they_are_used() -> None:
    session = session_of(Branched(), torch.randn(1, 2, 5, 5))
    found = {each["name"]: each for each in ask(session, "graph")["operations"]}
    assert not {"t", "t_2", "view", "contiguous"} & found.keys()
    assert found["matmul"]["parameters"] == 300 and found["conv"]["inputs"] == [-1]
    assert sum(each["parameters"] for each in found.values()) == 4 * (2 * 9 + 1) + 300


def test_blocks_of_a_stage_are_the_same() -> None:
    settings = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[16, 32, 64, 128], num_labels=5)
    session = session_of(transformers.ResNetForImageClassification(settings), torch.randn(1, 3, 64, 64))
    graph = ask(session, "graph")
    assert len(graph["prediction"]["logits"]) == 5  # in a dict of outputs
    blocks = [each["same"] for each in graph["modules"] if each["kind"] == "ResNetBottleNeckLayer"]
    assert [len(list(group)) for _, group in groupby(blocks)] == [3, 4, 6, 3]
    layers = [each["same"] for each in graph["modules"] if each["kind"] == "ResNetConvLayer"]
    assert all(one != other for one, other in pairwise(layers))


WINDOWS = {
    "conv1d": (nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), (4, 11)),
    "conv2d": (nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 2), bias=False), (2, 7, 8)),
    "same": (nn.Conv2d(2, 3, (3, 5), padding="same", dilation=(2, 1)), (2, 7, 8)),
    "conv3d": (nn.Conv3d(2, 4, 2, stride=2, groups=2), (2, 5, 4, 6)),
    "circular": (nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 5, 5)),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (4, 4, 5)),
    "transposed1d": (nn.ConvTranspose1d(2, 3, 4, stride=3, dilation=2), (2, 5)),
    "max": (nn.MaxPool2d(3, stride=2, padding=1, dilation=1, ceil_mode=True), (3, 8, 7)),
    "mean": (nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), (3, 8, 7)),
    "mean inside": (nn.AvgPool1d(3, stride=2, padding=1, count_include_pad=False), (3, 8)),
    "mean by seven": (nn.AvgPool2d(2, divisor_override=7), (3, 6, 6)),
    "adaptive": (nn.AdaptiveAvgPool2d(3), (2, 6, 9)),
    "uneven": (nn.AdaptiveMaxPool2d((3, 4)), (2, 7, 9)),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_gives_every_number_of_the_output(name: str) -> None:
    torch.manual_seed(1)
    model, shape = WINDOWS[name]
    session = session_of(model, torch.randn(1, *shape))
    index = ask(session, "graph")["operations"][-1]["index"]
    whole = output(session, index)[0]
    for channel in range(len(whole)):
        message = ask(session, "channel/{op}/{channel}", op=index, channel=channel)
        made = slide(message["window"], whole[channel].shape)
        np.testing.assert_allclose(made, whole[channel], atol=1e-5)
        np.testing.assert_array_equal(unpack(message["output"]), whole[channel])


def slide(window: dict[str, Any], space: tuple[int, ...]) -> np.ndarray:
    """The output map from the message alone, number by number."""
    taken = unpack(window["input"])
    weight = unpack(window["weight"]) if window["weight"] else np.ones((1, *window["kernel"]))
    made = np.full(space, window["bias"] or 0.0)
    if window["kind"] == "transposed":
        for place in np.ndindex(taken.shape[1:]):
            for tap in np.ndindex(*window["kernel"]):
                there = lies_on(window, place, tap)
                if all(0 <= one < size for one, size in zip(there, space, strict=True)):
                    made[there] += taken[(slice(None), *place)] @ weight[(slice(None), *tap)]
        return made
    for step in np.ndindex(*space):
        values, inside, padded = [], 0, 0
        for tap, there in taps(window, step):
            real = all(0 <= one < size for one, size in zip(there, taken.shape[1:], strict=True))
            ends = zip(there, taken.shape[1:], window["padding"], strict=True)
            inside, padded = inside + real, padded + all(one < size + after for one, size, (_, after) in ends)
            if real:
                column = taken[(slice(None), *there)]
                values.append(column @ weight[(slice(None), *tap)])
        divisor = {"inside": inside, "padded": padded}.get(window["divisor"]) or window["divisor"] or 1
        found = max(values) if window["rule"] == "max" else sum(values)
        made[step] += found / divisor if window["rule"] == "mean" else found
    return made


def taps(window: dict[str, Any], step: tuple[int, ...]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    if window["spans"]:
        spans = [axis[place] for axis, place in zip(window["spans"], step, strict=True)]
        return [
            (tap, tuple(first + one for (first, _), one in zip(spans, tap, strict=True)))
            for tap in np.ndindex(*(behind - first for first, behind in spans))
        ]
    return [(tap, lies_on(window, step, tap)) for tap in np.ndindex(*window["kernel"])]


def lies_on(window: dict[str, Any], step: tuple[int, ...], tap: tuple[int, ...]) -> tuple[int, ...]:
    each = zip(step, tap, window["stride"], window["padding"], window["dilation"], strict=True)
    return tuple(one * stride - before + u * dilation for one, u, stride, (before, _), dilation in each)


def test_a_border_that_no_window_reaches_is_counted() -> None:
    session = session_of(nn.MaxPool2d(2), torch.randn(1, 1, 5, 6))
    assert ask(session, "channel/{op}/{channel}", op=0, channel=0)["window"]["unused"] == [1, 0]


def test_small_maps_and_their_order() -> None:
    torch.manual_seed(2)
    session = Session(open_model("plain", ["1x28x28"]))
    index = op(session, "conv2")
    whole = output(session, index)[0]
    layer = ask(session, "layer/{op}", op=index, sort="mean")
    order = [each["channel"] for each in layer["items"]]
    means = whole.mean((1, 2))
    assert order == sorted(range(32), key=lambda channel: -means[channel])
    maps = unpack(layer["maps"])
    step = (layer["high"] - layer["low"]) / 255
    np.testing.assert_allclose(maps, whole[order], atol=step / 2 + 1e-6)
    for each in layer["items"]:
        own = whole[each["channel"]]
        assert each["sparsity"] == pytest.approx((own <= 0).mean(), abs=1e-6)
        assert (each["min"], each["max"]) == pytest.approx((own.min(), own.max()))


def test_pages_hold_64_channels() -> None:
    session = session_of(nn.Conv2d(1, 130, 3), torch.randn(1, 1, 90, 100))
    layers = [ask(session, "layer/{op}", op=0, page=page) for page in range(3)]
    assert [len(each["items"]) for each in layers] == [64, 64, 2] and layers[0]["pages"] == 3
    assert layers[0]["space"] == [88, 98] and layers[0]["maps"]["shape"] == [64, 64, 64]
    with pytest.raises(ConvscopeError, match="no page 3"):
        ask(session, "layer/{op}", op=0, page=3)


def test_effect_is_what_the_score_loses_without_the_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "ENOUGH", 600.0)
    torch.manual_seed(3)
    session = Session(open_model("residual", ["1x28x28"]))
    target = int(np.argmax(ask(session, "graph")["prediction"]["logits"]))
    given, model = session.seen.inputs[0], session.model
    for name in ("conv1", "residual1.conv2", "residual2"):
        node = session.seen.trace[name]
        layer = ask(session, "layer/{op}", op=node.index, sort="effect")
        for each in layer["items"][:4]:
            assert each["value"] == pytest.approx(lost(model, name, each["channel"], given, target), abs=2e-5)


def test_effect_is_estimated_where_running_again_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    session = Session(open_model("plain", ["1x28x28"]))
    last = op(session, "flatten")  # what follows is linear, so that the estimate is exact
    found = {}
    for enough in (600.0, 0.0):
        monkeypatch.setattr(sorting, "ENOUGH", enough)
        session.seen.kept.clear()
        layer = ask(session, "layer/{op}", op=last, sort="effect")
        found[enough] = [each["value"] for each in layer["items"]]
        assert ("estimate" in layer["words"]) == (enough == 0.0)
    assert found[0.0] == pytest.approx(found[600.0], abs=1e-5)


def lost(model: nn.Module, path: str, channel: int, given: torch.Tensor, target: int) -> float:
    """The score with and without one channel of a module's output, by a hook."""

    def silence(_: nn.Module, __: object, made: torch.Tensor) -> torch.Tensor:
        made = made.clone()
        made[:, channel] = 0
        return made

    with torch.no_grad():
        before = model(given)[0, target]
        handle = model.get_submodule(path).register_forward_hook(silence)
        after = model(given)[0, target]
        handle.remove()
    return float(before - after)


def test_gradient_order_is_that_of_autograd() -> None:
    torch.manual_seed(4)
    session = Session(open_model("plain", ["1x28x28"]))
    index = op(session, "pool1")
    target = int(np.argmax(ask(session, "graph")["prediction"]["logits"]))
    kept: list[torch.Tensor] = []
    handle = session.model.get_submodule("pool1").register_forward_hook(lambda *each: kept.append(each[2]))
    score = session.model(session.seen.inputs[0])[0, target]
    handle.remove()
    (slope,) = torch.autograd.grad(score, kept[0])
    wanted = slope[0].abs().sum((1, 2))
    layer = ask(session, "layer/{op}", op=index, sort="gradient")
    for each in layer["items"]:
        assert each["value"] == pytest.approx(float(wanted[each["channel"]]), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("kind", "names"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrent_layers_are_units_over_steps_with_their_gates(kind: str, names: int) -> None:
    torch.manual_seed(5)
    model = getattr(nn, kind)(3, 5, bidirectional=True)
    session = session_of(model, torch.randn(7, 1, 3))
    whole = output(session, ask(session, "graph")["operations"][-1]["index"])  # (step, sample, unit)
    index = ask(session, "graph")["operations"][-1]["index"]
    layer = ask(session, "layer/{op}", op=index)
    assert (layer["axes"], layer["channels"], layer["space"]) == ("steps", 10, [7])
    gates = unpack(layer["gates"]["values"])
    assert gates.shape == (len(layer["gates"]["names"]), 7, 10) == (names, 7, 10)
    channel = ask(session, "channel/{op}/{channel}", op=index, channel=8)
    np.testing.assert_array_equal(unpack(channel["output"]), whole[:, 0, 8])
    number = ask(session, "number/{op}", op=index, at="0,8,2")
    assert number["at"] == [2, 0, 8] and number["holds"]
    assert number["network"] == pytest.approx(whole[2, 0, 8])


def test_tokens_have_their_features_as_channels() -> None:
    torch.manual_seed(6)
    model = nn.Sequential(nn.Embedding(11, 6), nn.LayerNorm(6), nn.Linear(6, 8))
    session = session_of(model, torch.tensor([[1, 5, 9]]))
    for index, width in ((0, 6), (1, 6), (2, 8)):
        layer = ask(session, "layer/{op}", op=index)
        assert (layer["axes"], layer["channels"], layer["space"]) == ("steps", width, [3])
    number = ask(session, "number/{op}", op=2, at="0,7,1")
    assert number["at"] == [0, 1, 7] and number["network"] == pytest.approx(output(session, 2)[0, 1, 7])


def test_a_receptive_field_is_boxed_for_any_unit() -> None:
    session = session_of(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3)), torch.randn(1, 1, 10, 10))
    box = lambda **at: ask(session, "operation/{op}", op=1, **at)["receptive"]["box"]  # noqa: E731
    assert box(at="0,1,2,4")[2:] == [[2, 7], [4, 9]] and box()[2:] == [[3, 8], [3, 8]]
    assert ask(session, "number/{op}", op=1, at="0,1,2,4")["box"][2:] == [[2, 7], [4, 9]]


def test_an_optimizer_step_is_that_of_torch() -> None:
    torch.manual_seed(7)
    session = Session(open_model("plain", ["1x28x28"]))
    index = op(session, "conv2")
    for rule, optimizer in (("sgd", torch.optim.SGD), ("adam", torch.optim.Adam)):
        model = copy.deepcopy(session.model)
        step = optimizer(model.parameters(), lr=0.1)
        loss = F.cross_entropy(model(session.seen.inputs[0]), torch.tensor([4]))
        loss.backward()
        step.step()
        asked = {"op": index, "weight": "weight", "at": "3,1,0,2", "rule": rule, "rate": "0.1", "target": 4}
        message = ask(session, "step/{op}", **asked)
        assert message["holds"]
        assert message["loss"] == pytest.approx(loss.item(), rel=1e-5)
        assert message["result"] == pytest.approx(
            model.get_parameter("conv2.weight")[3, 1, 0, 2].item(), rel=1e-4
        )


@pytest.mark.parametrize("method", ["gradient", "integrated", "gradcam", "occlusion"])
@pytest.mark.parametrize("name", ["plain", "1-D", "3-D"])
def test_attributions_lie_on_the_input(method: str, name: str) -> None:
    session = Session(open_model(*(OPENED[name][0], [OPENED[name][1]])))
    message = ask(session, "attribution", method=method, **{"class": 2})
    assert message["target"] == "2"
    words = message["words"]
    assert set(re.findall(r"{(\w+)}", words["text"])) <= set(words["values"])
    assert message["numbers"]["shape"] == list(session.seen.inputs[0].shape[1:])
    if method == "gradient":
        given = session.seen.inputs[0].clone().requires_grad_()
        (slope,) = torch.autograd.grad(session.model(given)[0, 2], given)
        np.testing.assert_allclose(unpack(message["numbers"]), slope[0].sum(0, keepdim=True), atol=1e-6)


@pytest.mark.parametrize("padding", ["replicate", "reflect", "circular", "zeros", "none"])
def test_a_filter_is_a_convolution_of_the_input(padding: str) -> None:
    torch.manual_seed(8)
    session = session_of(nn.Conv2d(3, 4, 3), torch.rand(1, 3, 9, 12))
    names = [each["name"] for each in ask(session, "filters")["filters"]]
    assert "sobel-x" in names and "derivative" not in names
    kernel = [[1.0, 2.0, -1.0], [0.0, 1.0, 0.0], [3.0, 0.0, -2.0]]
    given = {"kernel": kernel, "padding": padding, "stride": 2, "dilation": 2, "pool": "max", "at": [1, 0, 1]}
    message = post(session, "filter", **given)
    x = session.seen.inputs[0]
    if padding != "none":
        x = F.pad(x, (2, 2, 2, 2), mode="constant" if padding == "zeros" else padding)
    wanted = F.conv2d(x, torch.tensor(kernel).expand(3, 1, 3, 3), stride=2, dilation=2, groups=3)
    np.testing.assert_allclose(unpack(message["result"]), F.max_pool2d(wanted, 2)[0], atol=1e-5)
    assert message["number"]["network"] == pytest.approx(float(wanted[0, 1, 0, 1]), rel=1e-5)
    assert [each["value"] for each in message["size"]] == [str(size) for size in wanted.shape[2:]]


def test_filters_of_a_signal_are_rows() -> None:
    session = Session(open_model("compact", ["1x140"]))
    kernels = {each["name"]: each["kernel"] for each in ask(session, "filters")["filters"]}
    assert kernels["derivative"] == [[-0.5, 0.0, 0.5]] and "sobel-x" not in kernels
    assert post(session, "filter", kernel=[[1, 0, -1]], padding="none")["result"]["shape"] == [1, 138]


def test_a_change_is_tried_on_a_copy_and_can_be_undone() -> None:
    torch.manual_seed(9)
    session = Session(open_model("plain", ["1x28x28"]))
    before, weights = ask(session, "graph"), copy.deepcopy(session.model.state_dict())
    index = op(session, "conv2")
    by_hand = copy.deepcopy(session.model)
    with torch.no_grad():
        by_hand.get_parameter("conv2.weight")[5, 3] = torch.eye(5)
    edited = post(session, "edit", op=index, what="kernel", output=5, input=3, values=torch.eye(5).tolist())
    wanted = by_hand(session.seen.inputs[0])[0]
    assert edited["after"]["prediction"]["logits"] == pytest.approx(wanted.tolist(), abs=1e-5)
    assert edited["before"]["prediction"] == before["prediction"]
    post(session, "edit", op=index, what="channel", channel=7)
    assert not unpack(ask(session, "channel/{op}/{channel}", op=index, channel=7)["output"]).any()
    post(session, "edit", op=op(session, "relu1"), what="activation", to="none")
    relu = session.seen.trace["relu1"]
    assert torch.equal(*(session.seen.trace.tensor(each) for each in (relu.inputs[0], relu.outputs[0])))
    choices = ask(session, "edit/{op}", op=index)
    assert choices["before"]["prediction"] == before["prediction"]
    assert len(ask(session, "graph")["edited"]) == 3
    post(session, "undo")
    post(session, "undo")
    assert ask(session, "graph")["prediction"]["logits"] == edited["after"]["prediction"]["logits"]
    post(session, "undo")
    assert ask(session, "graph")["prediction"] == before["prediction"] and session.tried == []
    assert all(torch.equal(value, weights[name]) for name, value in session.original.state_dict().items())


def test_a_change_that_no_longer_fits_is_explained() -> None:
    session = Session(open_model("plain", ["1x28x28"]))
    index = op(session, "conv1")
    edited = post(session, "edit", op=index, what="setting", setting="padding", value=[0, 0])
    assert edited["after"]["shape"] == [1, 16, 24, 24]
    assert "1,152" in edited["after"]["failure"]["what"] and edited["after"]["prediction"] is None
    graph = ask(session, "graph")
    assert graph["operations"][-1]["name"] == "fc"
    assert post(session, "reset")["edited"] == [] and ask(session, "graph")["failure"] is None


def test_a_transposed_convolution_changes_where_it_says() -> None:
    torch.manual_seed(10)
    session = session_of(nn.ConvTranspose2d(4, 6, 2, groups=2), torch.randn(1, 4, 3, 3))
    post(session, "edit", op=0, what="kernel", output=4, input=1, values=[[1.0, 2.0], [3.0, 4.0]])
    window = ask(session, "channel/{op}/{channel}", op=0, channel=4)["window"]
    np.testing.assert_array_equal(unpack(window["weight"])[1], [[1, 2], [3, 4]])
    post(session, "edit", op=0, what="channel", channel=4)
    assert not output(session, 0)[0, 4].any() and output(session, 0)[0, 3].any()


BAD = [
    ("operation/{op}", {"op": "99"}),
    ("operation/{op}", {"op": "-1"}),
    ("operation/{op}", {"op": "one"}),
    ("operation/{op}", {"op": "1" * 400}),
    ("operation/{op}", {"op": "0", "at": "0,0"}),
    ("layer/{op}", {"op": "0", "sort": "size"}),
    ("layer/{op}", {"op": "0", "page": "-1"}),
    ("channel/{op}/{channel}", {"op": "0", "channel": "99"}),
    ("channel/{op}/{channel}", {"op": "0", "channel": "-1"}),
    ("number/{op}", {"op": "0", "at": "0,0,0,99"}),
    ("number/{op}", {"op": "0", "at": "0,0,0,٣"}),
    ("number/{op}", {"op": "0", "at": "0,0,0,0", "output": "3"}),
    ("number/{op}", {"op": "0", "at": "0,0,0,0", "gradient": "nothing"}),
    ("number/{op}", {"op": "0", "at": "0,0,0,0", "gradient": "weight", "target": "99"}),
    ("number/{op}", {"op": "0", "at": "0,0,0,99", "gradient": "weight"}),
    ("step/{op}", {"op": "0", "at": "0,0"}),
    ("step/{op}", {"op": "0", "at": "0,0,0,0", "weight": "input"}),
    ("step/{op}", {"op": "0", "at": "0,0,0,0", "rate": "nan"}),
    ("attribution", {"method": "magic"}),
    ("attribution", {"class": "10"}),
    ("edit/{op}", {"op": "99"}),
]
BAD_EDITS: list[dict[str, Any]] = [
    {},
    {"op": 99, "what": "channel", "channel": 0},
    {"op": True, "what": "channel", "channel": 0},
    {"op": 0, "what": "weights"},
    {"op": 0, "what": "channel", "channel": -1},
    {"op": 0, "what": "kernel", "output": 0, "input": 1, "values": []},
    {"op": 0, "what": "kernel", "output": 0, "input": 0, "values": [[1, 2], [3]]},
    {"op": 0, "what": "kernel", "output": 0, "input": 0, "values": [[float("nan")] * 5] * 5},
    {"op": 0, "what": "activation", "to": "Tanh"},
    {"op": 0, "what": "setting", "setting": "stride", "value": [0, 1]},
    {"op": 0, "what": "setting", "setting": "stride", "value": [1, 1, 1]},
    {"op": 0, "what": "setting", "setting": "stride", "value": [1, 1]},
    {"op": 0, "what": "setting", "setting": "groups", "value": [1]},
]
BAD_FILTERS: list[dict[str, Any]] = [
    {},
    {"kernel": "sharpen"},
    {"kernel": [[1] * 99] * 99},
    {"kernel": [[1, 2], [3]]},
    {"kernel": [[1]], "stride": 0},
    {"kernel": [[1]], "padding": "mirror"},
    {"kernel": [[1]], "pool": "min"},
    {"kernel": [[1] * 3] * 3, "at": [0, 99, 0]},
    {"kernel": [[1] * 15] * 15, "padding": "none", "dilation": 9},
]


def test_bad_words_are_refused_with_words() -> None:
    session = Session(open_model("plain", ["1x28x28"]))
    for address, asked in BAD:
        with pytest.raises(ConvscopeError):
            answer(GET, session, filled(address, asked))
    for given in BAD_EDITS:
        with pytest.raises(ConvscopeError):
            answer(POST, session, "edit", given)
    for given in BAD_FILTERS:
        with pytest.raises(ConvscopeError):
            answer(POST, session, "filter", given)
    assert session.edits == [] and ask(session, "graph")["edited"] == []


def test_what_is_kept_stays_small() -> None:
    session = Session(open_model("plain", ["1x28x28"]))
    for turn in range(3):
        for target in range(10):
            ask(session, "number/{op}", op=0, at="0,0,0,0", gradient="weight", target=target)
            ask(session, "step/{op}", op=0, at="0,0,0,0", target=target, rate=0.1 + turn)
    assert len(session.seen.gradients) <= 4
    assert sum(key.startswith("loss ") for key in session.seen.kept) == 1


def test_numbers_that_are_none_are_null() -> None:
    session = session_of(nn.ReLU(), torch.tensor([[[[1.0, float("nan")], [float("inf"), -1.0]]]]))
    graph = ask(session, "graph")
    assert graph["operations"][0]["thumbnail"]["high"] == 1.0
    layer = ask(session, "layer/{op}", op=0)
    assert layer["items"][0]["max"] is None and layer["high"] == 1.0
    assert ask(session, "number/{op}", op=0, at="0,0,0,1")["network"] is None
