"""Figures in templates: rounded, with the exact figure as title; None shows "—" with its reason."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboards import wording
from dashboards.escaping import filled

register = template.Library()

NOT_REPORTED = "Not reported"


def _figure(text: str, title: str) -> SafeString:
    return filled('<span class="num" title="{}">{}</span>', title, text)


def _unknown(reason: str) -> SafeString:
    """The dash is drawn, the reason is read: both by hover and by a screen reader."""
    return filled(
        '<span class="muted" title="{}">{}<span class="sr-only"> {}</span></span>',
        reason,
        wording.UNKNOWN,
        reason,
    )


@register.simple_tag
def usd(value: Any, reason: str = NOT_REPORTED) -> SafeString:
    """{% usd tile.cost reason="No price for this region" %} → $1,068"""
    return _unknown(reason) if value is None else _figure(wording.usd(value), wording.usd_exact(value))


@register.simple_tag
def usd_change(value: Any, reason: str = NOT_REPORTED) -> SafeString:
    """{% usd_change plan.monthly %} → +$66.20"""
    return _unknown(reason) if value is None else _figure(wording.usd_change(value), wording.usd_exact(value))


@register.simple_tag
def amount(value: Any, reason: str = NOT_REPORTED, digits: int = 2) -> SafeString:
    """A table cell whose head carries the unit: {% amount row.cost reason=row.why %} → 1,075.73"""
    return (
        _unknown(reason)
        if value is None
        else _figure(wording.amount(value, digits), f"{Decimal(str(value)):,f}")
    )


@register.simple_tag
def count(value: Any, reason: str = NOT_REPORTED) -> SafeString:
    """{% count row.calls %} → 3,120"""
    return _unknown(reason) if value is None else _figure(wording.count(value), f"{value:,}")


@register.simple_tag
def percent(ratio: Any, reason: str = NOT_REPORTED, unit: bool = True) -> SafeString:
    """A ratio 0–1: {% percent row.cold unit=False %} → 2.1"""
    return (
        _unknown(reason)
        if ratio is None
        else _figure(wording.percent(ratio, unit=unit), f"{float(ratio) * 100:.6g} %")
    )


@register.simple_tag
def millis(value: Any, reason: str = NOT_REPORTED) -> SafeString:
    """{% millis row.p99 %} → 412 ms"""
    return _unknown(reason) if value is None else _figure(wording.millis(value), f"{float(value):,.3f} ms")


@register.simple_tag
def duration(value: Any, reason: str = NOT_REPORTED) -> SafeString:
    """Seconds or a timedelta: {% duration step.took %} → 6 min"""
    if value is None:
        return _unknown(reason)
    seconds = value.total_seconds() if hasattr(value, "total_seconds") else float(value)
    return _figure(wording.span(seconds), f"{seconds:,.0f} s")


@register.simple_tag(takes_context=True)
def ago(context: Context, at: datetime | None, reason: str = "Never") -> SafeString:
    """{% ago shard.inventory_ok_at %} → 40 s ago"""
    return ago_of(at, context.get("now") or timezone.now(), reason)


def ago_of(at: datetime | None, now: datetime, reason: str = "Never") -> SafeString:
    """The same where there is no template."""
    return _unknown(reason) if at is None else _time(at, wording.ago(at, now))


@register.simple_tag(takes_context=True)
def age(context: Context, at: datetime | None, reason: str = "Unknown") -> SafeString:
    """How long something has lasted: {% age incident.opened_at %} → 1 h 12 min"""
    return age_of(at, context.get("now") or timezone.now(), reason)


def age_of(at: datetime | None, now: datetime, reason: str = "Unknown") -> SafeString:
    """The same where there is no template."""
    return _unknown(reason) if at is None else _time(at, wording.span(now - at))


@register.simple_tag(takes_context=True)
def instant(context: Context, at: datetime | None, reason: str = "Never") -> SafeString:
    """{% instant change.at %} → Yesterday 15:40"""
    return instant_of(at, context.get("now") or timezone.now(), reason)


def instant_of(at: datetime | None, now: datetime, reason: str = "Never") -> SafeString:
    """The same where there is no template."""
    return _unknown(reason) if at is None else _time(at, wording.instant(at, now))


@register.filter
def plural(number: int, words: str) -> str:
    """{{ n|plural:"endpoint" }} → 61 endpoints; {{ n|plural:"policy,policies" }}"""
    one, _, many = words.partition(",")
    return wording.plural(number, one, many)


def _time(at: datetime, text: str) -> SafeString:
    return filled('<time datetime="{}" title="{}">{}</time>', at.isoformat(), wording.exact(at), text)
