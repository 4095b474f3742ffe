"""Folders as they are downloaded: whatever lies around the classes, between them and beside them."""

import wave

import numpy as np
import pytest
from PIL import Image

from convscope.data import DataSettings, load
from convscope.data.reading import read
from convscope.data.samples import spec_of
from convscope.errors import DataError


def fill(paint, *folders, count=6, name="{}.png", **options):
    for place, folder in enumerate(folders):
        for number in range(count):
            paint(f"{folder}/{name.format(number)}", seed=1000 * place + number, **options)


def said(data):
    return " | ".join(data.remarks)


def people(data):
    """Group → the parts that it is in."""
    found = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            found.setdefault(data.groups[row], set()).add(part)
    return found


# ---- groups


@pytest.mark.parametrize(
    "names", [["P{}"] * 2, ["B{}", "M{}"], ["patient {}/day1/left", "patient {}/day1/left"]]
)
def test_sub_folders_are_groups(paint, tmp_path, names):
    for number in range(6):
        fill(paint, f"benign/{names[0].format(number)}", f"malignant/{names[1].format(number)}", count=5)
    for seed in range(4):
        data = load(tmp_path, DataSettings(seed=seed))
        assert all(len(parts) == 1 for parts in people(data).values())
        assert all(all(data.counts(part)) for part in ("train", "val", "test"))
    assert "sub-folders of the classes" in said(data)
    assert "--group none deals its samples out one by one" in said(data)


def test_groups_can_be_switched_off(paint, tmp_path):
    for number in range(4):
        fill(paint, f"a/P{number}", f"b/P{number}")
    data = load(tmp_path, DataSettings(group="none"))
    assert data.groups == ()
    assert "sub-folders" not in said(data)
    assert load(tmp_path, DataSettings(group="folder")).groups == load(tmp_path).groups


@pytest.mark.parametrize("folders", [["a", "b"], ["a/pictures", "b/pictures"]])
def test_where_nothing_is_a_group_the_split_stays(paint, tmp_path, folders):
    fill(paint, *folders)
    data, plain = load(tmp_path), load(tmp_path, DataSettings(group="none"))
    assert data.groups == ()
    assert all((data.parts[part] == plain.parts[part]).all() for part in data.parts)
    with pytest.raises(DataError, match="have no sub-folders with several samples"):
        load(tmp_path, DataSettings(group="folder"))
    with pytest.raises(DataError, match=r"--group patient: .* is a folder and has no columns"):
        load(tmp_path, DataSettings(group="patient"))


def test_a_folder_with_a_single_sample_each_is_no_group(paint, tmp_path):
    for number in range(6):
        fill(paint, f"a/P{number}", f"b/Q{number}", count=1)
    assert load(tmp_path).groups == ()


def test_folders_of_modalities_hold_the_same_people(paint, tmp_path):
    for label in ("high", "low"):
        fill(paint, f"{label}/T1", f"{label}/T2", f"{label}/FLAIR", name="case{}.png")
    data = load(tmp_path)
    assert len(set(data.groups)) == 6
    assert all(len(parts) == 1 for parts in people(data).values())


def test_parts_may_number_their_patients_anew(paint, tmp_path):
    for part in ("train", "test"):
        for number in range(3):
            fill(paint, f"{part}/a/P{number}", f"{part}/b/P{number}", count=3)
    data = load(tmp_path)
    assert data.counts("test") == [9, 9]
    assert all(data.counts("val"))


@pytest.mark.parametrize(
    ("option", "value"), [("label", "x"), ("target", "age"), ("images", "."), ("sample", "id")]
)
def test_a_column_that_a_folder_cannot_have_is_said(paint, tmp_path, option, value):
    fill(paint, "a", "b")
    with pytest.raises(DataError, match=rf"--{option} {value}: .* is a folder"):
        load(tmp_path, DataSettings(**{option: value}))


# ---- around the classes


