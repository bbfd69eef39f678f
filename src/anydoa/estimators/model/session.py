"""ONNX Runtime sessions, set up the way this package runs them."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from anydoa.errors import CheckpointError


class OnnxSession:
    """A graph that is ready to run. It is copied and sent to other processes by the path of its file.

    Args:
        inner: session of ONNX Runtime.
        path: file of the graph.
        num_threads: threads inside an operator.
    """

    def __init__(self, inner: Any, path: Path, num_threads: int) -> None:
        self._inner, self._path, self._num_threads = inner, path, num_threads
        self.run = inner.run
        self.get_inputs = inner.get_inputs
        self.get_outputs = inner.get_outputs

    def check_names(self, inputs: Collection[str], outputs: Collection[str]) -> None:
        """Refuse a graph of another kind, as of a folder whose files were exchanged.

        Args:
            inputs: what it must take.
            outputs: what it must give.

        Raises:
            CheckpointError: if it takes or gives something else.
        """
        taken, given = ([node.name for node in nodes] for nodes in (self.get_inputs(), self.get_outputs()))
        if {*taken} != {*inputs} or {*given} != {*outputs}:
            raise CheckpointError(
                f"{self._path}: the graph must take {', '.join(inputs)} and give {', '.join(outputs)}, but "
                f"takes {', '.join(taken)} and gives {', '.join(given)}; were files exchanged? export again"
            )

    def check_sizes(self, sizes: Mapping[str, Sequence[int]]) -> None:
        """Refuse a graph for inputs of other sizes, as of a folder whose files were exchanged.

        Args:
            sizes: for inputs by their names, the sizes of all axes but the first.

        Raises:
            CheckpointError: if it takes other ones.
        """
        shapes = {node.name: node.shape[1:] for node in self.get_inputs()}
        for name, wanted in sizes.items():
            taken = shapes[name]
            if list(wanted) != taken:
                raise CheckpointError(
                    f"{self._path}: {name} must be of {_sizes(wanted)}, but the graph takes "
                    f"{_sizes(taken)}; were files exchanged, or the card? export again"
                )

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return partial(open_session, num_threads=self._num_threads), (self._path,)


def open_session(path: Path, *, num_threads: int = 1) -> OnnxSession:
    """A session of ONNX Runtime on the processor.

    A graph opened again with one thread, its file unchanged, is the same session: a run changes nothing in
    it, and several may run at once. With more threads it is a new one, for threads do not survive a fork.

    Args:
        path: file of the graph.
        num_threads: threads inside an operator; one is fastest for streams, and polite.

    Raises:
        CheckpointError: if the file is missing or no graph that can run.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; a model folder holds it, export the model again")
    if num_threads > 1:
        return _open(path, num_threads)
    status = path.stat()
    return _open_once(path.resolve(), status.st_ino, status.st_size, status.st_mtime_ns)


def _sizes(sizes: Sequence[object]) -> str:
    return " x ".join(map(str, sizes))


@lru_cache(maxsize=8)
def _open_once(path: Path, *_: int) -> OnnxSession:
    """The session of a file as long as its identity, size and time stay."""
    return _open(path, 1)


def _open(path: Path, num_threads: int) -> OnnxSession:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    damaged = (
        failures.Fail,
        failures.InvalidArgument,
        failures.InvalidGraph,
        failures.InvalidProtobuf,
        failures.NoModel,
        failures.NotImplemented,
        failures.RuntimeException,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    # Threads that wait sleep: spinning, they would take the cores from whatever else runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        inner = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except damaged as error:
        raise CheckpointError(
            f"{path}: not a graph that can run ({str(error).splitlines()[0]}); export the model again"
        ) from None
    return OnnxSession(inner, path, num_threads)
