"""What watching costs: CloudWatch's price of reading metrics. Pure."""

from decimal import Decimal

USD_PER_METRIC = Decimal("0.01") / 1000
"""GetMetricData: USD 0.01 per 1,000 metrics requested, outside the free tier (Amazon CloudWatch pricing, 2023)."""
PRICE_SOURCE = "Amazon CloudWatch pricing: USD 0.01 per 1,000 metrics requested by GetMetricData"
"""The same for people, under a figure."""
