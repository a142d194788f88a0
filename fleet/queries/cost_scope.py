"""Whose costs and when: the filter, the span of UTC days and the groups that every cost query shares."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from operator import or_

from django.db.models import F, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from fleet.queries.scope import ScopeFilter


class GroupBy(StrEnum):
    """By what costs can be grouped; the value stands in the URL."""

    ACCOUNT = "account"
    REGION = "region"
    TEAM = "team"
    KIND = "kind"
    ENDPOINT = "endpoint"
    COMPONENT = "component"
    TAG = "tag"
    MODEL = "model"
    INSTANCE_TYPE = "instance-type"


LOOKUPS: dict[GroupBy, str] = {
    GroupBy.ACCOUNT: "endpoint__shard__account__account_id",
    GroupBy.REGION: "endpoint__shard__region",
    GroupBy.TEAM: "endpoint__team",
    GroupBy.KIND: "endpoint__kind",
    GroupBy.ENDPOINT: "endpoint_id",
    GroupBy.COMPONENT: "component",
    GroupBy.MODEL: "variant__model_name",
    GroupBy.INSTANCE_TYPE: "item",
}
"""Lookup path of each group key on DailyCost; a tag has none, see Grouping."""
OF_LINES = frozenset({GroupBy.COMPONENT, GroupBy.INSTANCE_TYPE})
"""Groups of lines, not of endpoints: they have no calls of their own."""


@dataclass(frozen=True)
class Grouping:
    """By what costs are grouped; tag: the key whose values are the groups, of GroupBy.TAG only ("" = without it)."""

    by: GroupBy
    tag: str = ""

    def expression(self, prefix: str = "") -> Combinable:
        """The key of a row's group; `prefix` is the lookup path to what has endpoint and variant ("variant__")."""
        if self.by is not GroupBy.TAG:
            return F(prefix + LOOKUPS[self.by])
        return Coalesce(
            KeyTextTransform(self.tag, f"{prefix}endpoint__tags"), Value(""), output_field=TextField()
        )


def grouping(by: "GroupBy | Grouping") -> Grouping:
    """A grouping as such: a plain GroupBy groups by no tag."""
    return by if isinstance(by, Grouping) else Grouping(by)


@dataclass(frozen=True)
class Span:
    """UTC days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def start(self) -> datetime:
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return datetime(self.last.year, self.last.month, self.last.day, tzinfo=UTC) + timedelta(days=1)

    @property
    def q(self) -> Q:
        return Q(day__gte=self.first, day__lte=self.last)


def month_to_date(today: date) -> Span:
    """From the first of the month to today."""
    return Span(today.replace(day=1), today)


@dataclass(frozen=True)
class CostFilter:
    """Whose costs: the page's scope, narrowed to teams ("" = endpoints without one), kinds, tags and endpoints.

    Empty means all; any of the values of one field, all of the fields. tags: (key, value), any of the values of one
    key, "" = without the tag; endpoints: row ids. components, models, items narrow to some lines of them.
    """

    scope: ScopeFilter = field(default_factory=ScopeFilter)
    teams: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[int, ...] = ()
    components: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    @property
    def is_of_places(self) -> bool:
        """Whether days by place and kind can tell its costs."""
        return not (self.teams or self.tags or self.endpoints or self.has_lines)

    @property
    def has_lines(self) -> bool:
        """Whether it is narrowed to some of an endpoint's lines."""
        return bool(self.components or self.models or self.items)

    @property
    def lines(self) -> Q:
        """Condition on DailyCost beside q(): which of an endpoint's lines."""
        wanted = {
            "component__in": self.components,
            "variant__model_name__in": self.models,
            "item__in": self.items,
        }
        return Q(**{name: values for name, values in wanted.items() if values})

    def q(self, endpoint: str = "endpoint") -> Q:
        """Condition on a queryset; `endpoint` is the lookup path to the Endpoint ("" on Endpoint itself)."""
        prefix = f"{endpoint}__" if endpoint else ""
        condition = self.scope.q(f"{prefix}shard")
        if self.teams:
            condition &= Q(**{f"{prefix}team__in": self.teams})
        if self.kinds:
            condition &= Q(**{f"{prefix}kind__in": self.kinds})
        for tag in dict.fromkeys(key for key, _ in self.tags):
            values = (value for key, value in self.tags if key == tag)
            condition &= reduce(or_, (_has_tag(f"{prefix}tags", tag, value) for value in values))
        if self.endpoints:
            condition &= Q(**{f"{prefix}pk__in": self.endpoints})
        return condition


def _has_tag(tags: str, key: str, value: str) -> Q:
    found = Q(**{f"{tags}__contains": {key: value}})
    return found if value else found | ~Q(**{f"{tags}__has_key": key})


@dataclass(frozen=True)
class Sums:
    """A sum of cost lines, USD; how many of them had no price or no data."""

    amount: Decimal | None = None
    unpriced: int = 0
    no_data: int = 0

    @property
    def is_complete(self) -> bool:
        return not (self.unpriced or self.no_data)
