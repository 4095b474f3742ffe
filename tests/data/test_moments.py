"""Tables whose rows are moments: long tables, recordings with a label for each row, a file each."""

import json

import numpy as np
import pytest

from convscope import load as open_run
from convscope import train
from convscope.data import DataSettings, load
from convscope.data.reading import read
from convscope.data.samples import spec_of
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound


def wave(kind, points=40, start=0):
    """(time, 2), of a class: slow or fast."""
    at = np.arange(start, start + points)
    return np.stack([np.sin(at * (kind + 1) / 4), np.cos(at * (kind + 1) / 4)], axis=1).round(4)


def long(names="id,time,acc_x,acc_y,label", count=24, order=None, separator=",", comma="."):
    """A table of many samples, and their values, (sample, channel, time)."""
    samples = [wave(number % 2, 40, number) for number in range(count)]
    rows = [
        f"{number},{at},{a},{b},{('walk', 'run')[number % 2]}"
        for number, sample in enumerate(samples)
        for at, (a, b) in enumerate(sample)
    ]
    rows = [rows[place] for place in order] if order is not None else rows
    lines = [names, *rows] if names else rows
    text = "\n".join(
        line.replace(",", ";").replace(".", comma) if separator == ";" else line for line in lines
    )
    return text, np.stack(samples).transpose(0, 2, 1)


@pytest.mark.parametrize(
    ("names", "settings"),
    [
        ("id,time,acc_x,acc_y,label", {}),
        ("series_id,measurement_number,a,b,class", {}),
        ("run,time,x,y,label", {"sample": "run"}),
        ("Press,s,force,way,good", {"sample": "press", "time": "S", "label": "GOOD"}),
    ],
)
@pytest.mark.parametrize("comma", [".", ","])
def test_long_tables(tmp_path, names, settings, comma):
    text, values = long(names, separator=";" if comma == "," else ",", comma=comma)
    (tmp_path / "long.csv").write_text(text)
    data = load(tmp_path / "long.csv", DataSettings(**settings))
    assert_dataset_is_sound(data)
    np.testing.assert_allclose(data.inputs.numpy(), values, rtol=1e-6)
    assert data.classes == ("run", "walk")
    column = names.split(",")[0]
    assert data.names[3] == f"{column} 3"
    assert f"a sample is the rows with one value of column '{column}'" in data.remarks


def test_the_order_of_the_rows_is_that_of_time(tmp_path):
    order = np.random.default_rng(0).permutation(24 * 40)
    text, values = long(order=order)
    (tmp_path / "long.csv").write_text(text)
    data = load(tmp_path / "long.csv")
    rows = [int(name.split()[1]) for name in data.names]
    np.testing.assert_allclose(data.inputs.numpy(), values[rows], rtol=1e-6)


def test_an_amount_of_each_sample(tmp_path):
    rows = [f"{run},{at},{at * run / 9:.3f},{run / 2 + 0.25}" for run in range(30) for at in range(12)]
    (tmp_path / "press.csv").write_text("\n".join(["run,sec,force,weight", *rows]))
    with pytest.raises(DataError, match=r"none that is called label.*\n.*--target NAME for a number"):
        load(tmp_path / "press.csv", DataSettings(sample="run"))
    with pytest.raises(DataError, match=r"30 different labels for 30 samples: amounts.*\n.*--target"):
        load(tmp_path / "press.csv", DataSettings(sample="run", label="weight"))
    data = load(tmp_path / "press.csv", DataSettings(sample="run", target="weight"))
    assert data.classes == ("weight",)
    assert data.labels.tolist() == [run / 2 + 0.25 for run in range(30)]


def recorded(people=6, header="person,time,x,y,z,activity", points=240, stretch=40, closed=""):
    """Recordings of people who walk and run in turns."""
    rows = []
    for person in range(people):
        for at in range(points):
            kind = at // stretch % 2
            a, b = wave(kind, 1, at)[0]
            rows.append(f"p{person},{at * 20},{a},{b},0.5,{('walk', 'run')[kind]}{closed}")
    return "\n".join([header, *rows] if header else rows) + "\n"


def parts_of(data, name):
    return {data.names[row].split(" from ")[0] for row in data.parts[name].tolist()}


