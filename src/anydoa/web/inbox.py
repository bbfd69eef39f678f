"""Where uploads of all kinds come in: so many at once, each for as long as it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request

from anydoa.web.upload import Spool, UploadLimits, received_file

_MAX_NAME = 120


class Inbox:
    """The folder of a server for what clients send.

    Args:
        limits: what is taken.
    """

    def __init__(self, limits: UploadLimits) -> None:
        self.limits = limits
        self._num_uploads = 0
        self._spool: Spool | None = None

    def open(self) -> None:
        """Make the folder; called when the server starts."""
        self._spool = Spool()

    def close(self) -> None:
        """Remove the folder and all in it; called when the server stops."""
        if self._spool is not None:
            self._spool.close()

    def new_path(self, name: str) -> Path:
        """A path for a file that stays until the server ends or somebody removes it.

        Raises:
            HTTPException: if no folder can be made for it, with status 507.
        """
        assert self._spool is not None  # open() comes before the first request
        return self._spool.new_path(name)

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """A path for one upload; it is removed afterwards.

        Raises:
            HTTPException: if too many come at once, with status 503, or there is no room, with status 507.
        """
        assert self._spool is not None  # open() comes before the first request
        if self._num_uploads >= self.limits.max_at_once:
            raise HTTPException(
                503, f"{self.limits.max_at_once} uploads are being worked on already; try again in a minute"
            )
        self._num_uploads += 1
        try:
            with self._spool.place(name) as path:
                yield path
        finally:
            self._num_uploads -= 1

    async def receive(self, request: Request, path: Path) -> None:
        """Write the body of a request to a file; errors are those of :func:`received_file`."""
        await received_file(request, path, self.limits)


def upload_name(request: Request, default: str) -> str:
    """The name that the owner of an upload knows; of a long one the end, which says what the file is."""
    return request.query_params.get("name", "")[-_MAX_NAME:] or default
