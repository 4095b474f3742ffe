from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.data import DataSettings, load
from convscope.data.formats.pictures import recognises_table as recognises
from convscope.errors import DataError


@pytest.fixture
def table(paint, tmp_path):
    """Write a table, and pictures 0.png … 11.png beside it."""
    for number in range(12):
        paint(f"{number}.png", seed=number)

    def write(text, name="data.csv", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return tmp_path / name

    return write


def rows(labels="ab", head="path,label"):
    return "\n".join([head, *(f"{number}.png,{labels[number % len(labels)]}" for number in range(12))])


def test_pictures_and_labels_come_from_the_table(table, tmp_path):
    data = load(table(rows()))
    assert data.classes == ("a", "b")
    assert data.labels.tolist() == [0, 1] * 6
    assert list(data.names) == [f"{number}.png" for number in range(12)]
    for row, name in enumerate(data.names):
        assert np.array_equal(data.inputs[row].permute(1, 2, 0), np.asarray(Image.open(data.root / name)))


@pytest.mark.parametrize("head", ["filename,class", "Image , Label", "FILE,Target"])
def test_columns_are_found_by_name(table, head):
    assert load(table(rows(head=head))).classes == ("a", "b")


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_spreadsheets_separators_are_understood(table, separator):
    assert load(table(rows().replace(",", separator))).classes == ("a", "b")


def test_a_byte_order_mark_is_no_part_of_the_name(table):
    assert load(table(rows(), encoding="utf-8-sig")).classes == ("a", "b")


def test_labels_are_texts_in_natural_order(table):
    assert load(table(rows(labels=["10", "9", "NA"]))).classes == ("9", "10", "NA")


def test_quoted_cells_may_hold_separators(table):
    data = load(table(rows(labels=['"a, b"', '"c\nd"'])))
    assert data.classes == ("a, b", "c\nd")


def test_given_splits_are_kept(table):
    parts = ["train"] * 6 + ["valid"] * 2 + ["TEST"] * 4
    text = "\n".join(["path,label,split", *(f"{n}.png,{'ab'[n % 2]},{part}" for n, part in enumerate(parts))])
    data = load(table(text))
    assert {name: rows.tolist() for name, rows in data.parts.items()} == {
        "train": [0, 1, 2, 3, 4, 5],
        "val": [6, 7],
        "test": [8, 9, 10, 11],
    }


def test_a_group_is_never_in_two_parts(table):
    text = "\n".join(
        [
            "path,label,patient",
            *(f"{n}.png,{'ab'[n % 2]},{'' if n == 5 else f'p{n // 3}'}" for n in range(12)),
        ]
    )
    for seed in range(10):
        data = load(table(text), DataSettings(seed=seed, test=0.3, val=0.3))
        part_of = {row: name for name, rows in data.parts.items() for row in rows.tolist()}
        for group in ((0, 1, 2), (3, 4), (6, 7, 8), (9, 10, 11)):
            assert len({part_of[row] for row in group}) == 1


def test_rows_without_label_or_path_are_named_by_number(table):
    text = rows() + "\n,a\n3.png,\n,\n\n5.png\n"
    data = load(table(text))
    assert len(data.inputs) == 12
    assert [tuple(item) for item in data.skipped] == [
        ("row 14", "row 14 has no path"),
        ("3.png", "row 15 has no label"),
        ("5.png", "row 18 has no label"),
    ]
    with pytest.raises(DataError, match="row 15 has no label"):
        load(table(text), strict=True)


def test_missing_pictures_are_named(table):
    (item,) = load(table(rows() + "\nnowhere.png,a")).skipped
    assert item == ("nowhere.png", "there is no such file")


def test_absolute_paths_are_understood(table, tmp_path):
    text = rows().replace("\n0.png", f"\n{tmp_path / '0.png'}")
    assert len(load(table(text)).inputs) == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\n", "no rows below the header"),
        ("path,label\n0.png,\n1.png,\n", "none of its 2 rows has both"),
        (
            "path,colour,size\n0.png,a,big\n",
            r"no label column; its columns are path, colour, size\.\n  Call one of them label, class",
        ),
        (rows(labels=["Cat", "cat"]), "'Cat' and 'cat' differ in case only"),
        (rows(labels=["a"]), "12 pictures, all of class 'a'"),
        ("path,label\n0.png,a\n", "only one picture"),
        ("path,label,split\n0.png,a,later\n", r"row 2 is in the split 'later'.\n  The splits are train"),
        ("path,label,split\n0.png,a,train\n1.png,b,train\n2.png,c,test", "class 'c' is in test, but train"),
        ("path,label\nx.png,a\ny.png,b\n", "none of the 2 pictures can be read"),
    ],
)
def test_tables_that_cannot_be_trained_on_say_why(table, text, message):
    with pytest.raises(DataError, match=message):
        load(table(text))


