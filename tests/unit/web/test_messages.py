"""What the page is told of arrays."""

from dataclasses import replace
from pathlib import Path

from anydoa.web.messages import toml_text
from body_scenes import measured_ball


def test_an_array_file_to_save_names_a_sofa_file_beside_it_and_no_folder_of_the_server() -> None:
    array = measured_ball(0, num_directions=50)
    assert array.steering is not None
    kept = array.replace(steering=replace(array.steering, path=Path("/srv/arrays/head.sofa")))
    text = toml_text(kept)
    assert 'steering = "head.sofa"' in text
    assert "/srv" not in text
