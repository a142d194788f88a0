"""What each resource of the API, each CSV button and each export holds of a row: plain values, one name per column.

A TypedDict's keys are the columns, in order. Money is a Decimal in USD; None is "not known", never zero.
"""