@pytest.mark.parametrize(
    ("encoding", "labels"),
    [
        ("latin-1", ("Bär", "Kuh")),
        ("utf-16", ("Bär", "Kuh")),
        ("gbk", ("熊猫", "老虎")),
        ("cp1251", ("кот", "пёс")),
    ],
)
def test_a_table_in_another_encoding_is_read(table, encoding, labels):
    assert set(load(table(rows(labels=labels), encoding=encoding)).classes) == set(labels)


def test_only_tables_of_pictures_are_recognised(table, tmp_path):
    assert recognises(table(rows()))
    assert recognises(table(rows(), name="DATA.TSV"))
    assert not recognises(table("time,value,label\n1,2,3\n", name="signal.csv"))
    assert not recognises(table("", name="empty.csv"))
    assert not recognises(table(rows(), name="data.txt"))
    assert not recognises(tmp_path)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    assert not recognises(tmp_path / "binary.csv")


# ---- names without a path or an ending, and columns of other names


def write(paint, tmp_path, text, folder, ending=".png", count=24):
    """A table of pictures p0 … p23 that lie in a folder."""
    for number in range(count):
        paint(f"{folder}/p{number}{ending}", seed=number)
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    return tmp_path / "labels.csv"


def ids(head="id,label", line="p{n},{label}", count=24):
    return "\n".join([head, *(line.format(n=n, label="ab"[n % 2], age=20 + n * 1.5) for n in range(count))])


def said(data):
    return " | ".join(data.remarks)


@pytest.mark.parametrize("folder", ["images", "train", "set/part_1", "."])
@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("id,label", "p{n},{label}"),
        ("image_id,dx", "p{n},{label}"),
        ("label;path", "{label};p{n}.png"),
        ("path,label", "C:\\\\data\\\\old\\\\p{n}.png,{label}"),
        ("path,label", "/home/somebody/data/p{n}.png,{label}"),
        ("文件名,类别", "p{n}.png,{label}"),
        ("datei,tier", "p{n}.PNG,{label}"),
        ("p99.png,a", "p{n}.png,{label}"),
    ],
)
def test_files_are_found_by_their_names(paint, tmp_path, folder, head, line):
    data = load(write(paint, tmp_path, ids(head, line.replace("\\\\", "\\")), folder))
    assert data.classes == ("a", "b")
    assert len(data.names) == 24
    for name in data.names[:3]:
        assert (tmp_path / name).is_file()
    assert load(write(paint, tmp_path, ids(head, line.replace("\\\\", "\\")), folder)).names == data.names


@pytest.mark.parametrize("given", ["elsewhere/pictures", "{root}/elsewhere/pictures", "{root}/elsewhere"])
def test_a_folder_of_pictures_is_joined(paint, tmp_path, given):
    for number in range(24):
        paint(f"elsewhere/pictures/p{number}.jpg", seed=number)
    (tmp_path / "tables").mkdir()
    file = tmp_path / "tables" / "t.csv"
    file.write_text(ids())
    with pytest.raises(DataError, match=r"there is no file p0, .* beside the table.\n .*--images FOLDER"):
        load(file)
    images = given.format(root=tmp_path) if "root" in given else f"../{given}"
    data = load(file, DataSettings(images=images))
    assert len(data.names) == 24
    assert Path(data.settings.images).is_absolute()
    assert "found by name, such as ../elsewhere/pictures/p0.jpg for p0" in said(data)
    with pytest.raises(DataError, match="--images nowhere: there is no such folder"):
        load(file, DataSettings(images="nowhere"))


def test_a_name_that_is_there_twice_is_left_out(paint, tmp_path):
    file = write(paint, tmp_path, ids(), "one")
    paint("two/p3.png")
    (item,) = load(file).skipped
    assert item == ("p3", "several files are called so: one/p3.png, two/p3.png")


def test_amounts_are_learnt_as_values(paint, tmp_path):
    file = write(paint, tmp_path, ids("id,label,age", "p{n},{label},{age}"), "faces")
    data = load(file, DataSettings(target="age"))
    assert data.regression
    assert data.classes == ("age",)
    assert data.labels.tolist() == [20 + 1.5 * n for n in range(24)]
    assert load(file).classes == ("a", "b")
    assert load(file, DataSettings(target="Label")).classes == ("a", "b")
    with pytest.raises(DataError, match="24 different labels for 24 samples"):
        load(file, DataSettings(label="age"))