@pytest.mark.parametrize("around", ["photos", "PlantVillage/PlantVillage", "a/b/c"])
@pytest.mark.parametrize("inside", ["{}", "train/{}"])
def test_wrapper_folders_are_passed_through(paint, tmp_path, around, inside):
    fill(paint, *(f"{around}/{inside.format(name)}" for name in ("cat", "dog")))
    (tmp_path / "README.txt").write_text("x")
    (tmp_path / "__MACOSX").mkdir()
    data = load(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.names[0].startswith(around)
    assert f"the data lie in {around}/" in said(data)


@pytest.mark.parametrize(
    "litter",
    [
        *("@eaDir/1.png", "a/@eaDir/1.jpg/SYNOFILE_THUMB_M.png", "#recycle/a/1.png", "__pycache__/1.png"),
        *(".ipynb_checkpoints/1-checkpoint.png", "a/.ipynb_checkpoints/1.png", "$RECYCLE.BIN/x/1.png"),
    ],
)
def test_other_systems_litter_is_passed_over(paint, tmp_path, litter):
    fill(paint, "a", "b")
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "._1.png"):
        (tmp_path / "a" / name).write_bytes(b"x")
    clean = load(tmp_path)
    paint(litter)
    data = load(tmp_path)
    assert data.classes == ("a", "b")
    assert list(data.names) == list(clean.names)
    assert data.remarks == clean.remarks
    assert len(read([tmp_path], spec_of(data)).names) == 12


@pytest.mark.parametrize("other", ["cat ", "\uff43\uff41\uff54", "ca\u200bt", "\u3000cat"])
def test_classes_that_look_alike_are_one(paint, tmp_path, other):
    fill(paint, "cat", other, "dog")
    data = load(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.labels.tolist().count(0) == 12
    assert "look alike and are one class, 'cat'" in said(data)
    table, labels = tmp_path / "table.csv", ("dog", "cow", "c\u200bow")
    table.write_text("path,label\n" + "".join(f"dog/{n}.png,{labels[n % 3]}\n" for n in range(6)))
    assert load(table).classes == ("cow", "dog")


def test_accents_apart_are_the_same_class(paint, tmp_path):
    fill(paint, "caf\u00e9", "cafe\u0301", "two  words", "two words")
    assert load(tmp_path).classes == ("caf\u00e9", "two words")


def test_each_class_may_have_its_own_parts(paint, tmp_path):
    for name in ("cat", "dog"):
        fill(paint, f"{name}/train", f"{name}/test")
    data = load(tmp_path)
    assert data.counts("test") == [6, 6]
    assert all("test" in data.names[row] for row in data.parts["test"])


# ---- beside the samples


@pytest.mark.parametrize("mask", ["{}_mask.png", "{}_Segmentation.png", "{}_mask_1.png", "{}-mask.tif"])
def test_masks_beside_pictures_are_no_samples(paint, tmp_path, mask):
    fill(paint, "benign", "malignant", name="benign ({}).png")
    fill(paint, "benign", "malignant", name=mask.replace("{}", "benign ({})"), channels=1)
    data = load(tmp_path)
    assert len(data.names) == 12
    assert not any("ask" in name or "Seg" in name for name in data.names)
    assert "12 files such as" in said(data)
    assert len(read([tmp_path], spec_of(data)).names) == 12


def test_a_class_may_be_called_mask(paint, tmp_path):
    fill(paint, "mask", "no_mask", name="{}_mask.png")
    assert len(load(tmp_path).names) == 12


def test_folders_of_masks_are_no_classes(paint, tmp_path):
    fill(paint, "images/cat", "images/dog", "masks/cat", "masks/dog")
    data = load(tmp_path)
    assert data.classes == ("cat", "dog")
    assert not any("mask" in name for name in data.names)


def yolo(paint, root):
    fill(paint, "images/train", "images/val")
    for number in range(6):
        file = root / "labels" / "train" / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("0 0.5 0.5 0.25 0.25\n")


def roboflow(paint, root):
    fill(paint, "train/images", "valid/images")
    (root / "train" / "labels").mkdir()
    (root / "data.yaml").write_text("train: ../train/images\nnc: 2\nnames: ['cat', 'dog']\n")


def coco(paint, root):
    fill(paint, "val2017", name="00000{}.jpg")
    (root / "annotations").mkdir()
    (root / "annotations" / "instances_val2017.json").write_text('{"images": [], "annotations": []}')


def voc(paint, root):
    fill(paint, "JPEGImages", name="2007_{}.jpg")
    (root / "Annotations").mkdir()
    text = "<annotation><object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object></annotation>"
    (root / "Annotations" / "2007_0.xml").write_text(text)


@pytest.mark.parametrize("make", [yolo, roboflow, coco, voc])
def test_data_for_detection_are_told(paint, tmp_path, make):
    make(paint, tmp_path)
    with pytest.raises(DataError, match=r"finding things in pictures.* the work of another tool"):
        load(tmp_path)


@pytest.mark.parametrize(
    "names", [("images", "masks"), ("train_images", "train_masks"), ("imagesTr", "labelsTr")]
)
def test_data_for_segmentation_are_told(paint, tmp_path, names):
    fill(paint, *names)
    with pytest.raises(DataError, match="segmentation, the work of another tool"):
        load(tmp_path)


def test_kinds_that_are_mixed_are_named(paint, tmp_path):
    fill(paint, "a", "b")
    sound(tmp_path / "a" / "1.wav")
    assert "1 sounds lie among the pictures" in said(load(tmp_path))
    (tmp_path / "c").mkdir()
    for number in range(3):
        sound(tmp_path / "c" / f"{number}.wav")
    assert "the folder c holds no pictures" in said(load(tmp_path))


def sound(file):
    with wave.open(str(file), "wb") as stream:
        stream.setparams((1, 2, 8000, 0, "NONE", ""))
        stream.writeframes(np.zeros(100, "<i2").tobytes())


# ---- labels in names


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("{label}.{n}.jpg", r"(.*)\.\d+"),
        ("{label}_{n}.jpg", r"(.*)_\d+"),
        ("{label} ({n}).jpg", r"(.*) \(\d+\)"),
        ("{label}{n}.jpg", r"([^\W\d]+)\d+"),
        ("{n}-{label}.jpg", r"\d+[_ -]+([^\W\d]+)"),
    ],
)
@pytest.mark.parametrize("folder", ["", "train/"])
def test_labels_in_names_are_read_and_suggested(paint, tmp_path, name, pattern, folder):
    for number in range(12):
        paint(folder + name.format(label=("cat", "dog")[number % 2], n=number), seed=number)
    paint("test/7.jpg", seed=99)
    with pytest.raises(DataError) as caught:
        load(tmp_path / folder)
    assert f'Try --label-from "{pattern}"' in str(caught.value)
    data = load(tmp_path / folder, DataSettings(label_from=pattern))
    assert data.classes == ("cat", "dog")
    assert len(data.names) == 12


