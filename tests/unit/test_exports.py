"""The public names: dropping or adding one fails here until it is meant."""

import anydoa

PUBLIC = [
    "AnydoaError",
    "ArrayFileError",
    "AudioError",
    "CheckpointError",
    "ConfigError",
    "DirectionGrid",
    "GeometryError",
    "LocalizationResult",
    "Localizer",
    "MicrophoneArray",
    "MissingExtraError",
    "ShapeError",
    "Source",
    "SpatialSpectrum",
    "SpectrumEstimator",
    "__version__",
    "list_presets",
    "load",
    "load_array",
    "load_grid",
    "locate",
    "talker_audio",
]


def test_the_public_names_are_these() -> None:
    assert sorted(anydoa.__all__) == PUBLIC
    assert sorted(dir(anydoa)) == PUBLIC


def test_every_public_name_can_be_had() -> None:
    for name in PUBLIC:
        assert hasattr(anydoa, name), name


def test_other_names_are_missing_as_in_any_module() -> None:
    assert not hasattr(anydoa, "nothing")


def test_every_error_is_an_anydoa_error() -> None:
    errors = [getattr(anydoa, name) for name in PUBLIC if name.endswith("Error")]
    assert all(issubclass(error, anydoa.AnydoaError) for error in errors)


def test_the_version_is_a_number() -> None:
    assert anydoa.__version__.split(".")[0].isdecimal()
