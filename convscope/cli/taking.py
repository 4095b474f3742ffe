"""Commands that take a trained network away."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from convscope.cli.options import AtLeastOne, Flag, Json, UsageError
from convscope.cli.show import columns, write, write_json, write_lines
from convscope.cli.using import RunName, given_as

if TYPE_CHECKING:
    from convscope.extracting import Features


def export(
    run: RunName,
    path: Path,
    /,
    *,
    any_size: Flag = False,
    int8: Flag = False,
    force: Flag = False,
    as_json: Json = False,
) -> None:
    """Write a trained network to a file that other programs run.

    Values as stored go in, probabilities come out; scaling is inside. Before it gets its name, the file is
    asked about samples, and must answer as the run does.

    Args:
        path: The file. Its ending says the form: .onnx, .pt2 (torch.export), .safetensors (with a Python file
            beside it that needs torch alone).
        any_size: Take decoded pictures of any size and depth, with the resizing of training inside; for ONNX.
        int8: Weights and values of 8 bits, for ONNX: smaller by half or more. Refused where it costs more
            than 0.3 points of accuracy.
        force: Replace a file of this name that convscope did not write; a Python file beside it never.
    """
    from convscope.ship import export

    exported = export(run, path, any_size=any_size, int8=int8, force=force)
    if as_json:
        write_json(exported.as_dict())
    else:
        write_lines(exported.lines())


def features(
    run: RunName,
    /,
    *data: Annotated[str, Parameter(name="DATA")],
    layer: str | None = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    svm: Flag = False,
    knn: Flag = False,
    logistic: Flag = False,
    nearest: AtLeastOne | None = None,
    outliers: AtLeastOne | None = None,
    label_errors: AtLeastOne | None = None,
    map: Path | None = None,  # noqa: A002 - the name of the option
    method: Literal["pca", "tsne", "umap"] | None = None,
    force: Flag = False,
    as_json: Json = False,
) -> None:
    """What a trained network makes of samples before it judges them.

    Other methods can learn from these numbers. Without options they are those before the classifier, of all
    samples of the run's data.

    Args:
        data: Other samples, as predict takes them: several, patterns, or - for names on standard input.
        layer: The layer whose output they are, by its name in convscope summary.
        out: Write them to this file, arrays of NumPy's (.npz).
        svm: Train a support vector machine on those of the training part, and judge it on the test part.
        knn: The same with the 5 nearest neighbours.
        logistic: The same with logistic regression (ridge regression for amounts).
        nearest: List so many training samples that are most like each sample.
        outliers: List so many samples that are least like the training samples.
        label_errors: List so many samples whose label is likely wrong, likeliest first.
        map: Draw the samples as points in a plane, into this file (.png): what is alike to the network lies
            together. New samples are drawn among those of training.
        method: How they come into that plane: pca unless said otherwise, tsne, or umap.
        force: Replace a file that convscope did not write.
    """
    from convscope.extracting import NPZ, PICTURE, demand_method, features
    from convscope.outputs import Output
    from convscope.run import load

    if method and not map:
        raise UsageError("--method: says how samples come into a map; name its file too: --map map.png.")
    demand_method(method or "pca")
    trained, given = load(run), given_as(data) if data else None
    for path, form in ((out, NPZ), (map, PICTURE)):
        if path:
            Output(path, form, trained.sources(given or []), force).demand()
    found = features(trained, given, layer)
    wanted = [name for name, asked in (("svm", svm), ("knn", knn), ("logistic", logistic)) if asked]
    scores = found.heads(*wanted) if wanted else []
    listed = {
        "nearest": found.nearest(nearest) if nearest else [],
        "outliers": found.outliers(outliers) if outliers else [],
        "label_errors": found.label_errors() if label_errors else [],
    }
    wrong = len(listed["label_errors"])
    listed["label_errors"] = listed["label_errors"][:label_errors]
    written = found.save(out, force=force) if out else None
    flat = found.map(method or "pca") if map else None
    drawn = flat.save(map, force=force) if flat and map else None
    if as_json:
        told = {"heads": [each.as_dict() for each in scores], "written": written and str(written.absolute())}
        told |= {"map": flat and flat.as_dict() | {"written": str(drawn and drawn.absolute())}}
        write_json(found.as_dict() | told | {"label_errors_found": wrong} | _rows_as_dicts(found, listed))
        return
    write_lines(found.lines())
    if scores:
        error = "mean absolute error" if scores[0].regression else "accuracy"
        write(columns(["on the test part", error, "95 % interval"], [each.cells() for each in scores]))
    _show_rows(found, listed)
    if label_errors:
        write(f"labels that are likely wrong: {wrong:,} of {len(found):,} samples")
    if flat:
        write_lines(flat.lines())
    write_lines(f"written: {path.absolute()}" for path in (written, drawn) if path)


def _rows_as_dicts(found: "Features", listed: dict[str, list[Any]]) -> dict[str, Any]:
    near = [
        {"name": str(name), "training": [each._asdict() for each in of]}
        for name, of in zip(found.names, listed["nearest"], strict=False)
    ]
    others = {name: [each._asdict() for each in listed[name]] for name in ("outliers", "label_errors")}
    return {"nearest": near, **others}


def _show_rows(found: "Features", listed: dict[str, list[Any]]) -> None:
    """Tables of single samples: their neighbours, the farthest, those with a wrong label."""
    if near := listed["nearest"]:
        rows = [[str(name), *each.cells()] for name, of in zip(found.names, near, strict=True) for each in of]
        write(columns(["sample", "nearest in training", "class or value", "distance"], rows))
    if far := listed["outliers"]:
        write(columns(["outlier", "class or value", "distance"], [each.cells() for each in far]))
    if wrong := listed["label_errors"]:
        titles = ["sample", "label", "its probability", "likely", "that one's"]
        write(columns(titles, [each.cells() for each in wrong]))
