from dataclasses import asdict, fields, replace

import numpy as np
import pytest
import torch

from convscope.errors import TrainingError
from convscope.system import cores
from convscope.training import Augment, TrainingSettings, choose

OPEN = ("clip", "patience")
GIVEN = {
    "epochs": 3.5,
    "batch": 17,
    "optimizer": "sgd",
    "lr": 0.123,
    "schedule": "step",
    "label_smoothing": 0.03,
    "weight_decay": 0.01,
    "augment": Augment(flip=True),
    "threads": 1,
    "clip": 2.0,
    "patience": 4,
    "refit": 0.0,
    "precision": "fp32",
    "device": "cpu",
    "loss": "mse",
    "balance": "weights",
    "best_by": "loss",
    "seed": 5,
    "snapshots": 3,
    "snapshot_budget": 8.0,
}


def large(dataset, samples):
    """The same data, its training part repeated until it has so many samples."""
    rows = dataset.parts["train"]
    return replace(dataset, parts=dataset.parts | {"train": rows[torch.arange(samples) % len(rows)]})


@pytest.mark.parametrize("samples", [1, 2, 30, 1000, 60_000, 2_000_000])
@pytest.mark.parametrize("space", [(24,), (12, 10), (10, 12, 10)])
def test_nothing_stays_open_and_every_choice_has_a_reason(stripes, model_for, samples, space):
    dataset = large(stripes(space=space), samples)
    settings, reasons = choose(model_for(dataset), dataset, TrainingSettings())
    still_open = [name for name, value in asdict(settings).items() if value is None]
    assert set(still_open) == set(OPEN)
    assert len({reason for reason in reasons if not reason.startswith("precision")}) == 9 + bool(
        settings.refit
    )
    assert len(set(reasons)) == len(reasons)
    assert 8 <= settings.batch <= 128
    assert 1 <= settings.epochs <= 100
    assert 0 < settings.lr < 1
    assert settings.threads == cores()
    assert TrainingSettings(**vars(settings)) == settings


def test_what_was_said_stays(stripes, model_for):
    dataset = stripes()
    settings, reasons = choose(model_for(dataset), dataset, TrainingSettings(**GIVEN))
    assert settings == TrainingSettings(**GIVEN)
    assert reasons == []
    assert set(GIVEN) == {field.name for field in fields(TrainingSettings)}


@pytest.mark.parametrize("name", ["epochs", "batch", "optimizer", "lr", "schedule", "weight_decay"])
def test_each_thing_said_alone_stays(stripes, model_for, name):
    dataset = stripes()
    settings, reasons = choose(model_for(dataset), dataset, TrainingSettings(**{name: GIVEN[name]}))
    assert getattr(settings, name) == GIVEN[name]
    assert len(reasons) == 8 + bool(settings.refit)


def test_full_batches_stay(stripes, model_for):
    dataset = stripes()
    assert choose(model_for(dataset), dataset, TrainingSettings(batch="full"))[0].batch == "full"


def test_a_weight_decay_of_0_is_something_said(stripes, model_for):
    dataset = stripes()
    settings, reasons = choose(
        model_for(dataset), dataset, TrainingSettings(weight_decay=0.0, label_smoothing=0.0)
    )
    assert (settings.weight_decay, settings.label_smoothing) == (0.0, 0.0)
    assert len(reasons) == 7 + bool(settings.refit)


def test_small_data_get_small_batches_and_more_epochs(stripes, model_for):
    chosen = []
    for samples in (20, 500, 5000, 60_000, 500_000):
        dataset = large(stripes(), samples)
        chosen.append(choose(model_for(dataset), dataset, TrainingSettings())[0])
    batches, epochs = [c.batch for c in chosen], [c.epochs for c in chosen]
    assert batches == sorted(batches)
    assert epochs == sorted(epochs, reverse=True)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_a_network_with_normalisation_stands_larger_steps(stripes, model_for, optimizer):
    dataset = stripes()
    said = TrainingSettings(optimizer=optimizer)
    without, normalised = (
        choose(model_for(dataset, name), dataset, said)[0].lr for name in ("plain", "strided")
    )
    assert without < normalised


@pytest.mark.parametrize("space", [(8, 8), (28, 28), (64, 64), (200, 100)])
def test_grey_pictures_are_never_mirrored(stripes, model_for, space):
    """Digits and signs have a side; pictures of them change by small shifts at most."""
    dataset = stripes(space=space)
    augment = choose(model_for(dataset), dataset, TrainingSettings())[0].augment
    assert not augment.flip
    assert augment.rotate == augment.crop == augment.scale == augment.cutout == 0
    assert augment.shift <= 0.05


