"""Commands that take a trained network away."""

from pathlib import Path

from convscope.cli.options import Flag, Json
from convscope.cli.show import write_json, write_lines
from convscope.cli.using import RunName


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
        int8: Weights and values of 8 bits, for ONNX: a quarter of the size. Refused where it costs more than
            0.3 points of accuracy.
        force: Replace a file that convscope did not write.
    """
    from convscope.ship import export

    exported = export(run, path, any_size=any_size, int8=int8, force=force)
    if as_json:
        write_json(exported.as_dict())
    else:
        write_lines(exported.lines())