def test_names_without_a_label_are_left_out_and_named(paint, tmp_path):
    for number in range(12):
        paint(f"train/{'cd'[number % 2]}.{number}.jpg", seed=number)
    paint("test/7.jpg")
    (item,) = load(tmp_path, DataSettings(label_from=r"(\w)\.\d+")).skipped
    assert item.file == "test/7.jpg"
    assert "its name does not say the class" in item.reason


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r".*\.\d+", "nothing in it is in round brackets"),
        ("(.*", "no regular expression"),
        ("([0-9]+)th", r"fits none of the 4 names in .*, such as a\.0\.jpg"),
    ],
)
def test_patterns_that_cannot_be_used_say_why(paint, tmp_path, pattern, message):
    fill(paint, ".", count=2, name="a.{}.jpg")
    fill(paint, ".", count=2, name="b.{}.jpg")
    with pytest.raises(DataError, match=message):
        load(tmp_path, DataSettings(label_from=pattern))


@pytest.mark.parametrize("names", [("train", "test"), ("train1", "test1")])
def test_parts_without_classes_are_no_classes(paint, tmp_path, names):
    fill(paint, *names)
    with pytest.raises(DataError, match="are parts, and hold pictures without a class"):
        load(tmp_path)


# ---- data sets as they are downloaded


def test_chest_xray(paint, tmp_path):
    for part, count in (("train", 20), ("val", 8), ("test", 10)):
        fill(paint, f"chest_xray/{part}/NORMAL", f"chest_xray/{part}/PNEUMONIA", count=count, channels=1)
    fill(paint, "__MACOSX/chest_xray/train/NORMAL", name="._{}.png")
    data = load(tmp_path)
    assert data.classes == ("NORMAL", "PNEUMONIA")
    assert [len(data.parts[part]) for part in ("train", "val", "test")] == [40, 16, 20]


