"""The cluster bootstrap: exact in distribution, right in coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from arena import bootstrap


@pytest.mark.parametrize("sources", [5, 256, 300, 600])
def test_every_resample_draws_as_many_sources_as_there_are(sources: int) -> None:
    drawn = bootstrap.sums(np.column_stack([np.ones(sources), np.arange(sources)]), 50)
    assert (drawn[:, 0] == sources).all() and len(np.unique(drawn[:, 1])) > 5


@pytest.mark.parametrize("sources", [40, 300])
def test_how_often_a_source_is_drawn_is_binomial(sources: int) -> None:
    """300 fills one block of 256 and a part of another."""
    counts = np.concatenate(list(bootstrap.counts(sources, 20_000, 1)))
    for source in (0, sources // 2, sources - 1):
        seen = np.bincount(counts[:, source].astype(int), minlength=5)[:5]
        wanted = 20_000 * stats.binom.pmf(range(5), sources, 1 / sources)
        assert stats.chisquare([*seen, 20_000 - seen.sum()], [*wanted, 20_000 - wanted.sum()]).pvalue > 1e-4


def test_two_sources_are_drawn_as_a_multinomial_has_it() -> None:
    """The covariance of two counts of C draws is -1/C, within a block and across blocks."""
    counts = np.concatenate(list(bootstrap.counts(300, 40_000, 2)))
    for one, other in ((0, 1), (0, 299), (298, 299)):
        assert np.cov(counts[:, one], counts[:, other])[0, 1] == pytest.approx(-1 / 300, abs=4 / np.sqrt(40_000))


def test_equal_sources_drawn_as_one_kind_have_the_same_distribution() -> None:
    few = np.repeat([[0.0, 1.0], [1.0, 1.0]], [60, 140], axis=0)
    apart = few + np.arange(200)[:, None] * 1e-9
    one, other = (bootstrap.sums(table, 20_000)[:, 0] for table in (few, apart))
    assert len(np.unique(one)) < 80 < len(np.unique(other))
    assert stats.ks_2samp(one, np.round(other)).pvalue > 1e-3


def test_totals_are_sums_by_source() -> None:
    table = bootstrap.totals(np.array([0, 2, 0, 1]), np.array([[1.0, 1], [2, 1], [3, 1], [4, 1]]))
    assert table.tolist() == [[4, 2], [4, 1], [2, 1]]


def test_the_interval_of_a_mean_is_as_wide_as_t_s_where_a_plain_percentile_interval_is_too_narrow() -> None:
    x = np.random.default_rng(3).normal(size=12)
    low, high = bootstrap.interval(bootstrap.sums(x[:, None], 200_000)[:, 0] / 12, 12)
    wanted = stats.ttest_1samp(x, 0).confidence_interval()
    assert high - low == pytest.approx(wanted.high - wanted.low, rel=0.02)
    plain = stats.bootstrap((x,), np.mean, method="percentile", rng=np.random.default_rng(0)).confidence_interval
    assert high - low > 1.1 * (plain.high - plain.low)


def test_resamples_without_a_value_do_not_count() -> None:
    values = np.append(np.arange(1000.0), [np.nan] * 500)
    assert bootstrap.interval(values, 50) == bootstrap.interval(values[:1000], 50)
