"""Children of the stack: how they are started."""

import os
import sys
from pathlib import Path

from stack import parts
from stack.environment import Addresses
from stack.layout import Layout
from stack.processes import Part, wait_until


def test_workers_stand_back_for_pages(tmp_path: Path) -> None:
    said = tmp_path / "said"
    part = Part("nap", [sys.executable, "-c", "import os; print(os.nice(0))"], {}, tmp_path, said, niceness=3)
    part.start()
    assert wait_until(lambda: not part.is_running(), timeout_s=20)
    assert int(said.read_text()) == min(os.nice(0) + 3, 19)
    layout, at = Layout(tmp_path, tmp_path), Addresses(web=1, simulator=2, smtp=3, mails=4)
    assert parts.worker(layout, {}).niceness > parts.web(layout, {}, at).niceness == 0