def test_flowers_by_number(paint, tmp_path):
    for part in ("train", "valid", "test"):
        fill(paint, *(f"flower_data/{part}/{label}" for label in (1, 2, 10)), name="image_0{}.png", count=4)
    (tmp_path / "flower_data" / "cat_to_name.json").write_text('{"1": "pink primrose"}')
    assert load(tmp_path).classes == ("1", "2", "10")


def test_breasts_in_ultrasound(paint, tmp_path):
    for label in ("benign", "malignant", "normal"):
        fill(paint, f"Dataset_BUSI_with_GT/{label}", name=label + " ({}).png")
        fill(paint, f"Dataset_BUSI_with_GT/{label}", name=label + " ({})_mask.png", channels=1)
    paint("Dataset_BUSI_with_GT/benign/benign (4)_mask_1.png", channels=1)
    data = load(tmp_path)
    assert data.classes == ("benign", "malignant", "normal")
    assert len(data.names) == 18


def test_a_stack_of_masks_is_no_volume(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    draw = np.random.default_rng(0)
    for grade in ("HGG", "LGG"):
        for case in range(4):
            for kind in ("t1", "t1ce", "t2", "flair", "seg"):
                file = tmp_path / "MICCAI" / grade / f"Brats18_{case}" / f"Brats18_{case}_{kind}.nii.gz"
                file.parent.mkdir(parents=True, exist_ok=True)
                voxels = draw.normal(size=(6, 5, 4)).astype(np.float32)
                nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), file)
    data = load(tmp_path)
    assert data.classes == ("HGG", "LGG")
    assert len(data.names) == 2 * 4 * 4
    assert len(set(data.groups)) == 4
    assert all(len(parts) == 1 for parts in people(data).values())


def test_litter_is_no_picture_of_a_prediction(paint, tmp_path):
    fill(paint, "a", "b")
    spec = spec_of(load(tmp_path))
    Image.new("L", (4, 4)).save(paint("new/@eaDir/1.png"))
    paint("new/1.png")
    assert list(read([tmp_path / "new"], spec).names) == ["1.png"]


@pytest.mark.parametrize(
    ("option", "value"), [("window", 5), ("length", 100), ("rate", 8000), ("time", "date")]
)
def test_settings_of_other_kinds_are_said(paint, tmp_path, option, value):
    fill(paint, "a", "b")
    with pytest.raises(DataError, match=f"--{option} {value} says nothing of pictures"):
        load(tmp_path, DataSettings(**{option: value}))


@pytest.mark.parametrize(
    "variants",
    [("color", "grayscale", "segmented"), ("Original Images", "Augmented Images"), ("raw", "resized_224")],
)
def test_plants_in_colour_and_grey_are_no_classes(paint, tmp_path, variants):
    for variant in variants:
        fill(paint, *(f"plantvillage dataset/{variant}/Apple___{name}" for name in ("healthy", "Black_rot")))
    with pytest.raises(
        DataError, match=f"the same pictures in several ways.*\n.*{variants[0]}|{variants[-1]}"
    ):
        load(tmp_path)
    data = load(tmp_path / "plantvillage dataset" / variants[0])
    assert data.classes == ("Apple___Black_rot", "Apple___healthy")


def test_a_class_may_be_called_raw(paint, tmp_path):
    fill(paint, "raw", "cooked")
    assert load(tmp_path).classes == ("cooked", "raw")


def test_a_run_by_a_table_is_judged_on_a_folder(paint, tmp_path):
    from convscope import train

    fill(paint, "a", "b")
    lines = [f"{name}/{number}.png,{name}" for name in "ab" for number in range(6)]
    (tmp_path / "t.csv").write_text("\n".join(["file,kind", *lines]))
    run = train(tmp_path / "t.csv", label="kind", group="none", epochs=0.5, batch=4, runs=tmp_path / "runs")
    fill(paint, "new/a", "new/b", size=(13, 17))
    assert run.evaluate(tmp_path / "new").as_dict()["samples"] == 12


