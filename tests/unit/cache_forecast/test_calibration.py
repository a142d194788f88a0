"""The forecast against caches simulated call by call; the long run of it is the bench of the cache forecast."""

from .hosted import compare, table

SEEDS = range(900, 916)


def test_forecasts_keep_the_bars_that_must_be_kept() -> None:
    measured = table([one for seed in SEEDS for one in compare(seed, calls=15_000)])
    for row in measured:
        print(row.quantity, [round(value, 2) for value in row.values], row.must, row.verdict, row.cases)
    assert [row.quantity for row in measured if not row.keeps_must] == []
