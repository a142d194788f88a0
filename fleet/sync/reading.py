"""What AWS says about the endpoints that need a closer look: their state, config and models. Writes nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fleet.aws import sagemaker
from fleet.aws.sessions import each
from fleet.errors import AwsError, CredentialsInvalid, NotFound
from fleet.types import AwsScope, EndpointState, EndpointSummary

Document = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """One endpoint as read in this run.

    state None: the describe failed and only the listing holds; `error` says why. has_config: the config was asked
    for in this run; then config None with error None means that AWS no longer has it. models: those that exist.
    """

    summary: EndpointSummary
    state: EndpointState | None = None
    has_config: bool = False
    config: Document | None = None
    models: tuple[Document, ...] = ()
    error: AwsError | None = None


@dataclass
class Readings:
    """All readings of a run. vanished: listed, but gone when described."""

    rows: list[Reading] = field(default_factory=list)
    vanished: list[EndpointSummary] = field(default_factory=list)

    @property
    def errors(self) -> list[AwsError]:
        return [row.error for row in self.rows if row.error is not None]


@dataclass
class Library:
    """Configs and models a run has asked for, by name: each is asked for once, however many endpoints use it."""

    configs: dict[str, Document | AwsError] = field(default_factory=dict)
    models: dict[str, Document | AwsError] = field(default_factory=dict)


def read(
    scope: AwsScope,
    summaries: Iterable[EndpointSummary],
    needs_config: Callable[[EndpointSummary, EndpointState], bool],
    keep_alive: Callable[[], None],
    library: Library,
) -> Readings:
    """Describe each endpoint and, where needs_config says so, its config and models that `library` lacks.

    One endpoint that cannot be read does not stop the others. Raises CredentialsInvalid, since then nothing can.
    """
    readings, states = Readings(), []
    for summary, state in each(lambda s: sagemaker.describe_endpoint(scope, s.name), summaries):
        keep_alive()
        if isinstance(state, CredentialsInvalid):
            raise state
        if isinstance(state, NotFound) or (
            isinstance(state, EndpointState) and state.created_at != summary.created_at
        ):
            readings.vanished.append(summary)
        elif isinstance(state, AwsError):
            readings.rows.append(Reading(summary, error=state))
        else:
            states.append((summary, state))
    wanted = {s.config_name for summary, s in states if s.config_name and needs_config(summary, s)}
    configs, models = library.configs, library.models
    describe = partial(sagemaker.describe_endpoint_config, scope)
    configs |= _documents(sorted(wanted - configs.keys()), describe, keep_alive)
    used = _model_names(configs[name] for name in wanted)
    models |= _documents(sorted(used - models.keys()), partial(sagemaker.describe_model, scope), keep_alive)
    for summary, state in states:
        if needs_config(summary, state):
            readings.rows.append(_with_config(summary, state, configs, models))
        else:
            readings.rows.append(Reading(summary, state))
    return readings


def model_names(config: Mapping[str, Any]) -> list[str]:
    """Names of the models that a config's variants use, without repetition."""
    variants = [*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ())]
    return list(dict.fromkeys(v["ModelName"] for v in variants if v.get("ModelName")))


def _documents(
    names: Sequence[str], describe: Callable[[str], Document], keep_alive: Callable[[], None]
) -> dict[str, Document | AwsError]:
    found: dict[str, Document | AwsError] = {}
    for name, document in each(describe, names):
        keep_alive()
        if isinstance(document, CredentialsInvalid):
            raise document
        found[name] = document
    return found


def _model_names(configs: Iterable[Document | AwsError]) -> set[str]:
    return {name for config in configs if isinstance(config, dict) for name in model_names(config)}


def _with_config(
    summary: EndpointSummary,
    state: EndpointState,
    configs: Mapping[str, Document | AwsError],
    models: Mapping[str, Document | AwsError],
) -> Reading:
    config = configs.get(state.config_name)
    if isinstance(config, AwsError):
        is_gone = isinstance(config, NotFound)
        return Reading(summary, state, has_config=True, error=None if is_gone else config)
    if config is None:
        return Reading(summary, state, has_config=True)
    used = [models[name] for name in model_names(config)]
    errors = [m for m in used if isinstance(m, AwsError) and not isinstance(m, NotFound)]
    return Reading(
        summary,
        state,
        has_config=True,
        config=config,
        models=tuple(m for m in used if isinstance(m, dict)),
        error=errors[0] if errors else None,
    )
