from dataclasses import replace

import pytest
import torch

from convscope.training import train
from convscope.training.events import Checkpoint, Epoch, Notice
from convscope.training.notices import Watch


def notices(events):
    return [event.text for event in events if isinstance(event, Notice)]


def shuffled(dataset):
    order = torch.randperm(len(dataset.labels), generator=torch.Generator().manual_seed(0))
    return replace(dataset, labels=dataset.labels[order])


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
@pytest.mark.parametrize("epochs", [1, 5])
def test_labels_that_mean_nothing(stripes, model_for, said, loss, epochs):
    dataset = shuffled(stripes((300, 60, 8)))
    events = train(model_for(dataset), dataset, said(loss=loss, epochs=epochs, lr=3e-5))
    (text,) = notices(events)
    assert "nothing but noise was learnt" in text
    assert "labels that do not belong to the samples" in text


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
def test_labels_learnt_by_heart(stripes, model_for, said, loss):
    """The training part is known in the end, the validation part is guessed."""
    dataset = shuffled(stripes((60, 300, 8)))
    events = train(model_for(dataset), dataset, said(loss=loss, epochs=60, lr=0.003))
    assert any("by heart" in text for text in notices(events))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_learning_rate_that_is_far_too_low(stripes, model_for, said, optimizer):
    dataset = stripes((40, 20, 8))
    events = train(model_for(dataset), dataset, said(optimizer=optimizer, lr=1e-9))
    assert "learning rate far too high or too low" in notices(events)[0]


def test_a_class_that_is_never_predicted(stripes, model_for, said):
    """The last class has validation samples and no training sample."""
    dataset = stripes((60, 30, 8))
    rows = dataset.parts["train"]
    dataset = replace(dataset, parts=dataset.parts | {"train": rows[dataset.labels[rows] != 2]})
    (text,) = notices(train(model_for(dataset), dataset, said(epochs=6)))
    assert "no sample was ever taken for: stripe 2." in text
    assert "--balance" in text


def test_a_class_that_the_validation_part_has_not_is_no_matter(stripes, model_for, said):
    dataset = stripes((60, 30, 8))
    rows = dataset.parts["val"]
    dataset = replace(dataset, parts=dataset.parts | {"val": rows[dataset.labels[rows] != 2]})
    assert notices(train(model_for(dataset), dataset, said(epochs=6))) == []


def test_steps_that_are_too_large(stripes, model_for, said):
    dataset = stripes((40, 20, 8))
    texts = notices(train(model_for(dataset), dataset, said(optimizer="adam", lr=5.0)))
    assert "after the first epoch" in texts[0]
    assert "smaller --lr" in texts[0]


def test_after_a_resume_no_epoch_is_the_first_again(stripes, model_for, said):
    dataset, settings = stripes((40, 20, 8)), said(optimizer="adam", lr=5.0, epochs=3)
    states = [
        event.state()
        for event in train(model_for(dataset), dataset, settings)
        if isinstance(event, Checkpoint)
    ]
    texts = notices(train(model_for(dataset), dataset, settings, state=states[0]))
    assert not any("after the first epoch" in text for text in texts)


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
@pytest.mark.parametrize("name", ["plain", "strided", "fast"])
def test_a_healthy_training_gives_no_notice(stripes, model_for, said, loss, name):
    dataset = stripes((60, 30, 8))
    assert notices(train(model_for(dataset, name), dataset, said(loss=loss, epochs=6))) == []


@pytest.mark.parametrize("samples", [1, 2])
def test_a_handful_of_samples_gives_no_false_alarm(stripes, model_for, said, samples):
    dataset = stripes((3, samples, 0))
    texts = notices(train(model_for(dataset), dataset, said(epochs=20, lr=0.01)))
    assert not any("noise" in text or "by heart" in text for text in texts)


@pytest.mark.parametrize(("right", "count"), [(0.95, 0), (0.4, 1)])
def test_a_first_epoch_that_began_badly_has_learnt_where_validation_says_so(said, right, count):
    """The training part's figures are means over an epoch in which the weights still moved."""
    watch = Watch(("a", "b", "c"), said(loss="cross-entropy"))
    labels = torch.arange(3).repeat(20)
    watch.predicted(torch.nn.functional.one_hot(labels, 3).float(), labels)
    list(watch.after(Epoch(1, 9, 1.2, 0.35, 0.4, right, right, 0.01, 1.0, 0.1, 60.0, True)))
    assert sum("nothing but noise" in notice.text for notice in watch.at_the_end()) == count