@pytest.mark.parametrize(("window", "stride"), [(20, None), (20, 10), (40, 15)])
def test_windows_over_recordings_of_people(tmp_path, window, stride):
    (tmp_path / "sensor.csv").write_text(recorded())
    data = load(tmp_path / "sensor.csv", DataSettings(window=window, stride=stride))
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (6 * ((240 - window) // (stride or window) + 1), 3, window)
    assert (data.settings.stride, data.settings.window) == (stride or window, window)
    assert not parts_of(data, "train") & parts_of(data, "test")
    assert not parts_of(data, "train") & parts_of(data, "val")
    for name, label in zip(data.names, data.labels.tolist(), strict=True):
        first = int(name.split()[-1]) - 1
        kinds = [at // 40 % 2 for at in range(first, first + window)]
        if kinds.count(0) != kinds.count(1):
            assert data.classes[label] == ("walk", "run")[max(kinds, key=kinds.count)]


def test_people_are_one_recording_each_even_where_they_are_no_groups(tmp_path):
    (tmp_path / "sensor.csv").write_text(recorded())
    data = load(tmp_path / "sensor.csv", DataSettings(window=20, group="none"))
    assert not parts_of(data, "train") & parts_of(data, "test")


def test_a_single_recording_is_cut_into_sections(tmp_path):
    (tmp_path / "one.csv").write_text(recorded(1, points=800))
    data = load(tmp_path / "one.csv", DataSettings(window=16, stride=4))
    held = {
        part: {int(data.names[row].split()[-1]) for row in rows.tolist()} for part, rows in data.parts.items()
    }
    assert held["test"]
    for first in held["test"]:  # no window of another part shares a row
        assert not any(abs(first - other) < 16 for other in held["train"] | held["val"])
    assert any("there is a single recording" in remark for remark in data.remarks)


def test_windows_cross_no_gap_in_time(tmp_path):
    lines = recorded(2, points=100, stretch=50).splitlines()
    lines = [line for line in lines if not 600 <= float(line.split(",")[1].replace("time", "0")) < 1400]
    (tmp_path / "gap.csv").write_text("\n".join(lines))
    data = load(tmp_path / "gap.csv", DataSettings(window=30, test=0.5))
    assert sorted({name.split()[-1] for name in data.names}) == ["1", "31"]


@pytest.mark.parametrize("closed", ["", ";"])
def test_wisdm(tmp_path, closed):
    """No header, a semicolon at the end of each line."""
    text = "\n".join(
        f"{line.split(',')[0][1:]},{line.split(',')[5]},{','.join(line.split(',')[1:5])}{closed}"
        for line in recorded(header="").splitlines()
    )
    (tmp_path / "WISDM_ar_v1.1_raw.txt").write_text(text)
    with pytest.raises(DataError, match=r"no header, and words between its numbers: .*\n.*--label column2"):
        load(tmp_path / "WISDM_ar_v1.1_raw.txt")
    settings = DataSettings(label="column2", group="column1", time="column3", window=20, stride=10)
    data = load(tmp_path / "WISDM_ar_v1.1_raw.txt", settings)
    assert data.inputs.shape == (6 * 23, 3, 20)
    assert data.classes == ("run", "walk")
    assert not parts_of(data, "train") & parts_of(data, "test")


def test_labels_that_change_need_a_window(tmp_path):
    (tmp_path / "one.csv").write_text(recorded(1))
    with pytest.raises(DataError, match=r"several labels: walk, run.\n.*--window 128 --stride 64"):
        load(tmp_path / "one.csv")
    with pytest.raises(DataError, match=r"--stride 5 says how far apart"):
        load(tmp_path / "one.csv", DataSettings(stride=5))
    with pytest.raises(DataError, match=r"no recording is as long as a window of 9,000 rows"):
        load(tmp_path / "one.csv", DataSettings(window=9000))
    with pytest.raises(DataError, match=r"no column 'who' for the sample; its columns are person"):
        load(tmp_path / "one.csv", DataSettings(sample="who", window=20))


def test_windows_of_what_is_a_sample_already_are_refused(tmp_path):
    rows = [f"{row % 2}," + ",".join(map(str, wave(row % 2)[:, 0])) for row in range(20)]
    (tmp_path / "rows.csv").write_text("\n".join(["label," + ",".join(f"t{at}" for at in range(40)), *rows]))
    for name in ("window", "stride", "horizon"):
        with pytest.raises(DataError, match=rf"--{name} 4: each row of .* is a sample of 41 columns already"):
            load(tmp_path / "rows.csv", DataSettings(**{name: 4}))


# ---- a file a recording


def write_csv(file, values):
    lines = [f"{at / 50},{','.join(map(str, row))}" for at, row in enumerate(values)]
    file.write_text("\n".join(["time,x,y", *lines]))


def write_text(file, values):
    file.write_text("\n".join(" ".join(map(str, row)) for row in values))


def write_json(file, values):
    said = {"interval_ms": 20, "sensors": [{"name": "x"}, {"name": "y"}], "values": values.tolist()}
    file.write_text(json.dumps({"protected": {}, "payload": said}))


WRITERS = {
    ".csv": write_csv,
    ".txt": write_text,
    ".npy": np.save,
    ".json": write_json,
}


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("window", [None, 10])
def test_a_file_a_recording_in_class_folders(tmp_path, ending, window):
    for number in range(16):
        folder = tmp_path / "data" / ("walk", "run")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        WRITERS[ending](folder / f"{number}{ending}", wave(number % 2, 40, number))
    (tmp_path / "data" / "README.txt").write_text("what this is")
    data = load(tmp_path / "data", DataSettings(window=window))
    assert_dataset_is_sound(data)
    assert data.classes == ("run", "walk")
    assert data.inputs.shape == ((16, 2, 40) if window is None else (64, 2, 10))
    first = list(data.names).index("run/1" + ending + (" from row 1" if window else ""))
    np.testing.assert_allclose(data.inputs[first].numpy(), wave(1, 40, 1).T[:, :window], rtol=1e-6)
    assert not parts_of(data, "train") & parts_of(data, "test")
    run = open_run(
        train(tmp_path / "data", window=window, epochs=0.5, threads=1, runs=tmp_path / "runs", batch=4).path
    )
    said = run.predict(str(tmp_path / "data" / "run" / f"1{ending}"))
    mine = [row for row, name in enumerate(data.names) if name.startswith(f"run/1{ending}")]
    assert np.allclose(said.probabilities, run.predict(data.inputs[mine]).probabilities, atol=1e-6)


def test_edge_impulse_says_labels_in_names_and_in_a_list(tmp_path):
    files = []
    for number in range(12):
        label, part = ("idle", "wave")[number % 2], ("training", "testing")[number > 8]
        folder = tmp_path / part
        folder.mkdir(exist_ok=True)
        write_json(folder / f"{label}.{number}.json", wave(number % 2))
        files.append(
            {"path": f"{part}/{label}.{number}.json", "label": {"type": "label", "label": label.upper()}}
        )
    data = load(tmp_path)
    assert data.classes == ("idle", "wave")
    assert len(data.parts["test"]) == 3
    (tmp_path / "info.labels").write_text(json.dumps({"version": 1, "files": files}))
    assert load(tmp_path).classes == ("IDLE", "WAVE")


def test_recordings_with_a_column_of_labels(tmp_path):
    for person in range(8):
        (tmp_path / f"subject{person}.csv").write_text(recorded(1))
    data = load(tmp_path, DataSettings(window=20))
    assert len(data.inputs) == 8 * 12
    assert not parts_of(data, "train") & parts_of(data, "test")


def test_recordings_with_other_channels_are_told(tmp_path):
    for number in range(8):
        folder = tmp_path / ("walk", "run")[number % 2]
        folder.mkdir(exist_ok=True)
        write_csv(folder / f"{number}.csv", wave(number % 2))
    (folder / "7.csv").write_text("time,x,q\n0,1,2\n1,2,3\n")
    with pytest.raises(
        DataError, match=r"7.csv has no column 'y', which others have; its columns are time, x, q"
    ):
        load(tmp_path)


# ---- prediction


@pytest.mark.parametrize("lacking", [False, True])
def test_a_table_is_predicted_as_it_was_trained_with_and_without_labels(tmp_path, lacking):
    (tmp_path / "sensor.csv").write_text(recorded())
    run = open_run(
        train(
            tmp_path / "sensor.csv", window=20, stride=10, epochs=0.5, threads=1, runs=tmp_path / "runs"
        ).path
    )
    lines = recorded(2).splitlines()
    if lacking:
        lines = [line.rpartition(",")[0] for line in lines]
    (tmp_path / "new.csv").write_text("\n".join(lines))
    said = run.predict(str(tmp_path / "new.csv"))
    assert len(said.probabilities) == 2 * 23
    assert (said.truth[0] is None) == lacking
    rows = run.dataset().inputs[:46]
    assert np.allclose(said.probabilities, run.predict(rows).probabilities, atol=1e-6)


def test_a_run_on_amounts_reads_them_as_truth(tmp_path):
    rows = [
        f"{row * 1.5 + 0.25}," + ",".join(f"{value * row:.4f}" for value in wave(0)[:, 0])
        for row in range(40)
    ]
    head = "price," + ",".join(f"t{at}" for at in range(40))
    (tmp_path / "price.csv").write_text("\n".join([head, *rows]))
    run = open_run(
        train(tmp_path / "price.csv", target="price", epochs=0.5, threads=1, runs=tmp_path / "r").path
    )
    assert list(run.predict(str(tmp_path / "price.csv")).truth)[:2] == [0.25, 1.75]
    bare = [line.partition(",")[2] for line in (head, *rows)]
    (tmp_path / "bare.csv").write_text("\n".join(bare))
    said = run.predict(str(tmp_path / "bare.csv"))
    assert said.truth[0] is None
    assert np.allclose(said.values, run.predict(str(tmp_path / "price.csv")).values, atol=1e-5)


def test_a_table_of_other_channels_is_not_predicted(tmp_path):
    (tmp_path / "sensor.csv").write_text(recorded())
    run = open_run(
        train(tmp_path / "sensor.csv", window=20, epochs=0.5, threads=1, runs=tmp_path / "runs").path
    )
    (tmp_path / "new.csv").write_text("time,acc_x,acc_y,acc_z\n" + "0,1,2,3\n" * 40)
    with pytest.raises(
        DataError, match=r"no column 'x', which the run was trained on; its columns are time, acc_x"
    ):
        run.predict(str(tmp_path / "new.csv"))


# ---- rows that are samples


@pytest.mark.parametrize("place", [0, 20])
def test_without_a_header_classes_stand_first_or_last(tmp_path, place):
    """As in Kaggle's mitbih_train.csv: 187 values, and the class as 0.000000000000000000e+00."""
    values = np.abs(np.random.default_rng(0).normal(size=(40, 20)))
    rows = [[f"{value:.9e}" for value in row] for row in values]
    for number, row in enumerate(rows):
        row.insert(place, f"{float(number % 4):.9e}")
    for part, some in (("train", rows[:30]), ("test", rows[30:])):
        (tmp_path / f"mitbih_{part}.csv").write_text("\n".join(map(",".join, some)))
    data = load(tmp_path / "mitbih_train.csv")
    np.testing.assert_allclose(data.inputs[:, 0].numpy(), values, rtol=1e-6)
    assert data.classes == ("0", "1", "2", "3")
    assert len(data.parts["test"]) == 10
    assert ("the class is in the last column" in data.remarks) == (place == 20)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["$1,0{}.50", "$2.25"], [1010.5, 2.25]),
        (["{}2%", "7%"], [12, 7]),
        (["{}.5 kg", "7.25 kg"], [1.5, 7.25]),
    ],
)
def test_amounts_as_people_write_them(tmp_path, cells, values):
    rows = []
    for number in range(40):
        first = cells[number % 2].format(10 + number if "{}." in cells[0] and "$" in cells[0] else number)
        rows.append(f'"{first}",' + ",".join(map(str, wave(0)[:, 0])))
    (tmp_path / "price.csv").write_text("\n".join(["price," + ",".join(f"t{at}" for at in range(40)), *rows]))
    data = load(tmp_path / "price.csv", DataSettings(target="price"))
    assert data.regression
    assert any("is read as the number" in remark for remark in data.remarks)
    assert data.labels[1] == values[1]


