from __future__ import annotations

import pytest

from napari_mousegpt.core.body import ROLES, SKELETON, BodyMap
from napari_mousegpt.errors import InputError


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("nose", "nose"), ("Nose", "nose"), ("snout", "nose"), ("nose_tip", "nose"),
        ("leftear", "left_ear"), ("left_ear", "left_ear"), ("LeftEar", "left_ear"),
        ("ear_left", "left_ear"), ("earL", "left_ear"), ("lear", "left_ear"),
        ("Ear_R", "right_ear"), ("R_ear", "right_ear"), ("right ear", "right_ear"),
        ("tailbase", "tail_base"), ("tail_base", "tail_base"), ("TailBase", "tail_base"),
        ("base_of_tail", "tail_base"), ("tail base", "tail_base"), ("anus", "tail_base"),
        ("tail_tip", "tail_tip"), ("tip of tail", "tail_tip"), ("tailtip", "tail_tip"),
        ("forepaw_left", "left_forepaw"), ("L_forepaw", "left_forepaw"),
        ("left_front_paw", "left_forepaw"), ("front-right-paw", "right_forepaw"),
        ("rhindpaw", "right_hindpaw"), ("hindpaw_right", "right_hindpaw"),
        ("body_center", "center"), ("bodycentre", "center"), ("centroid", "center"),
        ("neck", "neck"), ("base_neck", "neck"), ("chest", "chest"), ("hips", "hips"),
        ("left_hip", "left_flank"), ("RightHip", "right_flank"), ("lefthip", "left_flank"),
        ("tail", "tail_base"),
        ("bcleft", None), ("ear", None), ("paw", None), ("led", None), ("corner_1", None),
        ("", None), ("lens", None), ("ring", None),
    ],
)  # fmt: skip
def test_names_of_the_field(name: str, role: str | None) -> None:
    assert list(BodyMap.from_names([name]).roles) == ([] if role is None else [role])


def test_names_of_real_trackers() -> None:
    openfield = BodyMap.from_names(["snout", "leftear", "rightear", "tailbase"])
    assert openfield.roles == {
        "nose": "snout",
        "left_ear": "leftear",
        "right_ear": "rightear",
        "tail_base": "tailbase",
    }
    calms = BodyMap.from_names(
        ["nose", "left_ear", "right_ear", "neck", "left_hip", "right_hip", "tail_base"]
    )
    assert set(calms.roles) == {
        "nose", "left_ear", "right_ear", "neck", "left_flank", "right_flank", "tail_base",
    }  # fmt: skip


def test_overrides_go_first() -> None:
    body = BodyMap.from_names(["p1", "p2", "snout"], {"nose": "p1", "tail_base": "p2"})
    assert body.roles == {"nose": "p1", "tail_base": "p2"}
    assert "nose" in BodyMap.from_names(["snout"])
    assert "nose" not in BodyMap.from_names(["snout"], {"nose": ""})
    assert list(body.roles) == ["nose", "tail_base"]
    assert body.get("neck") is None


def test_first_of_two_spellings_wins() -> None:
    assert BodyMap.from_names(["snout", "nose"]).get("nose") == "snout"


def test_messages() -> None:
    with pytest.raises(InputError, match="keypoint 'snot' for nose: expected one of snout, tail"):
        BodyMap.from_names(["snout", "tail"], {"nose": "snot"})
    with pytest.raises(InputError, match=r"body part 'wing': expected one of nose, .*Map your"):
        BodyMap({"wing": "x"})
    with pytest.raises(InputError, match="body part 'wing'"):
        BodyMap.from_names(["x"], {"wing": "x"})


def test_skeleton_uses_known_parts() -> None:
    assert {part for line in SKELETON for part in line} <= set(ROLES)


def test_edges_do_not_double_back() -> None:
    body = BodyMap.from_names(["nose", "neck", "center", "tail_base", "tail_tip"])
    assert body.edges() == [
        ("nose", "neck"),
        ("neck", "center"),
        ("center", "tail_base"),
        ("tail_base", "tail_tip"),
    ]
    longer = BodyMap.from_names(["nose", "head", "neck", "chest", "center", "hips", "tail_base"])
    assert ("nose", "neck") not in longer.edges()
    assert ("center", "tail_base") not in longer.edges()
    assert ("center", "hips") in longer.edges()


def test_edges_of_few_points_join_what_there_is() -> None:
    four = BodyMap.from_names(["snout", "leftear", "rightear", "tailbase"])
    assert four.edges() == [("snout", "leftear"), ("snout", "rightear")]
    assert BodyMap.from_names([]).edges() == []
