"""What a run leaves behind: indicators, series, ledger, provenance, and the folder that holds them."""

from twin.results.compare import Comparison, compare
from twin.results.model import IndicatorValue, OptionResult, Results
from twin.results.store import read_results

__all__ = ["Comparison", "IndicatorValue", "OptionResult", "Results", "compare", "read_results"]