def test_an_empty_label_column_is_told(tmp_path):
    rows = ["," + ",".join(map(str, wave(0)[:, 0])) for _ in range(9)]
    (tmp_path / "new.csv").write_text("\n".join(["label," + ",".join(f"t{at}" for at in range(40)), *rows]))
    with pytest.raises(DataError, match=r"column 'label' is empty in all 9 rows"):
        load(tmp_path / "new.csv")


@pytest.mark.parametrize("code", ["-999", "9999", "#N/A"])
@pytest.mark.parametrize("header", [True, False])
def test_codes_for_missing_values_in_rows(tmp_path, code, header):
    rows = []
    for number in range(20):
        cells = list(map(str, wave(number % 2, 40, number)[:, 0]))
        rows.append(",".join(["ab"[number % 2], *cells[:10], code, *cells[11:]]))
    names = [",".join(["label", *(f"t{at}" for at in range(40))])] if header else []
    (tmp_path / "waves.csv").write_text("\n".join([*names, *rows]))
    data = load(tmp_path / "waves.csv")
    assert float(data.inputs.abs().max()) <= 1
    assert any("filled in" in remark for remark in data.remarks)
    assert any(f"{code}, far outside" in remark for remark in data.remarks) == (code != "#N/A")


def test_decimal_commas_without_a_header(tmp_path):
    values = np.stack([wave(number % 2, 20, number)[:, 0] for number in range(20)])
    rows = [";".join(["ab"[number % 2], *map(str, row)]) for number, row in enumerate(values)]
    numbered = [";".join([str(number % 2), *map(str, row)]) for number, row in enumerate(values)]
    for name, some in (("words.csv", rows), ("numbers.csv", numbered)):
        (tmp_path / name).write_text("\n".join(some).replace(".", ","))
        np.testing.assert_allclose(load(tmp_path / name).inputs[:, 0].numpy(), values, rtol=1e-6)


