"""The page on loops of one's own: its programs run as they stand, and the run answers as their model."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import convscope
from convscope.network.keras_file import imported

pytestmark = pytest.mark.filterwarnings("ignore")  # of Lightning, skorch and Keras
PAGE = (Path(__file__).parents[1] / "docs" / "own_loop.md").read_text(encoding="utf-8")
PARTS = {
    title.strip(): text for title, text in re.findall(r"^##? (.*)\n((?:(?!^## ).*\n)*)", PAGE, re.MULTILINE)
}
NEEDED = {"Lightning": "pytorch_lightning", "skorch": "skorch"}


def samples(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    y = torch.arange(count) % 3
    x = torch.randint(0, 60, (count, 1, 8, 8)) + 90 * y[:, None, None, None]
    return x.to(torch.uint8), y


def of_lightning(model: nn.Module, pl) -> type:
    class Module(pl.LightningModule):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def training_step(self, batch):
            loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
            self.log("train_loss", loss, on_epoch=True)
            return loss

        def validation_step(self, batch):
            self.log("val_loss", nn.functional.cross_entropy(self.network(batch[0]), batch[1]))

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    return Module


@pytest.mark.parametrize("title", PARTS)
def test_the_program_runs_as_it_stands(title, tmp_path, monkeypatch, undrawn):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    (x, y), (xv, yv), (xt, yt) = map(samples, (60, 30, 20))
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    given = {
        "torch": torch,
        "convscope": convscope,
        "model": model,
        "optimizer": torch.optim.Adam(model.parameters()),
        **{"X": x, "y": y, "Xv": xv, "yv": yv, "Xt": xt, "yt": yt},
    }
    if title in NEEDED:
        library = pytest.importorskip(NEEDED[title])
    if title == "Lightning":
        given["Module"] = of_lightning(model, library)
        given["loader"], given["val_loader"] = (
            DataLoader(TensorDataset(some / 255, of), 20) for some, of in ((x, y), (xv, yv))
        )
    if title == "Keras":
        keras = imported()
        given["model"] = keras.Sequential(
            [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(3)]
        )
    for program in re.findall(r"```python\n(.*?)```", PARTS[title], re.DOTALL):
        exec(compile(program, title, "exec"), given)
    run, scores = given["run"], given["model"]
    wanted = scores((xt / 255).movedim(1, -1)) if title == "Keras" else scores(xt / 255)
    if run.history[-1]["best"]:  # the weights of the last epoch
        torch.testing.assert_close(run.model()(xt), wanted, rtol=1e-4, atol=1e-5)
    assert len(run.history) == 2
    assert run.settings.facts.samples == {"train": 60, "val": 30, "test": 20}
    assert run.evaluate().samples == 20
    told = run.history[-1]["val_loss"]
    assert (told is None) == (title == "Your own loop")
    assert not run.notices


@pytest.mark.parametrize("title", [title for title in PARTS if title != "Your own loop"])
def test_a_callback_is_of_about_ten_lines(title):
    program = re.findall(r"```python\n(.*?)```", PARTS[title], re.DOTALL)[0]
    lines = [
        line for line in program.splitlines() if line.strip() and not line.startswith(("import", "from"))
    ]
    assert len(lines) <= 10
