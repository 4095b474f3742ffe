"""Every road from a file to an answer. A road shares with the others what they share in a person's hands."""

import csv
import http.client
import json
import runpy
import threading
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import onnxruntime
import pyarrow.parquet
import torch
from PIL import Image, ImageOps

import convscope
from convscope.data.dataset import Dataset
from convscope.estimators import ConvClassifier, ConvRegressor
from convscope.opening import open_model
from convscope.run import Run
from convscope.run.evaluation.regression import ValueEvaluation
from convscope.serving import InferenceServer
from convscope.web import save
from convscope.web.dispatch import answer
from convscope.web.messages import GET, POST
from convscope.web.messages.scores import prediction
from convscope.web.subject import session_of

PAGE, ROOM = 3, 2**23  # samples of a saved page, and its bytes
SLOW = 40  # files, for a road on which a person opens them one by one
BATCH = 64
TYPES = {"uint8": "UINT8", "float32": "FP32"}


@dataclass(frozen=True)
class Given:
    """What is asked about.

    Attributes:
        run: that answers.
        files: name of the sample in the run's data → the file.
        place: a folder for what a road writes.
    """

    run: Run
    files: Mapping[str, Path]
    place: Path

    @cached_property
    def dataset(self) -> Dataset:
        """As training had it."""
        return self.run.dataset()

    @cached_property
    def rows(self) -> list[int]:
        """Of the data set, a row a file."""
        places = {name: row for row, name in enumerate(self.dataset.names)}
        return [places[name] for name in self.files]

    @cached_property
    def stored(self) -> np.ndarray:
        """The samples as a program gives them that reads files by itself: (sample, channel, *space)."""
        values = self.dataset.inputs[self.rows].contiguous().numpy()
        return values if values.dtype == np.uint8 else values.astype(np.float32)

    @property
    def paths(self) -> list[str]:
        """Of the files."""
        return [str(path) for path in self.files.values()]

    @property
    def classes(self) -> Sequence[str]:
        """Of the run; of values none."""
        return () if self.run.settings.facts.regression else self.run.classes

    @property
    def empty(self) -> np.ndarray:
        """(sample, class), or (sample, 1) of values; a NaN for each answer that a road does not give."""
        return np.full((len(self.files), len(self.classes) or 1), np.nan)

    def said(self, said: Any) -> np.ndarray:
        """Answers as (sample, class), or (sample, 1)."""
        return np.asarray(said, dtype=np.float64).reshape(len(self.files), -1)


def expected(given: Given) -> np.ndarray:
    """What the trained network says of the samples that it was trained and judged on."""
    model = given.run.model()
    with torch.no_grad():
        said = model(given.dataset.inputs[given.rows]).double()
    return given.said(said if model.regression else said.softmax(1))


# ---- at home