def test_two_columns_to_learn_are_one_too_many(tmp_path):
    (tmp_path / "sensor.csv").write_text(recorded())
    with pytest.raises(DataError, match=r"--label activity and --target z both name what to learn"):
        load(tmp_path / "sensor.csv", DataSettings(label="activity", target="z", window=20))


@pytest.mark.parametrize(
    "header", ["No,year,month,day,hour,PM2.5,station", "date,PM2.5,station", "timestamp,PM2.5"]
)
@pytest.mark.parametrize("target", [None, "PM2.5"])
def test_a_folder_of_tables_with_dates_is_of_sequences(tmp_path, header, target):
    for place in ("North", "South", "West"):
        times = {"No": "{0},2013,3,{1},{2}", "date": "2013-03-{1:02d}", "time": "2013-03-{1:02d} {2:02d}:00"}
        time = next(form for name, form in times.items() if header.startswith(name))
        rows = [f"{time.format(at + 1, at // 24 + 1, at % 24)},{at * 1.5},{place}" for at in range(72)]
        rows = [row if header.endswith("station") else row.rsplit(",", 1)[0] for row in rows]
        (tmp_path / f"data_{place}.csv").write_text("\n".join([header, *rows]))
    with pytest.raises(
        DataError, match=r"3 tables with a time for each row(.|\n)*Join them into one table"
    ) as error:
        load(tmp_path, DataSettings(target=target))
    assert ("--series station" in str(error.value)) == header.endswith("station")


