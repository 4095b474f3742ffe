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
from convscope.errors import ShipError
from convscope.outputs import Output
from convscope.run import Run, load
from convscope.ship import exported_program, onnx_file, plain_torch
from convscope.ship import int8 as quantising
from convscope.ship.card import Card
from convscope.ship.form import Answers, ShippedForm
from convscope.ship.parity import Exported, Proven, asked, demand_same, difference
from convscope.ship.whole import capture

__all__ = ["EXPORTS", "Exported", "export"]

EXPORTS: Mapping[str, ShippedForm] = {
    form.ending: form for form in (onnx_file.FORM, exported_program.FORM, plain_torch.FORM)
}


def export(run: str | Path | Run, path: str | Path, *, int8: bool = False, force: bool = False) -> Exported:
    """Write a run's network to a file that other programs run, and prove that it answers as the run does.

    Args:
        run: a run, its folder, its name in ./runs, or "latest".
        path: the file; its ending says the form: .onnx (ONNX Runtime and many others), .pt2 (torch.export),
            .safetensors (with a Python file beside it that needs torch alone).
        int8: ONNX only: weights and values of 8 bits, refused where that costs more than 0.3 points of
            accuracy (of amounts: 1 % of the error). The run's data have to be there.
        force: also replace a file that convscope did not write.

    Raises:
        RunError: no such run; as `load`.
        DataError: the file cannot stand there.
        ShipError: a missing package, an ending that names no form, a network that the form cannot hold, or a
            file that would answer otherwise than the run.
    """
    demand("run", run, (str, Path, Run), "a run, its folder, its name, or latest")
    demand_path("path", path, "the path of a file")
    demand_flag("int8", int8)
    demand_flag("force", force)
    path = Path(path)
    form, trained = _form(path, int8=int8), run if isinstance(run, Run) else load(run)
    outputs = {
        ending: Output(path.with_suffix(ending), each, trained.sources([]), force)
        for ending, each in form.outputs.items()
    }
    for output in outputs.values():
        output.demand()
    proven = _proven(trained, form, path.stem, int8=int8)
    written = tuple(outputs[ending].write(content) for ending, content in proven.contents.items())
    return Exported(written, form.title, proven)


def _proven(run: Run, form: ShippedForm, name: str, *, int8: bool) -> Proven:
    """The files' contents, once they have answered as the run does."""
    model, card = run.model(), Card.of(run)
    captured = capture(model, run.settings.facts)
    contents = form.contents(captured, card, name)
    if int8:
        dataset = run.dataset()
        contents = {form.ending: quantising.quantised(contents[form.ending], dataset)}
        run.held = dataset
    questions = asked(run)
    with _read_back(form, contents, name) as answers:
        largest = difference(answers, model, questions.inputs, fixed=captured.fixed)
        cost = quantising.cost(answers, model, run.dataset(), fixed=captured.fixed) if int8 else None
    if not int8:
        demand_same(largest, questions.what)
    return Proven(contents, questions.what, largest, captured.fixed, dict(card.fields), cost)


def _form(path: Path, *, int8: bool) -> ShippedForm:
    form = EXPORTS.get(path.suffix.lower())
    if form is None:
        known = ", ".join(f"{ending} ({each.title})" for ending, each in EXPORTS.items())
        raise ShipError(f"{path}: no form of export has the ending '{path.suffix}'.\n  The forms: {known}.")
    if int8 and form is not onnx_file.FORM:
        raise ShipError(
            f"{path}: 8 bits are made by ONNX Runtime.\n  Call the file {path.with_suffix('.onnx')}"
        )
    return form


@contextmanager
def _read_back(form: ShippedForm, contents: Mapping[str, bytes], name: str) -> Iterator[Answers]:
    """The answers of files that are not in their place yet."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / name
        for ending, content in contents.items():
            place.with_name(f"{name}{ending}").write_bytes(content)
        yield form.read(place.with_name(f"{name}{form.ending}"))
