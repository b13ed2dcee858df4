"""The code that this session has run, cell by cell, however it is run."""

from IPython import get_ipython

__all__ = ["session"]


class _Session:
    """The history of IPython is no help: some runners of notebooks, nbval among them, store none."""

    def __init__(self, shell):
        self.cells: list[str] = []
        if shell is not None:
            # registered while the importing cell runs, whose end is then the first thing heard
            shell.events.register("pre_run_cell", self._begin)
            shell.events.register("post_run_cell", self._end)

    def _begin(self, info) -> None:
        self.cells.append(info.raw_cell)

    def _end(self, result) -> None:
        if not self.cells:
            self.cells.append(result.info.raw_cell)


session = _Session(get_ipython())