def with_column(rows, name, cell):
    """A long table of 24 samples of 12 rows, with one more column: cell(sample, time)."""
    lines = ["id,t,a,b,label," + name]
    for run in range(24):
        lines += [
            f"{run},{at},{run * at % 7}.5,{at}.25,{'pq'[run % 2]},{cell(run, at)}" for at in range(rows)
        ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "cell", "settings", "found"),
    [
        ("split", lambda run, at: ["train", "test"][at % 2], {}, "'split': 'train' in row 2"),
        ("set", lambda run, at: "Test" if run == 1 and at > 5 else "", {}, None),
        ("part", lambda run, at: ["train", "Training"][at % 2], {}, None),
        ("patient", lambda run, at: "B" if at > 6 else "A", {}, "'patient': 'A' in row 2, 'B' in row 9"),
        ("patient", lambda run, at: "" if at else f"P{run}", {}, None),
        ("subject", lambda run, at: ["3", "3.0", "3"][at % 3] if run < 9 else f"p{run}", {}, None),
        ("who", lambda run, at: f"{run}{at // 6}", {"group": "who"}, "'who': '00' in row 2, '01' in row 8"),
        ("split", lambda run, at: ["val", "test"][at % 2], {"window": 4, "sample": "id"}, "'split': 'val'"),
        ("w", lambda run, at: at / 8, {"target": "w", "sample": "id"}, "'w': '0.0' in row 2"),
        ("w", lambda run, at: f"{run / 8}" if at == 11 else "", {"target": "w", "sample": "id"}, None),
        ("w", lambda run, at: at / 8, {"target": "w", "sample": "id", "window": 4}, None),
    ],
)  # fmt: skip
def test_a_sample_contradicts_itself(tmp_path, name, cell, settings, found):
    (tmp_path / "long.csv").write_text(with_column(12, name, cell))
    if found is None:
        assert_dataset_is_sound(load(tmp_path / "long.csv", DataSettings(**settings)))
        return
    with pytest.raises(DataError, match=rf"id 0 has two values in column {found}"):
        load(tmp_path / "long.csv", DataSettings(**settings))


