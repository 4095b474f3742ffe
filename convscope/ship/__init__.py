"""A trained network as a file that needs no convscope: raw values in, probabilities out, wherever it runs.

    export("latest", "model.onnx")

A form is a file here with a `ShippedForm`: what it writes, and how that answers when it is read back. Every
file is read back and asked about real samples before it gets its name: one that answers otherwise than the
run is not written.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from convscope.arguments import demand, demand_flag, demand_path
from convscope.data.dataset import Dataset
from convscope.errors import ConvscopeError, ShipError, reason
from convscope.outputs import Output
from convscope.run import Run, load
from convscope.ship import any_size as reading
from convscope.ship import exported_program, onnx_file, plain_torch
from convscope.ship import int8 as quantising
from convscope.ship.card import Card
from convscope.ship.form import ShippedForm
from convscope.ship.parity import Exported, Proof, difference, questions
from convscope.ship.whole import capture

__all__ = ["EXPORTS", "Exported", "export"]

EXPORTS: Mapping[str, ShippedForm] = {
    form.ending: form for form in (onnx_file.FORM, exported_program.FORM, plain_torch.FORM)
}


def export(
    run: str | Path | Run,
    path: str | Path,
    *,
    any_size: bool = False,
    int8: bool = False,
    force: bool = False,
) -> Exported:
    """Write a run's network to a file that other programs run, and prove that it answers as the run does.

    Args:
        run: a run, its folder, its name in ./runs, or "latest".
        path: the file; its ending says the form: .onnx (ONNX Runtime and many others), .pt2 (torch.export),
            .safetensors (with a Python file beside it that needs torch alone).
        any_size: ONNX only: decoded pictures of any size and depth go in, for training's reader is inside.
            Two inputs: picture, int32, (height, width, channel) of 1 to 4 channels; white, 255 or 65535.
        int8: ONNX only: weights and values of 8 bits, refused where that costs more than 0.3 points of
            accuracy (of amounts: 1 % of the error). The run's data have to be there.
        force: also replace a file of this name that convscope did not write; a Python file beside it never.

    Raises:
        RunError: no such run; as `load`.
        DataError: the file cannot stand there.
        ShipError: a missing package, an ending that names no form, a network that the form cannot hold, or a
            file that would answer otherwise than the run.
    """
    demand("run", run, (str, Path, Run), "a run, its folder, its name, or latest")
    demand_path("path", path, "the path of a file")
    for name, flag in (("any_size", any_size), ("int8", int8), ("force", force)):
        demand_flag(name, flag)
    path, trained = Path(path), run if isinstance(run, Run) else load(run)
    form = _form(path)
    if (any_size or int8) and form is not onnx_file.FORM:
        option = "--any-size" if any_size else "--int8"
        raise ShipError(
            f"{path}: {option} is for ONNX.\n  Call the file {path.with_suffix(onnx_file.FORM.ending)}"
        )
    if any_size:
        reading.demand_pictures(trained.settings)
    outputs = _outputs(path, form, trained, force=force)
    for output in outputs.values():
        output.demand()
    contents, proof = _proven(trained, form, path.stem, any_size=any_size, int8=int8)
    written = tuple(outputs[ending].write(content) for ending, content in contents.items())
    return Exported(written, form.title, sum(map(len, contents.values())), proof)


def _outputs(path: Path, form: ShippedForm, run: Run, *, force: bool) -> dict[str, Output]:
    """Where the files go; only the named one may replace what is not ours."""
    read = run.sources([])
    named, *beside = form.outputs.items()
    found = {named[0]: Output(path, named[1], read, force)}
    return found | {ending: Output(path.with_suffix(ending), each, read) for ending, each in beside}


def _form(path: Path) -> ShippedForm:
    form = EXPORTS.get(path.suffix.lower())
    if form is None:
        known = ", ".join(f"{ending} ({each.title})" for ending, each in EXPORTS.items())
        raise ShipError(f"{path}: no form of export has the ending '{path.suffix}'.\n  The forms: {known}.")
    return form


def _proven(
    run: Run, form: ShippedForm, name: str, *, any_size: bool, int8: bool
) -> tuple[Mapping[str, bytes], Proof]:
    """The files' contents, once they have answered as the run does."""
    model, card = run.model(), Card.of(run)
    captured = capture(model, run.settings.facts)
    contents = form.contents(captured, card, name)
    dataset, cost = _data(run, demanded=any_size or int8), None
    asked = questions(dataset, run.settings.facts)
    if int8 and dataset:
        contents = {form.ending: quantising.quantised(contents[form.ending], dataset)}
    with _read_back(form, contents, name) as path:
        try:
            answers = form.read(path)
            found = difference(answers, model, asked.inputs, fixed=captured.fixed)
        except Exception as error:  # whatever the other program raises
            raise ShipError(
                f"the file would not run: {reason(error)}.\n  Nothing was written. Try another form."
            ) from error
        if int8 and dataset:
            cost = quantising.cost(answers, model, dataset, fixed=captured.fixed)
    proof = Proof(asked.what, found, captured.fixed, dict(card.fields), cost)
    proof.demand_same()
    if not (any_size and dataset):
        return contents, proof
    content = reading.with_reader(contents[form.ending], card, run.settings)
    with _read_back(form, {form.ending: content}, name) as path:
        found, count = reading.difference(reading.read(path), dataset, model)
    what = f"{count} decoded pictures of the {dataset.judging} part"
    again = proof._replace(asked=what, difference=found, any_size=True, fixed=True)
    again.demand_same()
    return {form.ending: content}, again


def _data(run: Run, *, demanded: bool) -> Dataset | None:
    """The run's data, read once; None where they are not there any more, and nothing demands them."""
    try:
        return run.dataset()
    except ConvscopeError:
        if demanded:
            raise
        return None


@contextmanager
def _read_back(form: ShippedForm, contents: Mapping[str, bytes], name: str) -> Iterator[Path]:
    """The first of the files, in a place where nobody else sees them."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / name
        try:
            for ending, content in contents.items():
                place.with_name(f"{name}{ending}").write_bytes(content)
        except OSError as error:
            words = f"it cannot be tried in {folder}: {error.strerror or error}."
            raise ShipError(f"{words}\n  Make room there, or name another folder by TMPDIR.") from error
        yield place.with_name(f"{name}{form.ending}")
