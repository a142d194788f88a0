"""What watching costs: CloudWatch's price of reading metrics, Cost Explorer's of reading bills. Pure."""

from decimal import Decimal

USD_PER_METRIC = Decimal("0.01") / 1000
"""GetMetricData: USD 0.01 per 1,000 metrics requested, outside the free tier (Amazon CloudWatch pricing, 2023)."""
PRICE_SOURCE = "Amazon CloudWatch pricing: USD 0.01 per 1,000 metrics requested by GetMetricData"
"""The same for people, under a figure."""

USD_PER_BILL_REQUEST = Decimal("0.01")
"""GetCostAndUsage: USD 0.01 a request, each page is one (AWS Cost Explorer pricing, read November 2026)."""
BILL_PRICE_SOURCE = "AWS Cost Explorer pricing: USD 0.01 per request"
