from dataclasses import replace

import pytest
import torch

from convscope.training import Augment, train
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


def of_epoch(number, accuracy, best):
    return Epoch(number, 9, 0.1, 0.9, 0.4, accuracy, accuracy, 0.01, 1.0, 0.1, 60.0, best)


def spoken(watch, labels, said, epoch):
    watch.predicted(torch.nn.functional.one_hot(torch.tensor(said), 3).float(), torch.tensor(labels))
    return list(watch.after(epoch))


def test_the_epoch_that_is_kept_counts_and_not_the_last(said):
    settings, labels = said(loss="cross-entropy"), [0, 1, 2] * 8
    watch = Watch(("a", "b", "c"), settings)
    spoken(watch, labels, labels, of_epoch(1, 0.9, True))
    spoken(watch, labels, [0, 1, 1] * 8, of_epoch(2, 0.7, False))
    assert list(watch.at_the_end()) == []
    spoken(watch, labels, [0, 1, 1] * 8, of_epoch(3, 0.9, True))
    (notice,) = watch.at_the_end()
    assert "by the weights that are kept, no sample was ever taken for: c." in notice.text
    again = Watch(("a", "b", "c"), settings)
    again.restore(watch.state())
    spoken(again, labels, labels, of_epoch(4, 0.8, False))
    assert list(again.at_the_end()) == [notice]


@pytest.mark.parametrize(("samples", "count"), [(1, 0), (4, 0), (5, 1)])
def test_a_few_validation_samples_of_a_class_are_no_reason_for_alarm(said, samples, count):
    watch, labels = Watch(("a", "b", "c"), said(loss="cross-entropy")), [0, 1] * 12 + [2] * samples
    spoken(watch, labels, [0, 1] * 12 + [1] * samples, of_epoch(1, 0.9, True))
    assert len(list(watch.at_the_end())) == count


@pytest.mark.parametrize(
    ("augment", "train_accuracy", "accuracy", "count"),
    [
        (Augment(crop=0.3, flip=True), 0.7, 0.72, 1),
        (Augment(crop=0.3, flip=True), 0.7, 0.9, 0),  # the changes make training harder, as they should
        (Augment(crop=0.3, flip=True), 0.9, 0.72, 0),  # that is learning by heart
        (Augment(shift=0.1), 0.7, 0.72, 0),
    ],
)
def test_random_changes_that_hide_the_classes(said, augment, train_accuracy, accuracy, count):
    watch, labels = Watch(("a", "b", "c"), said(loss="cross-entropy", augment=augment)), [0, 1, 2] * 8
    spoken(watch, labels, labels, replace(of_epoch(1, accuracy, True), train_accuracy=train_accuracy))
    texts = [notice.text for notice in watch.at_the_end()]
    assert len(texts) == count
    assert all("try --augment shift=0.04, or none" in text for text in texts)


def test_what_is_done_already_is_no_advice(said):
    watch, labels = Watch(("a", "b", "c"), said(loss="cross-entropy", balance="sampling")), [0, 1, 2] * 8
    spoken(watch, labels, [0, 1, 1] * 8, of_epoch(1, 0.7, True))
    (notice,) = watch.at_the_end()
    assert "--balance" not in notice.text


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


def test_statistics_that_have_not_settled_yet_are_no_large_steps(said):
    watch = Watch(("a", "b", "c"), said(loss="cross-entropy"))
    early = replace(of_epoch(1, 0.4, True), val_loss=42.0)
    assert list(watch.after(replace(early, train_loss=0.9))) == []
    assert len(list(watch.after(replace(early, train_loss=5.0)))) == 1


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
