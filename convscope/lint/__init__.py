"""What is wrong with a person's network: it is not made, its forward fails, or it runs and is wrong.

    file.py:Net ── network.own.NotMade ──▶ making.MakingFailure ┐
    a trace that failed ────────────────▶ forward.Scene         ├─ RULES ──▶ Finding, its fix tried
    a trace that came to its end ───────▶ running.Ran           ┘

A rule is a check and its page (what, why, an example, the example mended), which `convscope rule NAME` prints
and docs/rules.md keeps. To add one, write the check with its page in a file of its stage and a line in
`RULES`. Of a failure the first rule of the stage that knows it has the word; of what runs, every one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convscope.arguments import demand
from convscope.errors import BrokenModel, UnknownName
from convscope.lint.finding import STAGES, Finding, Rule, Stage, Subject, Where, shown
from convscope.lint.forward import (
    axes,
    calls,
    channels,
    following,
    joins,
    losses,
    memory,
    places,
    python,
    recurrent,
    sizes,
    targets,
    types,
    views,
    windows,
)
from convscope.lint.forward.scene import Scene
from convscope.lint.making import arguments, classes, holders, names, networks, settings, syntax
from convscope.lint.making.failure import MakingFailure
from convscope.lint.running import layers, numbers, order, samples, training
from convscope.lint.running.ran import Ran
from convscope.network.own import NotMade, neighbours
from convscope.tracing.graph import Trace

__all__ = [
    "RULES",
    "STAGES",
    "Finding",
    "Rule",
    "Where",
    "diagnose",
    "explained",
    "of_stage",
    "page",
    "suspicions",
]

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        # a file that makes no network: the first that knows it
        syntax.syntax,
        syntax.ended,
        classes.no_forward,
        classes.no_init,
        classes.no_self,
        networks.asked,
        networks.no_module,
        classes.not_initialised,
        names.missing_module,
        names.missing_name,
        names.missing_attribute,
        holders.no_layer,
        holders.holder,
        arguments.misspelt_argument,
        arguments.too_few,
        arguments.too_many,
        settings.fractions,
        settings.groups,
        settings.heads,
        settings.same_padding,
        arguments.one_of,
        settings.negative,
        settings.probability,
        networks.not_made,
        # a forward that fails: the first that knows it
        memory.memory,
        calls.endless,
        calls.arguments,
        types.pair,
        types.no_tensor,
        types.device,
        following.parameter_in_place,
        following.numbers_outside,
        targets.embedding,
        views.view,
        views.order,
        views.mixed,
        targets.column,
        targets.space_left,
        targets.one_hot,
        targets.counts,
        targets.kind,
        targets.beyond,
        losses.sizes_of_both,
        losses.probabilities,
        losses.by_number,
        views.lost,
        types.kind_of_numbers,
        axes.missing_batch,
        axes.axes,
        channels.kernel_axes,
        channels.convolution,
        channels.groups,
        channels.one_value,
        channels.batch_norm,
        channels.group_norm,
        channels.layer_norm,
        windows.window,
        windows.pooling_padding,
        windows.output_padding,
        windows.mirrored_padding,
        recurrent.half_a_state,
        recurrent.state,
        recurrent.recurrent,
        sizes.embedding_width,
        sizes.linear,
        sizes.product,
        joins.element_by_element,
        joins.concatenation,
        places.dimension,
        places.entry,
        places.order,
        places.letters,
        places.space,
        python.truth,
        calls.holder,
        calls.no_forward,
        calls.unpacked,
        calls.not_a_list,
        calls.no_key,
        python.python,
        python.unknown,
        # what runs and is wrong, the gravest first: all that know something
        numbers.without_numbers,
        numbers.not_finite,
        numbers.exploded,
        samples.no_result,
        layers.mixed_batch,
        layers.missing_batch,
        samples.steps_for_samples,
        samples.state_first,
        samples.renamed_axes,
        samples.squeezed,
        samples.broadcast_loss,
        order.before_a_loss,
        order.scores_for_log_probabilities,
        order.squashed_output,
        order.softmax_over_samples,
        order.cut_scores,
        layers.unregistered,
        training.never_ran,
        training.without_gradient,
        training.one_sample,
        training.dropout_without_mode,
        training.training_mode,
        numbers.nothing_passes,
        numbers.constant_output,
        order.twice,
        order.useless_bias,
        layers.dropped_border,
    )
}


def of_stage(stage: Stage) -> list[Rule]:
    """The rules of one stage, in order."""
    return [rule for rule in RULES.values() if rule.stage == stage]


def page(name: str) -> Rule:
    """A rule by its name.

    Raises:
        UnknownName: there is none; suggests the nearest.
    """
    if name not in RULES:
        raise UnknownName("rule", name, RULES)
    return RULES[name]


def diagnose(trace: Trace) -> Finding:
    """Say why a forward failed.

    Args:
        trace: of a model that raised. Fixes are tried where the model and its inputs are still there: the
            model runs again with each, and is afterwards as it was.

    Raises:
        TraceError: the forward did not fail.

    >>> from torch import nn, zeros
    >>> from convscope.tracing import trace
    >>> found = diagnose(trace(nn.Sequential(nn.Flatten(), nn.Linear(1024, 10)), zeros(2, 16, 12, 12)))
    >>> found.rule, found.fix, found.tried
    ('linear-width', 'model[1] = nn.Linear(2304, 10)', True)
    """
    demand("trace", trace, Trace, "a Trace, which convscope.trace gives")
    return _first("forward", Scene(trace))


def suspicions(trace: Trace) -> list[Finding]:
    """What in a model that runs is wrong, or looks like it; the gravest first.

    Args:
        trace: with a `score` (a loss, best of all) more can be said: gradients that do not arrive.

    >>> from torch import nn, zeros
    >>> from convscope.tracing import trace
    >>> [found.what for found in suspicions(trace(nn.Sequential(nn.ReLU(), nn.ReLU()), zeros(2, 4) + 1))]
    ['relu after relu: two activations in a row.']
    """
    demand("trace", trace, Trace, "a Trace, which convscope.trace gives")
    return [shown(found, Ran(trace, rule)) for rule in of_stage("running") for found in rule.findings(trace)]


def why_not_made(failure: MakingFailure) -> Finding:
    """Say why a file, or a layer as it is typed, makes no network."""
    return _first("making", failure)


@contextmanager
def explained() -> Iterator[None]:
    """Where a person's own file makes no network inside, say why.

    Raises:
        BrokenModel: with the finding.
    """
    try:
        yield
    except NotMade as broken:
        failure = MakingFailure(broken.error, broken.text, broken.file, broken.name, broken.remake)
        with neighbours(Path(broken.file).parent):
            raise BrokenModel(why_not_made(failure)) from broken.error


def _first(stage: Stage, subject: Subject) -> Finding:
    """What the first rule that knows it says; the last one of a stage knows everything."""
    found = (found for rule in of_stage(stage) for found in rule.findings(subject))
    return shown(next(found), subject)
