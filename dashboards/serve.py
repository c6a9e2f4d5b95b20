"""Starts the dashboard's server, with what its pages import already there: the first page is not kept waiting for it.

Called by its path, as `arena dashboard` does: a module by name would be looked for in the folder one happens to be in.
"""

import gc
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import statsmodels.regression.linear_model  # noqa: F401 - what the arena imports when it first compares
from streamlit.web.cli import main

from dashboards import comparing, drill, figures, listing, pulse, shelf, tradeoffs, transcript  # noqa: F401

if __name__ == "__main__":
    gc.freeze()  # statsmodels collects at each correction: what was imported need not be looked through
    sys.exit(main())