@pytest.mark.parametrize("space", [(140,), (30, 30, 30)])
def test_signals_and_volumes_are_shifted_a_little(stripes, model_for, space):
    dataset = stripes(space=space)
    assert choose(model_for(dataset, "fast"), dataset, TrainingSettings())[0].augment == Augment(shift=0.04)


def test_sequences_and_tiny_samples_are_left_alone(stripes, model_for):
    for dataset in (replace(stripes(space=(140,)), kind="sequence"), stripes(space=(8, 8))):
        assert choose(model_for(dataset), dataset, TrainingSettings())[0].augment == Augment()


def test_no_smoothing_is_not_said_to_help(stripes, model_for):
    dataset = stripes()
    given = TrainingSettings(loss="mse")
    settings, reasons = choose(model_for(dataset), dataset, given)
    assert settings.label_smoothing == 0
    assert [reason for reason in reasons if "smoothing" in reason] == [
        "no label smoothing: the targets are learned as they are"
    ]


def test_photographs_are_mirrored_and_it_is_said(stripes, model_for):
    dataset = stripes(space=(64, 64), channels=3)
    settings, reasons = choose(model_for(dataset), dataset, TrainingSettings())
    assert settings.augment.flip
    assert any("flip" in reason for reason in reasons)


def test_drawings_are_neither_mirrored_nor_cropped(stripes, model_for):
    dataset = stripes(space=(64, 64), channels=3)
    flat = replace(dataset, inputs=(dataset.inputs > 115).to(torch.uint8) * 255)
    settings, reasons = choose(model_for(flat), flat, TrainingSettings())
    assert settings.augment == Augment(shift=0.04)
    assert any("drawings (few colours)" in reason for reason in reasons)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 0.0, -1.0])
@pytest.mark.parametrize("name", ["epochs", "lr", "clip"])
def test_numbers_that_make_no_sense_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        TrainingSettings(**{name: value})


def test_what_was_chosen_trains(stripes, model_for):
    """Also the smallest data: with all that was chosen, they are learnt."""
    from convscope.training import train
    from convscope.training.events import Epoch

    dataset = stripes((30, 10, 0), dtype=np.uint8)
    model = model_for(dataset, "fast")
    settings, _ = choose(model, dataset, TrainingSettings(threads=1, epochs=15, precision="fp32"))
    epochs = [event for event in train(model, dataset, settings) if isinstance(event, Epoch)]
    assert epochs[-1].val_accuracy > 0.6


@pytest.mark.parametrize(
    ("sizes", "given", "refits"),
    [
        ((400, 40, 50), {}, True),
        ((400, 40, 50), {"epochs": 6}, True),
        ((400, 40, 50), {"epochs": 5}, False),  # no epoch to spare
        ((400, 40, 50), {"patience": 3}, False),  # the validation part has to judge to the end
        ((400, 40, 50), {"refit": 0}, False),
        ((400, 40, 50), {"epochs": 2, "refit": 0.5}, True),
        ((400, 0, 50), {}, False),  # nothing more to learn
        ((400, 40, 0), {}, False),  # the validation part is all that judges
        ((5_001, 40, 50), {"epochs": 20}, False),  # enough to learn from
    ],
)
def test_validation_samples_are_learnt_where_samples_are_few(stripes, model_for, sizes, given, refits):
    dataset = stripes(sizes, space=(24,))
    settings, reasons = choose(model_for(dataset), dataset, TrainingSettings(**given))
    assert settings.refit == (given.get("refit", 0.3) if refits else 0)
    said = [reason for reason in reasons if reason.startswith("refit")]
    assert len(said) == (refits and "refit" not in given)
    assert all("40 validation samples" in reason and "--refit 0" in reason for reason in said)


def test_pictures_need_all_their_epochs_for_themselves(stripes, model_for):
    dataset = stripes((400, 40, 50))
    assert choose(model_for(dataset), dataset, TrainingSettings())[0].refit == 0


@pytest.mark.parametrize(
    ("sizes", "given", "why"),
    [
        ((40, 0, 8), {}, "it needs both"),
        ((40, 10, 0), {}, "it needs both"),
        ((40, 10, 8), {"patience": 2}, "both at once do not go"),
    ],
)
def test_a_refit_that_cannot_be_is_refused(stripes, model_for, sizes, given, why):
    dataset = stripes(sizes)
    with pytest.raises(TrainingError, match=why):
        choose(model_for(dataset), dataset, TrainingSettings(refit=0.3, **given))
