"""Every model, by family; import from here."""

from fleet.models.accounts import Account, CallTally, MetricSpend, Quota, Shard
from fleet.models.advice import Advice, AdvisorRun, ConsolidationSet, KeptEvidence, Saving, SavingLook
from fleet.models.alerts import AlertRule, Incident, Notification
from fleet.models.anomalies import CostRise, PlaceRise, RiseCheck
from fleet.models.batch import TransformJob
from fleet.models.billing import BilledCost, BilledTag, BillReading, PlanDay
from fleet.models.budgets import Budget, BudgetStand
from fleet.models.caches import CacheJudgement, HostedModelCount
from fleet.models.cold_starts import ColdStartCount, ColdStartDay
from fleet.models.configs import Container, EndpointConfig, HostedModel, ProductionVariant
from fleet.models.data_sizes import DataAssumption
from fleet.models.endpoints import (
    CapacityPeriod,
    ChangeEvent,
    Endpoint,
    InferenceComponent,
    VariantStatus,
)
from fleet.models.goals import EndpointGoal
from fleet.models.heartbeat import Heartbeat
from fleet.models.metrics import FineBucket, HourBucket
from fleet.models.operations import Operation, OperationStep
from fleet.models.ownership import ExpiryReminder, LinkCheck, Ownership
from fleet.models.parts import ComponentPeriod, PartHour
from fleet.models.people import AuditEntry, User
from fleet.models.planning import MinuteFetch, PlannedForecast, Prediction, PredictionCheck
from fleet.models.prices import (
    CostLedger,
    DailyCost,
    Discount,
    ExchangeRate,
    PlanCommitment,
    Price,
    PriceReading,
)
from fleet.models.push import EventQueue
from fleet.models.rollups import (
    CacheWindow,
    CostPeriod,
    CostWindow,
    EndpointWindow,
    MonthCost,
    PlaceDay,
    PlaceHour,
    RollupState,
    ShardWindow,
    StaleDay,
    UsePeriod,
)
from fleet.models.scaling import (
    ScalableTarget,
    ScalingActivity,
    ScalingHistory,
    ScalingPolicy,
    ScheduledAction,
)
from fleet.models.scaling_findings import ScalingCheck, ScalingFinding
from fleet.models.spans import CostBars, CostSpan, CostToDate, UseSpan, UseToDate
from fleet.models.tokens import ApiToken

__all__ = [
    "Account",
    "Advice",
    "AdvisorRun",
    "AlertRule",
    "ApiToken",
    "AuditEntry",
    "BillReading",
    "BilledCost",
    "BilledTag",
    "Budget",
    "BudgetStand",
    "CacheJudgement",
    "CacheWindow",
    "CallTally",
    "CapacityPeriod",
    "ChangeEvent",
    "ColdStartCount",
    "ColdStartDay",
    "ComponentPeriod",
    "ConsolidationSet",
    "Container",
    "CostBars",
    "CostLedger",
    "CostPeriod",
    "CostRise",
    "CostSpan",
    "CostToDate",
    "CostWindow",
    "DailyCost",
    "DataAssumption",
    "Discount",
    "Endpoint",
    "EndpointConfig",
    "EndpointGoal",
    "EndpointWindow",
    "EventQueue",
    "ExchangeRate",
    "ExpiryReminder",
    "FineBucket",
    "Heartbeat",
    "HostedModel",
    "HostedModelCount",
    "HourBucket",
    "Incident",
    "InferenceComponent",
    "KeptEvidence",
    "LinkCheck",
    "MetricSpend",
    "MinuteFetch",
    "MonthCost",
    "Notification",
    "Operation",
    "OperationStep",
    "Ownership",
    "PartHour",
    "PlaceDay",
    "PlaceHour",
    "PlaceRise",
    "PlanCommitment",
    "PlanDay",
    "PlannedForecast",
    "Prediction",
    "PredictionCheck",
    "Price",
    "PriceReading",
    "ProductionVariant",
    "Quota",
    "RiseCheck",
    "RollupState",
    "Saving",
    "SavingLook",
    "ScalableTarget",
    "ScalingActivity",
    "ScalingCheck",
    "ScalingFinding",
    "ScalingHistory",
    "ScalingPolicy",
    "ScheduledAction",
    "Shard",
    "ShardWindow",
    "StaleDay",
    "TransformJob",
    "UsePeriod",
    "UseSpan",
    "UseToDate",
    "User",
    "VariantStatus",
]
