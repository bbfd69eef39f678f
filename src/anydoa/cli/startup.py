"""What listening commands do with the first seconds of sound: compare a card's start with a healthy one."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anydoa.cli.printing import tell
from anydoa.errors import AudioError, ConfigError

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    from anydoa.calibration import ProfileMaker
    from anydoa.geometry import MicrophoneArray
    from anydoa.live import AudioFeed


@dataclass(frozen=True)
class Startup:
    """How a start is watched: checked before any work is done.

    Args:
        profile: of a healthy start, to compare with.
        save_profile: where the profile of this one goes.
    """

    profile: Path | None
    save_profile: Path | None

    def __post_init__(self) -> None:
        if self.profile is not None and self.save_profile is not None:
            raise ConfigError("--profile compares with a healthy start and --save-profile is one; give one")

    def watch(self, feed: "AudioFeed", array: "MicrophoneArray") -> "AudioFeed":
        """The feed with its channels in order, or overheard to make a profile, or as it is."""
        if self.profile is not None:
            from anydoa.calibration import CardStartCheck, load_profile
            from anydoa.live.feeds import OrderedFeed

            return OrderedFeed(feed, CardStartCheck(array, load_profile(self.profile), feed.sample_rate))
        if self.save_profile is not None:
            from anydoa.calibration import ProfileMaker
            from anydoa.live.feeds import OverheardFeed

            return OverheardFeed(
                feed, _ProfileSaver(ProfileMaker(array, feed.sample_rate), self.save_profile)
            )
        return feed


class _ProfileSaver:
    """Saves the profile of the first seconds that one can be made of, and says why others will not do.

    Args:
        maker: of the profile.
        path: where it goes.
    """

    def __init__(self, maker: "ProfileMaker", path: Path) -> None:
        self._maker = maker
        self._path = path
        self._saved = False
        self._problem = "too little sound came"

    def hear(self, block: "Float[np.ndarray, 'channel time']") -> None:
        """Take the next samples."""
        if self._saved:
            return
        try:
            profile = self._maker.push(block)
        except AudioError as error:
            if self._problem != str(error):
                tell(f"no profile yet: {error}", err=True)
            self._problem = str(error)
            return
        if profile is None:
            return
        from anydoa.calibration import save_profile

        save_profile(profile, self._path)
        self._saved = True
        tell(f"wrote {self._path}: how the channels are when they are in order", err=True)

    def finish(self) -> None:
        """Complain if nothing was saved until the end of the sound."""
        if not self._saved:
            raise AudioError(f"{self._path} was not written: {self._problem}")