@pytest.mark.parametrize("power", ["e300", "e-300"])
def test_amounts_that_32_bits_cannot_hold_are_refused(paint, tmp_path, power):
    file = write(paint, tmp_path, ids("id,label,age", "p{n},{label},{age}" + power), "faces")
    with pytest.raises(DataError, match=r"amounts of age, from .* cannot be told apart in 32 bits"):
        load(file, DataSettings(target="age"))
    with file.open("w", encoding="utf-8") as table:
        table.writelines(
            f"{text}\n" for text in ["a,b,c,age", *(f"{n},{n},1,{n}.5{power}" for n in range(24))]
        )
    with pytest.raises(DataError, match="cannot be told apart in 32 bits"):
        load(file, DataSettings(target="age"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label": "colour"}, r"--label colour: .* has no such column.*\n  Its columns are id, label, age"),
        ({"target": "agee"}, "did you mean 'age'"),
        ({"label": "label", "target": "age"}, "name two columns to learn"),
        ({"group": "patient"}, "--group patient: .* has no such column"),
        ({"sample": "id"}, "--sample id: each row of .* names a file"),
    ],
)
def test_columns_that_are_not_there_are_said(paint, tmp_path, settings, message):
    file = write(paint, tmp_path, ids("id,label,age", "p{n},{label},{age}"), "faces")
    with pytest.raises(DataError, match=message):
        load(file, DataSettings(**settings))


def test_one_column_a_class_is_read_and_several_at_once_are_told(paint, tmp_path):
    lines = [f"p{n},{float(n % 3 == 0)},{float(n % 3 == 1)},{float(n % 3 == 2)}" for n in range(24)]
    file = write(paint, tmp_path, "\n".join(["image,MEL,NV,BCC", *lines]), "ISIC_2019_Training_Input")
    data = load(file)
    assert data.classes == ("BCC", "MEL", "NV")
    assert [data.classes[label] for label in data.labels[:3]] == ["MEL", "NV", "BCC"]
    assert "the columns MEL, NV, BCC of 0 and 1 are the classes" in said(data)
    file.write_text(file.read_text().replace("p5,0.0,0.0", "p5,1.0,0.0"))
    with pytest.raises(DataError, match=r"row 7 is MEL and BCC at once.*one class.\n .*--label MEL"):
        load(file)
    assert load(file, DataSettings(label="MEL")).classes == ("0.0", "1.0")


def test_several_labels_in_a_cell_are_told(paint, tmp_path):
    lines = [f"p{n}.png,{('Mass', 'Nodule', 'Mass|Nodule')[n % 3]}" for n in range(24)]
    file = write(paint, tmp_path, "\n".join(["Image Index,Finding Labels", *lines]), "images_001/images")
    assert "such as 'Mass|Nodule' seem to be several" in said(load(file))


def test_groups_are_a_column_a_folder_or_none(paint, tmp_path):
    lines = [f"day{n % 4}/p{n}.png,{'ab'[n // 12]},w{n % 6}" for n in range(24)]
    for number in range(24):
        paint(f"day{number % 4}/p{number}.png", seed=number)
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["path,label,ward", *lines]))
    for group, of in (("Ward", lambda n: n % 6), ("folder", lambda n: n % 4)):
        data = load(file, DataSettings(group=group))
        for part, rows in data.parts.items():
            others = {
                of(row) for other, found in data.parts.items() if other != part for row in found.tolist()
            }
            assert not others & {of(row) for row in rows.tolist()}
            assert len(rows)
    assert load(file).groups == ()
    file.write_text(file.read_text().replace("ward", "patient"))
    assert "rows of one 'patient' stay in one part" in said(load(file))
    assert load(file, DataSettings(group="none")).groups == ()


def test_the_label_may_stand_in_the_name(paint, tmp_path):
    for number in range(12):
        paint(f"{'ab'[number % 2]}_{number}.png", seed=number)
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["path", *(f"{'ab'[number % 2]}_{number}.png" for number in range(12))]))
    assert load(file, DataSettings(label_from=r"(\w)_\d+")).classes == ("a", "b")
    with pytest.raises(DataError, match="fits none of the 12 names"):
        load(file, DataSettings(label_from=r"(\w)-\d+"))