@pytest.mark.parametrize(
    ("moment", "settings", "message"),
    [
        (lambda at: 1 if at == 6 else at, {}, r"id 0 has 1 in column 't' 2 times, in the rows 3, 8"),
        (lambda at: 3 if at == 4 else at, {}, r"id 0 has 3 in column 't' 2 times, in the rows 5, 6"),
        (lambda at: f"day {at % 6}", {}, r"id 0 has day 0 in column 't' 2 times, in the rows 2, 8"),
        (lambda at: at % 6, {"window": 3, "sample": "id"}, r"id 0 has 0 in column 't' 2 times"),
    ],
)
def test_one_time_twice_in_a_sample(tmp_path, moment, settings, message):
    lines = with_column(12, "more", lambda run, at: 1).splitlines()
    cells = [line.split(",") for line in lines[1:]]
    rows = [",".join([run, str(moment(int(at))), *rest]) for run, at, *rest in cells]
    (tmp_path / "long.csv").write_text("\n".join([lines[0], *rows]))
    with pytest.raises(DataError, match=message + r"[\s\S]*--sample NAME"):
        load(tmp_path / "long.csv", DataSettings(**settings))


@pytest.mark.parametrize("window", [None, 6])
def test_a_coarse_clock_is_no_contradiction(tmp_path, window):
    lines = with_column(12, "more", lambda run, at: 1).splitlines()
    cells = [line.split(",") for line in lines[1:]]
    (tmp_path / "fine.csv").write_text("\n".join(lines))
    rows = [",".join([run, str(int(at) // 4), *rest]) for run, at, *rest in cells]
    (tmp_path / "coarse.csv").write_text("\n".join([lines[0], *rows]))
    fine, coarse = (
        load(tmp_path / name, DataSettings(window=window, sample="id")) for name in ("fine.csv", "coarse.csv")
    )
    np.testing.assert_array_equal(fine.inputs.numpy(), coarse.inputs.numpy())
    assert any("column 't' has one time for several rows" in remark for remark in coarse.remarks)


@pytest.mark.parametrize("window", [10, 20, 40])
def test_two_recordings_that_are_not_told_apart(tmp_path, window):
    rows = [f"{at},0.{at},{at % 5},{'wr'[at // 40 % 2]}" for _ in range(2) for at in range(300)]
    (tmp_path / "two.csv").write_text("\n".join(["t,ax,ay,activity", *rows]))
    with pytest.raises(DataError, match=r"the recording has 0 in column 't' 2 times, in the rows 2, 302"):
        load(tmp_path / "two.csv", DataSettings(window=window))


def logged(root, name, step, points=100, count=16, start=0.0):
    """Recordings in class folders with a column that rises, written with two decimals."""
    random = np.random.default_rng(0)
    for label in ("walk", "stand"):
        (root / label).mkdir(parents=True)
        for number in range(count):
            time = start * number + step * np.arange(points)
            values = np.column_stack([time, random.normal(size=(points, 2))])
            header = f"{name},ax,ay"
            np.savetxt(root / label / f"{number}.csv", values, "%.2f", ",", header=header, comments="")


@pytest.mark.parametrize(
    ("name", "step", "start"), [("Zeit", 0.02, 0), ("Nummer", 1, 100), ("t_rel", 1 / 60, 3.5), ("lfd", 10, 0)]
)
@pytest.mark.parametrize("window", [None, 25])
def test_a_column_that_rises_evenly_is_no_channel(tmp_path, name, step, start, window):
    logged(tmp_path, name, step, start=start)
    data = load(tmp_path, DataSettings(window=window))
    assert_dataset_is_sound(data)
    assert data.features == ("ax", "ay")
    assert data.inputs.shape[1] == 2
    (said,) = [remark for remark in data.remarks if "running number" in remark]
    assert said.startswith(f"column {name} rises by the same step")
    given = read([tmp_path / "walk" / "3.csv"], spec_of(data))
    place = next(at for at, own in enumerate(data.names) if own.startswith("walk/3.csv"))
    np.testing.assert_array_equal(given.inputs[0].numpy(), data.inputs[place].numpy())


def test_a_running_number_in_a_long_table_is_no_channel(tmp_path):
    text, values = long("id,Takt,acc_x,acc_y,label")
    (tmp_path / "long.csv").write_text(text)
    data = load(tmp_path / "long.csv", DataSettings(sample="id"))
    assert data.features == ("acc_x", "acc_y")
    np.testing.assert_allclose(data.inputs.numpy(), values, rtol=1e-6)


def test_what_rises_in_its_own_way_is_a_channel(tmp_path):
    for place, label in enumerate(("slow", "fast")):
        (tmp_path / label).mkdir()
        for number in range(8):
            values = np.column_stack([(1 + place) * np.arange(40), np.sin(np.arange(40) + number)])
            file = tmp_path / label / f"{number}.csv"
            np.savetxt(file, values, delimiter=",", header="way,force", comments="")
    assert load(tmp_path).features == ("way", "force")


@pytest.mark.parametrize(("separator", "point"), [(";", ","), ("\t", ","), (";", ".")])
def test_recordings_with_decimal_commas_in_class_folders(tmp_path, separator, point):
    draw = np.random.default_rng(0)
    for kind in ("gehen", "stehen"):
        (tmp_path / kind).mkdir()
        for number in range(10):
            values = draw.normal(size=(20, 2)).round(3)
            rows = [f"{a:.3f}{separator}{b:.3f}".replace(".", point) for a, b in values]
            (tmp_path / kind / f"{number}.csv").write_text("\n".join([f"ax{separator}ay", *rows]))
    data = load(tmp_path)
    assert data.classes == ("gehen", "stehen")
    np.testing.assert_allclose(data.inputs[-1].numpy(), values.T, rtol=1e-6)
    said = [each for each in data.remarks if "is read as the number" in each]
    assert len(said) == (2 if point == "," else 0)  # once a column, however many files


@pytest.mark.parametrize(("name", "step"), [("t", 1), ("time", 0.02), ("Clock", 20)])
def test_the_times_of_a_recording_may_be_named(tmp_path, name, step):
    rows = [f"{at * step:g},{at % 7}.5,{at * at % 11}.25,{'wr'[at // 40 % 2]}" for at in range(400)]
    (tmp_path / "rec.csv").write_text("\n".join([f"{name},ax,ay,activity", *rows]))
    data = load(tmp_path / "rec.csv", DataSettings(label="activity", window=20, time=name))
    assert data.kind == "signal"
    assert data.inputs.shape == (20, 2, 20)


@pytest.mark.parametrize("settings", [{"time": "ax"}, {"time": "activity"}, {"time": "date"}])
def test_times_that_are_none_beside_dates_are_still_of_a_sequence(tmp_path, settings):
    rows = [f"2020-01-{at + 1:02d},{at % 7}.5,{at}.25,{'wr'[at // 4 % 2]}" for at in range(30)]
    (tmp_path / "days.csv").write_text("\n".join(["date,ax,ay,activity", *rows]))
    if settings["time"] == "date":
        assert load(tmp_path / "days.csv", DataSettings(target="ay", **settings)).kind == "sequence"
        return
    with pytest.raises(DataError, match=r"no date|which is no"):
        load(tmp_path / "days.csv", DataSettings(target="ay", **settings))