def test_pets_by_their_names_without_their_trimaps(paint, tmp_path):
    """Oxford-IIIT Pet: images/Abyssinian_1.jpg, annotations/trimaps/Abyssinian_1.png."""
    for number in range(12):
        for file in ("images/{}.jpg", "annotations/trimaps/{}.png"):
            paint(file.format(f"{('Abyssinian', 'great_pyrenees')[number % 2]}_{number}"), seed=number)
    with pytest.raises(
        DataError, match=r"segmentation.*\n.*\n  If names such as .* say the class: --label-from"
    ):
        load(tmp_path)
    data = load(tmp_path, DataSettings(label_from=r"(.*)_\d+"))
    assert data.classes == ("Abyssinian", "great_pyrenees")
    assert len(data.names) == 12


def test_speakers_below_words_are_groups(tmp_path):
    for word in ("yes", "no"):
        for speaker in range(5):
            for number in range(3):
                file = tmp_path / word / f"s{speaker}" / f"{number}.wav"
                file.parent.mkdir(parents=True, exist_ok=True)
                sound(file)
    data = load(tmp_path)
    for rows in data.parts.values():
        assert len(rows)
    speakers = [{data.names[row].split("/")[1] for row in rows.tolist()} for rows in data.parts.values()]
    assert sum(map(len, speakers)) == 5
    assert "sub-folders of the classes" in said(data)


def test_sounds_and_pictures_as_classes_are_told(paint, tmp_path):
    fill(paint, "seen")
    (tmp_path / "heard").mkdir()
    for number in range(6):
        sound(tmp_path / "heard" / f"{number}.wav")
    with pytest.raises(DataError, match=r"sounds in the folder heard alone; 6 pictures lie among the sounds"):
        load(tmp_path)


@pytest.mark.parametrize("test", ["image_id\n{}.jpg", "image_id,other\n{}.jpg,0", "id\n{}"])
def test_a_competition_of_pictures_is_trained_on_its_training_table(paint, tmp_path, test):
    for number in range(20):
        paint(f"train_images/{1000 + number}.jpg", seed=number)
    for number in range(4):
        paint(f"test_images/{9000 + number}.jpg", seed=100 + number)
    ending = "" if test.startswith("id") else ".jpg"
    rows = [f"{1000 + number}{ending},{number % 2}" for number in range(20)]
    header, row = test.split("\n")
    name = header.split(",")[0]
    (tmp_path / "train.csv").write_text("\n".join([f"{name},label", *rows]))
    (tmp_path / "test.csv").write_text("\n".join([header, *(row.format(9000 + at) for at in range(4))]))
    (tmp_path / "sample_submission.csv").write_text(f"{name},label\n9000{ending},1\n")
    (tmp_path / "label_num_to_disease_map.json").write_text('{"0": "CBB", "1": "CBSD"}')
    data = load(tmp_path)
    assert (data.kind, len(data.inputs), data.classes) == ("image", 20, ("0", "1"))
    assert data.remarks[0] == "the labels are those of the table train.csv"


@pytest.mark.parametrize(
    ("name", "grouped"),
    [("{who}/{who}_{kind}.png", True), ("{who}/{kind}.png", True), ("{who}-{kind}.png", False)],
)
def test_files_that_differ_in_how_they_were_taken_are_said_to_be_samples(paint, tmp_path, name, grouped):
    for place, label in enumerate(("HGG", "LGG")):
        for number in range(6):
            for at, kind in enumerate(("t1", "T2", "flair")):
                file = name.format(who=f"{label}{number}", kind=kind)
                paint(f"{label}/{file}", seed=100 * place + 10 * number + at)
    data = load(tmp_path)
    assert len(data.inputs) == 36
    assert "36 files differ in the ending of their names alone (T2, flair, t1)" in said(data)
    assert ("may be in several parts" in said(data)) == (not grouped)


@pytest.mark.parametrize("name", ["{}_1.png", "scan {}.png", "t1_{}.png", "{}_t1.png"])
def test_names_that_end_in_one_way_are_not_remarked_upon(paint, tmp_path, name):
    fill(paint, "a", "b", name=name)
    assert "ending of their names" not in said(load(tmp_path))


def test_the_only_folder_with_data_may_have_a_readme_beside_it(paint, tmp_path):
    fill(paint, "PetImages/Cat", "PetImages/Dog")
    (tmp_path / "readme[1].txt").write_text("thanks")
    (tmp_path / "notes").mkdir()
    assert "the data lie in PetImages/, the only folder that holds any" in load(tmp_path).remarks