@pytest.mark.parametrize(
    "folders", [["images"], ["HAM10000_images_part_1", "HAM10000_images_part_2"], ["train", "test"]]
)
def test_a_folder_with_a_table_of_labels(paint, tmp_path, folders):
    """ISIC, HAM10000 and competitions: pictures in folders that are no classes, and a table beside them."""
    for number in range(24):
        paint(f"{folders[number % len(folders)]}/p{number}.jpg", seed=number)
    (tmp_path / "metadata_ham.csv").write_text(ids("lesion_id,image_id,dx", "L{n},p{n},{label}"))
    (tmp_path / "sample_submission.csv").write_text(ids(count=3))
    data = load(tmp_path)
    assert data.classes == ("a", "b")
    assert len(data.names) == 24
    assert "the labels are those of the table metadata_ham.csv" in said(data)
    (tmp_path / "other.csv").write_text(ids())
    with pytest.raises(DataError, match="several tables that name its pictures"):
        load(tmp_path)


def test_folders_of_classes_count_more_than_a_table(paint, tmp_path):
    for number in range(24):
        paint(f"{('cat', 'dog')[number % 2]}/p{number}.png", seed=number)
    (tmp_path / "labels.csv").write_text(ids())
    assert load(tmp_path).classes == ("cat", "dog")
    assert load(tmp_path, DataSettings(label="label")).classes == ("a", "b")


@pytest.mark.parametrize("folder", ["", "pictures/"])
@pytest.mark.parametrize(
    ("head", "row", "shape"),
    [
        ("id,a,b,c,d,label", "{n},0.{n},1,{n}.5,-3,{c}", (12, 1, 4)),
        ("ID;a;b;c;y", "{n};{n}.25;2;7;{c}", (12, 1, 3)),
        ("key,width,height,depth,class", "{n},4{n},30,2,{c}", None),
    ],
)
def test_numbers_of_samples_beside_values_are_no_names_of_files(paint, tmp_path, folder, head, row, shape):
    for number in range(12):
        paint(f"{folder}{number}.png", seed=number)
    lines = [head, *(row.format(n=number, c="pq"[number % 2]) for number in range(12))]
    (tmp_path / "data.csv").write_text("\n".join(lines))
    data = load(tmp_path / "data.csv")
    assert data.kind == "signal"
    assert shape is None or tuple(data.inputs.shape) == shape
    told = DataSettings(images=str(tmp_path / folder))
    assert load(tmp_path / "data.csv", told).kind == "image"


def test_a_row_a_moment_is_no_table_of_pictures(table):
    lines = [f"{number // 10},{number % 10},{number}.5,{'pq'[number // 10 % 2]}" for number in range(120)]
    path = table("\n".join(["id,t,a,label", *lines]))
    assert tuple(load(path).inputs.shape) == (12, 1, 10)


@pytest.mark.parametrize("head", ["id,label", "id,age,label", "image_id,age,height,label"])
def test_numbers_may_still_name_pictures(table, head):
    more = ",".join(["5"] * (head.count(",") - 1)) + "," if head.count(",") > 1 else ""
    lines = [f"{number},{more}{'ab'[number % 2]}" for number in range(12)]
    assert load(table("\n".join([head, *lines]))).kind == "image"


@pytest.mark.parametrize(
    ("cell", "separator", "expected"),
    [
        (lambda number: f"{number},5", ";", lambda number: number + 0.5),
        (lambda number: f"{number + 1}.{number:03d},25 €", ";", lambda number: 1001 * number + 1000.25),
        (lambda number: f'"${number + 1},{number:03d}"', ",", lambda number: 1001 * number + 1000),
        (lambda number: f"{number * 7} kg", ",", lambda number: number * 7),
    ],
)
def test_a_target_as_people_write_numbers(table, cell, separator, expected):
    text = [f"file{separator}price", *(f"{n}.png{separator}{cell(n)}" for n in range(12))]
    data = load(table("\n".join(text)), DataSettings(target="price"))
    assert data.regression
    assert data.labels.tolist() == [expected(number) for number in range(12)]
    assert any(each.startswith("column price: ") and "is read as the number" in each for each in data.remarks)


def test_points_before_thousands_in_a_target(table):
    lines = ["file;price;rate", *(f"{n}.png;{n + 1}.{n:03d};{n},5" for n in range(11)), "11.png;936;7,5"]
    data = load(table("\n".join(lines)), DataSettings(target="price"))
    assert data.labels.tolist() == [*(1001 * n + 1000 for n in range(11)), 936]


@pytest.mark.parametrize(
    "labels", [[f"about {number}" for number in range(12)], [f"{n} or {n}" for n in range(12)]]
)
def test_a_target_that_is_no_number_is_told_so(table, labels):
    with pytest.raises(DataError) as caught:
        load(table(rows(labels)), DataSettings(target="label"))
    assert "is not read as a number" in str(caught.value)
    assert "write" in str(caught.value).casefold()


