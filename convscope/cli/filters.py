"""The command that applies a classic filter to a picture or a signal."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from convscope.cli.options import Flag, Json, UsageError
from convscope.cli.show import write, write_json, write_lines
from convscope.errors import DataError
from convscope.figures import percent
from convscope.outputs import WRITTEN, Output, OutputForm, commented

if TYPE_CHECKING:
    from torch import Tensor

    from convscope.explaining.filters import Filter


def filter(  # noqa: A001 - the name of the command
    name: str | None = None,
    file: Path | None = None,
    /,
    *,
    output: Path | None = None,
    force: Flag = False,
    at: str | None = None,
    padding: Literal["replicate", "reflect", "circular", "zeros", "none"] = "replicate",
    as_json: Json = False,
) -> None:
    """Apply a classic filter: blur, sharpen, emboss a picture or signal, or find its edges.

    Without NAME: list the filters with their kernels. Example: convscope filter sobel-x photo.jpg

    Args:
        name: The filter.
        file: A picture; or a signal: a WAV file, or numbers as text, a line for each time step.
        output: Where to write the result: for a picture any picture file; for a signal .csv (its numbers) or
            .png (a plot). Without this: NAME-FILE.png in this folder.
        force: Let --output replace a file that convscope did not write.
        at: Explain one number of the result instead: ROW,COLUMN of a picture, TIME of a signal, with the
            channel before it where there are several: 2,ROW,COLUMN.
        padding: What stands around the edge; none makes the result smaller.
    """
    if name is None or file is None:
        _list(name, as_json=as_json)
        return
    from convscope.explaining import explain
    from convscope.explaining.filters import apply

    values = _read(file)
    filtered = apply(name, values, padding)
    if at is not None:
        explanation = explain(filtered.trace, filtered.op, _place(at, filtered.output))
        write_json(explanation.as_dict()) if as_json else write(str(explanation))
        return
    target = output or Path(f"{name}-{file.name.partition('.')[0]}.png")
    place = Output(target, _form(picture=values.dim() == 3), [file], force)
    place.demand()
    content, remarks = _drawn(target.suffix.lower(), name, values, filtered.output)
    written = place.write(content).absolute()
    if as_json:
        write_json({"written": str(written), "remarks": remarks})
    else:
        write_lines([*remarks, f"written: {written}"])


def _list(name: str | None, *, as_json: bool) -> None:
    from convscope.errors import UnknownName
    from convscope.explaining.filters import FILTERS

    if name is not None and name not in FILTERS:
        raise UnknownName("filter", name, FILTERS)
    chosen = {each: one for each, one in FILTERS.items() if name in (None, each)}
    if as_json:
        write_json(
            {
                each: {"what": one.what, "picture": _kernel(one, 2), "signal": _kernel(one, 1)}
                for each, one in chosen.items()
            }
        )
        return
    for each, one in chosen.items():
        write(f"{each}: {one.what}\n{_kernels(one)}\n")
    write("To apply one: convscope filter NAME FILE")


def _kernel(one: "Filter", axes: int) -> list | None:
    kernel = one.kernel(axes)
    return None if kernel is None else kernel.tolist()


def _kernels(one: "Filter") -> str:
    """The kernels as people write them: whole numbers, with what they are divided by."""
    cells = [[f"{value:g}".replace("-", "−") for value in row] for row in one.plane]
    width = max((len(cell) for row in cells for cell in row), default=0)
    lines = ["    " + " ".join(cell.rjust(width) for cell in row) for row in cells]
    if lines and one.divisor != 1:
        lines[len(lines) // 2] += f"   / {one.divisor:g}"
    if one.line:
        line = " ".join(f"{value:g}".replace("-", "−") for value in one.line)
        lines.append(
            f"    for signals: {line}" + (f"   / {one.line_divisor:g}" if one.line_divisor != 1 else "")
        )
    return "\n".join(lines)


def _read(file: Path) -> "Tensor":
    """A picture as (channel, height, width) from 0 to 255, a signal as (channel, time)."""
    from convscope.data import reading
    from convscope.data.signals import text

    found = reading.read([file], reading.own_spec(file))
    assert found is not None  # its format was found, or there would be no spec
    values = found.inputs[0]
    return values.T if text.ending(file) and len(values) > 1 else values  # here a line is a time step


def _place(text: str, output: "Tensor") -> tuple[int, ...]:
    """--at as an index of the output; the channel may be left out where there is one."""
    try:
        place = tuple(int(part) for part in text.split(","))
    except ValueError:
        place = ()
    missing = output.dim() - len(place)
    if missing == 1 and len(output) == 1:
        return (0, *place)
    if missing:
        axes = ("CHANNEL", "ROW", "COLUMN") if output.dim() == 3 else ("CHANNEL", "TIME")
        axes = axes if len(output) > 1 else axes[1:]
        raise UsageError(
            f"--at: expected {','.join(axes)}, such as {','.join('3' for _ in axes)}; got '{text}'."
        )
    return place


def _form(*, picture: bool) -> OutputForm:
    """What a picture or a signal can be written as."""
    from PIL import Image

    if not picture:
        return OutputForm("plot", (".png", ".csv"), commented)
    known = Image.registered_extensions()
    endings = [ending for ending, form in known.items() if form in Image.SAVE]
    return OutputForm("picture", (".png", *sorted(set(endings) - {".png"})), commented)


def _drawn(ending: str, name: str, before: "Tensor", after: "Tensor") -> tuple[bytes, list[str]]:
    """The content of a file of that ending, and sentences on what to bear in mind."""
    if after.dim() == 3:
        after, remarks = _bright(name, after)
        return _picture(ending, after), remarks
    if ending == ".csv":
        rows = (",".join(f"{value:.9g}" for value in row) for row in after.T.tolist())
        return ("\n".join(rows) + "\n").encode(), []
    return _plot(name, before, after), []


def _bright(name: str, after: "Tensor") -> tuple["Tensor", list[str]]:
    """Numbers as brightness, and what gets lost by that."""
    from convscope.explaining.filters import FILTERS

    remarks = []
    kernel = FILTERS[name].kernel(2)
    if kernel is not None and float(kernel.sum()) == 0.0:  # edges rise and fall: 0 becomes middle grey
        after = after / 2 + 127.5
        remarks.append("edges have either sign: 0 is drawn as middle grey, at half the contrast")
    outside = float(((after < -0.5) | (after > 255.5)).float().mean())
    if outside:
        share = f"{percent(outside, 1)} of the numbers"
        remarks.append(f"{share} are below 0 or above 255, and are drawn as black or white")
    return after, remarks


def _picture(ending: str, after: "Tensor") -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    pixels = after.round().clamp(0, 255).byte().movedim(0, -1).numpy()
    content, words = io.BytesIO(), PngInfo()
    words.add_text("Comment", WRITTEN)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    try:
        image.save(content, Image.registered_extensions()[ending], pnginfo=words, comment=WRITTEN)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"such a picture cannot be written as {ending}: {error}.\n  Take .png.") from error
    return content.getvalue()


def _plot(name: str, before: "Tensor", after: "Tensor") -> bytes:
    """Each channel before and after, one below the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.4 * len(after)), layout="constrained")
    shift = (before.shape[1] - after.shape[1]) / 2  # without padding the ends are missing
    for axes, was, now in zip(figure.subplots(len(after), squeeze=False)[:, 0], before, after, strict=True):
        axes.plot(was.numpy(), color="#c4c5bf", label="before")
        axes.plot([place + shift for place in range(len(now))], now.numpy(), color="#0b6e69", label=name)
        axes.legend(frameon=False)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=160, metadata={"Comment": WRITTEN})
    return content.getvalue()