def of_training(given: Given) -> np.ndarray:
    """The predictions of the test part, as training has written them down."""
    with (given.run.path / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return _of_rows(given, list(csv.DictReader(file)))


def of_evaluation(given: Given) -> np.ndarray:
    """The mistakes, and what was unsure."""
    told, said = given.run.evaluate(), given.empty
    if isinstance(told, ValueEvaluation):
        for judged in told.worst:
            _put(given, said, judged.row, 0, judged.predicted)
        return said
    for judged in (*told.mistakes, *told.unsure):
        _put(given, said, judged.row, given.classes.index(judged.true), judged.probability_true)
        _put(given, said, judged.row, given.classes.index(judged.predicted), judged.probability)
    return said


def _put(given: Given, said: np.ndarray, row: int, column: int, value: float) -> None:
    if row in given.rows:
        said[given.rows.index(row), column] = value


def of_predict(given: Given) -> np.ndarray:
    """All files at once."""
    return _firsts(given, given.paths)


def of_predict_each(given: Given) -> np.ndarray:
    """A file at a time."""
    return given.said([np.asarray(given.run.predict(path))[0] for path in given.paths])


def _firsts(given: Given, asked: Any) -> np.ndarray:
    """The first sample of each file: of a table of days there are more."""
    told = given.run.predict(asked)
    if len(told) == len(given.files):
        return given.said(told)
    first = _firsts_of(told.names)
    return given.said(np.asarray(told)[[first[name] for name in given.files]])


def _firsts_of(names: Sequence[str]) -> Mapping[str, int]:
    """Name → where it comes first; before a day stands the file that it is from."""
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        for each in (name, name.rpartition(" ")[2]):
            found.setdefault(each, place)
    return found


def of_bytes(given: Given) -> np.ndarray:
    """The content of each file."""
    return given.said([np.asarray(given.run.predict(Path(path).read_bytes()))[0] for path in given.paths])


def of_pillow(given: Given) -> np.ndarray | None:
    """Pictures as Pillow opens them; every second one has been read by it, too."""
    if given.run.settings.facts.kind != "image":
        return None
    with ExitStack() as open_ones:
        pictures = [open_ones.enter_context(Image.open(path)) for path in given.paths]
        for picture in pictures[::2]:
            if picture.format != "TIFF":  # of which one page would be in memory
                picture.load()
        return given.said(given.run.predict(pictures))


def of_arrays(given: Given) -> np.ndarray:
    """Samples as they are stored."""
    return given.said(given.run.predict(given.stored))


def of_input(given: Given) -> np.ndarray:
    """As `look` and `explain` open them; of the first ones, for the run is opened anew each time."""
    said = given.empty
    for number, path in enumerate(given.paths[:SLOW]):
        opened = open_model(str(given.run.path), [path])
        with torch.no_grad():
            made = opened.model(*opened.inputs)[0].double()
        said[number] = made.softmax(0) if given.classes else made
    return said


def of_estimator(given: Given) -> np.ndarray:
    """scikit-learn's way, from files; of days, which it has as arrays, from these."""
    asked = given.paths if given.run.settings.facts.kind != "sequence" else given.stored
    if not given.classes:
        return given.said(ConvRegressor.load(given.run).predict(asked))
    return given.said(ConvClassifier.load(given.run).predict_proba(asked))


# ---- into a file


def of_csv(given: Given) -> np.ndarray:
    """By torch."""
    with _predicted(given, "said.csv", "torch").open(encoding="utf-8", newline="") as file:
        return _of_rows(given, list(csv.DictReader(file)))


def of_json_lines(given: Given) -> np.ndarray:
    """By ONNX Runtime."""
    lines = _predicted(given, "said.jsonl", "onnx").read_text().splitlines()
    return _of_rows(given, [json.loads(line) for line in lines])


def of_parquet(given: Given) -> np.ndarray:
    """By whichever is faster."""
    return _of_rows(given, pyarrow.parquet.read_table(_predicted(given, "said.parquet", None)).to_pylist())


def _predicted(given: Given, name: str, engine: str | None) -> Path:
    top = max(1, len(given.classes))
    return convscope.predict(given.run, given.paths, given.place / name, top=top, engine=engine).path


def _of_rows(given: Given, rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Rows of a table of predictions: one a file in their order, or found by the names of samples."""
    said = given.empty
    first = _firsts_of([row["name"] for row in rows])
    for number, name in enumerate(given.files):
        place = number if len(rows) == len(given.files) else first.get(name)
        if place is None:
            continue
        row = rows[place]
        if not given.classes:
            said[number] = row["predicted"]
            continue
        for at in range(1, len(given.classes) + 1):
            title, figure = ("predicted", "probability") if at == 1 else (f"choice {at}", f"probability {at}")
            if row.get(title):
                said[number, given.classes.index(row[title])] = row[figure]
    return said


# ---- away


def of_onnx(given: Given) -> np.ndarray:
    """ONNX Runtime, stored samples in."""
    session = _session(given, "model.onnx")
    name = session.get_inputs()[0].name
    return _in_batches(given, lambda values: np.asarray(session.run(None, {name: values})[0]))


def of_onnx_any_size(given: Given) -> np.ndarray | None:
    """ONNX Runtime, pictures in as Pillow decodes them."""
    facts = given.run.settings.facts
    if facts.kind != "image" or facts.values != "uint8":
        return None
    session, said = _session(given, "pictures.onnx", any_size=True), given.empty
    for number, path in enumerate(given.paths):
        with Image.open(path) as picture:
            if getattr(picture, "n_frames", 1) > 1 and picture.format == "TIFF":
                picture.seek(1)  # the first page is a thumbnail
            if (decoded := _as_numbers(ImageOps.exif_transpose(picture))) is not None:
                said[number] = session.run(None, decoded)[0]
    return said


def _as_numbers(picture: Image.Image) -> dict[str, np.ndarray] | None:
    """A decoded picture as the card of the file asks for it; None: of 32 bits, which have no white."""
    if picture.mode in ("I", "F"):
        return None
    deep = picture.mode.startswith("I;16")
    if not deep and picture.mode not in ("L", "LA", "RGB", "RGBA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    values = np.asarray(picture, dtype=np.int32)
    white = np.array(65535 if deep else 255, dtype=np.int32)
    return {"picture": values if values.ndim == 3 else values[..., None], "white": white}


def _session(given: Given, name: str, *, any_size: bool = False) -> onnxruntime.InferenceSession:
    path = convscope.export(given.run, given.place / name, any_size=any_size).paths[0]
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def of_program(given: Given) -> np.ndarray:
    """torch.export."""
    path = convscope.export(given.run, given.place / "model.pt2").paths[0]
    network = torch.export.load(path).module()
    return _in_batches(given, lambda values: network(torch.from_numpy(values)).numpy())


def of_safetensors(given: Given) -> np.ndarray:
    """The weights, and the Python file beside them."""
    weights, code = convscope.export(given.run, given.place / "alone.safetensors").paths
    network = runpy.run_path(str(code))["load"](weights)
    return _in_batches(given, lambda values: network(torch.from_numpy(values)).numpy())


def _in_batches(given: Given, ask: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    starts = range(0, len(given.stored), BATCH)
    return given.said(np.concatenate([ask(given.stored[start : start + BATCH]) for start in starts]))


# ---- over HTTP


@contextmanager
def _served(run: Run) -> Iterator[http.client.HTTPConnection]:
    server = InferenceServer([run])
    thread = threading.Thread(target=server.run)
    with redirect_stderr(StringIO()):  # its log
        thread.start()
        connection = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=60)
        try:
            yield connection
        finally:
            connection.close()
            server.stop()
            thread.join()


def _posted(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: Mapping[str, str] = {}
) -> http.client.HTTPResponse:
    connection.request("POST", path, body, dict(headers))
    response = connection.getresponse()
    if response.status != http.client.OK:
        raise ValueError(f"{path}: {response.status} {response.read()[:500]!r}")
    return response


def of_protocol_json(given: Given) -> np.ndarray:
    """The Open Inference Protocol, all of it JSON."""
    with _served(given.run) as connection:

        def ask(values: np.ndarray) -> np.ndarray:
            tensor = _tensor(values) | {"data": values.reshape(-1).tolist()}
            body = json.dumps({"inputs": [tensor]}).encode()
            told = json.loads(_posted(connection, _address(given), body).read())
            return np.array(_answers(told)["data"])

        return _in_batches(given, ask)


def of_protocol_binary(given: Given) -> np.ndarray:
    """The same with its tensors as bytes."""
    with _served(given.run) as connection:

        def ask(values: np.ndarray) -> np.ndarray:
            tensor = _tensor(values) | {"parameters": {"binary_data_size": values.nbytes}}
            asked = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
            head = json.dumps(asked).encode()
            length = "Inference-Header-Content-Length"
            response = _posted(connection, _address(given), head + values.tobytes(), {length: str(len(head))})
            content, end = response.read(), int(response.headers[length])
            told, start = json.loads(content[:end])["outputs"], end
            for each in told:
                size = each["parameters"]["binary_data_size"]
                if each["name"] in ANSWERS:
                    kind = {"FP32": "<f4", "FP64": "<f8"}[each["datatype"]]
                    return np.frombuffer(content[start : start + size], kind)
                start += size
            raise ValueError(f"no answers among {told}")

        return _in_batches(given, ask)


ANSWERS = ("probabilities", "values")


def _tensor(values: np.ndarray) -> dict[str, Any]:
    return {"name": "input", "datatype": TYPES[values.dtype.name], "shape": values.shape}


def _address(given: Given) -> str:
    return f"/v2/models/{given.run.name}/infer"


def _answers(told: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(each for each in told["outputs"] if each["name"] in ANSWERS)


def of_file_sent(given: Given) -> np.ndarray:
    """The bytes of each file to /predict."""
    said = given.empty
    with _served(given.run) as connection:
        for number, path in enumerate(given.paths):
            query = urlencode({"name": Path(path).name})
            told = json.loads(_posted(connection, f"/predict?{query}", Path(path).read_bytes()).read())
            likely = told.get("probabilities")
            said[number] = [likely[name] for name in given.classes] if likely else told["predicted"]
    return said


# ---- on the page


def of_upload(given: Given) -> np.ndarray:
    """Each file brought to the explorer."""
    session, said = session_of(str(given.run.path)), given.empty
    for number, path in enumerate(given.paths):
        answer(POST, session, "input", {"upload": Path(path).read_bytes(), "name": Path(path).name})
        if told := prediction(session, session.seen):
            said[number] = told["probabilities"]
        else:
            graph = answer(GET, session, "graph")
            said[number] = answer(GET, session, _last_number(graph))["network"]
    return said


def of_saved_page(given: Given) -> np.ndarray:
    """The first samples of the part that the page shows, as the file has them."""
    session, said = session_of(str(given.run.path)), given.empty
    shown = given.dataset.parts["test"][:PAGE].tolist()
    html = save.page(session, range(len(shown)), ROOM).html.decode()
    held = json.loads(html.partition('id="saved">')[2].partition("</script>")[0])["inputs"]
    for number, row in enumerate(shown):
        if row in given.rows:
            said[given.rows.index(row)] = _on_saved_page(held[str(number)])
    return said


def _on_saved_page(held: Mapping[str, str]) -> Sequence[float]:
    graph = _unpacked(held["graph"])
    if told := graph["prediction"]:
        return told["probabilities"]
    return [_unpacked(held[_last_number(graph)])["network"]]


def _unpacked(packed: str) -> Any:
    return json.loads(zlib.decompress(b64decode(packed)))


def _last_number(graph: Mapping[str, Any]) -> str:
    """The address of the value that a network says, which is no class."""
    return f"number/{graph['operations'][-1]['index']}?at=0,0"


ROADS: Mapping[str, Callable[[Given], np.ndarray | None]] = {
    "training's own predictions": of_training,
    "evaluate": of_evaluation,
    "predict": of_predict,
    "predict, a file at a time": of_predict_each,
    "predict, bytes": of_bytes,
    "predict, pictures of Pillow's": of_pillow,
    "predict, arrays": of_arrays,
    "predict -o .csv, torch": of_csv,
    "predict -o .jsonl, ONNX": of_json_lines,
    "predict -o .parquet": of_parquet,
    "--input": of_input,
    "estimator": of_estimator,
    "export .onnx": of_onnx,
    "export --any-size": of_onnx_any_size,
    "export .pt2": of_program,
    "export .safetensors": of_safetensors,
    "serve, JSON": of_protocol_json,
    "serve, binary": of_protocol_binary,
    "serve, /predict": of_file_sent,
    "upload": of_upload,
    "saved page": of_saved_page,
}