@pytest.mark.parametrize(
    "labels", [["-7", "3", "5"], ["1.0", "2.0", "3.0"], [str(each) for each in range(12)]]
)
def test_numbers_that_are_amounts_however_few(table, labels):
    data = load(table(rows(labels)), DataSettings(target="label"))
    assert data.labels.tolist() == [float(each) for each in labels] * (12 // len(labels))


@pytest.mark.parametrize("labels", [["1", "2", "3"], ["-1", "1"], ["0.0", "1.0"]])
def test_few_whole_numbers_are_classes(table, labels):
    assert len(load(table(rows(labels)), DataSettings(target="label")).classes) == len(labels)


@pytest.mark.parametrize("form", ["{:05d}.png", "{:03d}.jpg", "{:08d}.png"])
@pytest.mark.parametrize("folder", ["", "images"])
def test_ids_that_lost_their_zeros_name_their_files(paint, tmp_path, form, folder):
    for number in range(12):
        paint(f"{folder}/{form.format(number)}" if folder else form.format(number), seed=number)
    (tmp_path / "labels.csv").write_text("\n".join(["id,label", *(f"{n},{'ab'[n % 2]}" for n in range(12))]))
    data = load(tmp_path / "labels.csv")
    assert [data.names[row][-len(form.format(0)) :] for row in range(12)] == [
        form.format(n) for n in range(12)
    ]
    assert data.labels.tolist() == [0, 1] * 6
    assert any("were found by name" in remark for remark in data.remarks)
    assert load(tmp_path).labels.tolist() == [0, 1] * 6


def test_an_id_that_two_padded_names_may_be_is_not_guessed(paint, tmp_path):
    for number in range(12):
        paint(f"{number:03d}.png", seed=number)
    paint("0003.png", seed=50)
    (tmp_path / "labels.csv").write_text("\n".join(["id,label", *(f"{n},{'ab'[n % 2]}" for n in range(12))]))
    data = load(tmp_path / "labels.csv")
    assert len(data.inputs) == 11
    assert "several files are called so" in data.skipped[0].reason


@pytest.mark.parametrize(
    ("columns", "advice"),
    [
        ("age,gender", "--label gender, or --target age"),
        ("gender,site,nothing", "--label gender"),
        ("running,age,nothing", "--target age"),
        ("running,nothing", ""),
    ],
)
def test_columns_that_can_be_learnt_are_suggested(table, columns, advice):
    told = {
        "age": lambda at: 20 + 7 * at % 30,
        "gender": lambda at: "fm"[at % 2],
        "site": lambda at: "xyz"[at % 3],
    }
    told |= {"nothing": lambda _: 0, "running": lambda at: at + 1}
    lines = [f"{at}.png," + ",".join(str(told[name](at)) for name in columns.split(",")) for at in range(12)]
    with pytest.raises(DataError, match=r"has no label column") as error:
        load(table("\n".join([f"image,{columns}", *lines])))
    assert (f"Or say which: {advice}" if advice else "") in str(error.value)
    assert bool(advice) == ("Or say which" in str(error.value))


@pytest.mark.parametrize(
    ("wanted", "near"), [("age", ""), ("ages", ""), ("gendr", "; did you mean 'gender'?")]
)
def test_the_column_of_files_is_not_what_was_meant(table, wanted, near):
    file = table(rows(head="image,gender"))
    with pytest.raises(DataError) as error:
        load(file, DataSettings(target=wanted))
    assert f"has no such column{near or '.'}" in str(error.value)


def test_links_in_a_ring_beside_a_table_are_no_matter_of_it(paint, tmp_path):
    (tmp_path / "more").mkdir()
    for place in (tmp_path, tmp_path / "more"):
        (place / "loop").symlink_to("loop")
    data = load(write(paint, tmp_path, ids(line="p{n}.png,{label}"), "more/pictures"))
    assert len(data.labels) == 24


def test_labels_that_are_called_as_pictures_are_no_pictures(tmp_path):
    """A column of labels names no files, though some are called so: cat.png beside a table of signals."""
    (tmp_path / "pictures").mkdir()
    for name in "ab":
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "pictures" / f"{name}.png")
    values = np.random.default_rng(0).normal(size=(40, 30))
    lines = [",".join(["ab"[row % 2], *map(str, cells)]) for row, cells in enumerate(values)]
    for title in ("label", "class"):
        table = tmp_path / f"{title}.csv"
        table.write_text("\n".join([",".join([title, *(f"t{at}" for at in range(30))]), *lines]))
        dataset = load(table)
        assert dataset.kind == "signal"
        assert dataset.classes == ("a", "b")
        assert dataset.inputs.shape == (40, 1, 30)
