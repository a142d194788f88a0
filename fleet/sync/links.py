"""The links section: do images, roles and artefacts of models in use still exist? Asked once a day while they do."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from fleet import locks
from fleet.aws import links as aws_links
from fleet.aws.sessions import each, iam_action
from fleet.errors import AwsError, CredentialsInvalid, NotFound, Throttled, Unavailable
from fleet.models import Container, Endpoint, HostedModel, LinkCheck, Shard, VariantStatus
from fleet.types import AwsScope

EVERY = timedelta(minutes=15)
AGAIN = timedelta(hours=24)
SOON_AGAIN = timedelta(hours=1)
"""How soon what was gone, or could not be told, is asked for again: somebody may have mended it."""
AT_ONCE = 200
"""Most things asked for in one run, the longest unchecked first: a large region spreads over hours."""
TRIED_BEFORE_GIVING_UP = 4
"""When AWS denies that many of one place and answers for none, the rest of the place is not asked for in this run."""

Kind = LinkCheck.Kind
State = LinkCheck.State


@dataclass(frozen=True)
class Target:
    """One thing to ask for."""

    kind: str
    name: str

    @property
    def place(self) -> str:
        """Whose word a refusal is: an image's registry, an artefact's bucket, for roles the account itself."""
        if self.kind == Kind.ROLE:
            return ""
        return self.name.removeprefix("s3://").partition("/")[0]


@dataclass(frozen=True)
class Answer:
    """What AWS said. An error that will pass (throttling, outage) is no answer."""

    state: str
    action: str = ""
    code: str = ""
    detail: str = ""
    size_bytes: int | None = None


NOT_ECR = Answer(State.UNKNOWN, detail="The image is not in Amazon ECR, so AWS cannot be asked for it.")
AWS_OWNED = Answer(
    State.AWS_OWNED, detail="AWS's image, in a registry of AWS: not ours to ask, and AWS keeps it."
)
_ACTIONS = {
    Kind.IMAGE: iam_action("ecr", "describe_images"),
    Kind.ROLE: iam_action("iam", "get_role"),
    Kind.ARTEFACT: iam_action("s3", "list_objects_v2"),
}


def is_due(shard: Shard, now: datetime) -> bool:
    """Every quarter of an hour, once the inventory knows what is in use."""
    if shard.inventory_ok_at is None:
        return False
    tried = (shard.sections.get("links") or {}).get("tried_at")
    return not tried or now - datetime.fromisoformat(tried) >= EVERY


def run(shard: Shard, *, now: datetime, fence: int, keep_alive: Callable[[], None]) -> int:
    """Ask for what is due; the number asked for. A refusal is an answer: "cannot tell", with the missing action.

    Raises the first passing error (throttling, outage) after the others are written.
    """
    wanted = _targets(shard)
    due = _due(shard, wanted, now)
    failure: AwsError | None = None
    asked = 0
    for kind in Kind.values:
        answers, error = _asked(shard.scope, [target for target in due if target.kind == kind], keep_alive)
        _write(shard, answers, now, fence)
        failure, asked = failure or error, asked + len(answers)
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        known = LinkCheck.objects.filter(shard=shard).values_list("pk", "kind", "target")
        LinkCheck.objects.filter(
            pk__in=[pk for pk, kind, name in known if Target(kind, name) not in wanted]
        ).delete()
    if failure is not None:
        raise failure
    return asked


def _asked(
    scope: AwsScope, targets: Sequence[Target], keep_alive: Callable[[], None]
) -> tuple[dict[Target, Answer], AwsError | None]:
    """Answers for targets of one kind: a few of each place first, the rest where AWS does not refuse all of those."""
    places: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        places[target.place].append(target)
    answers, error = _ask(scope, [t for some in places.values() for t in some[:TRIED_BEFORE_GIVING_UP]])
    keep_alive()
    rest: list[Target] = []
    for place, some in places.items():
        first, others = some[:TRIED_BEFORE_GIVING_UP], some[TRIED_BEFORE_GIVING_UP:]
        told = [answers[target] for target in first if target in answers]
        if len(told) < len(first):
            continue
        if others and all(answer.code and answer.state == State.UNKNOWN for answer in told):
            words = f"Not asked for: AWS refused {len(told)} others in {place or 'this account'}."
            answers |= dict.fromkeys(others, replace(told[0], detail=words))
        else:
            rest += others
    more, later = _ask(scope, rest)
    return answers | more, error or later


def _targets(shard: Shard) -> set[Target]:
    """Images, roles and artefacts of the models that open endpoints run or wish to run."""
    open_ones = Endpoint.objects.filter(shard=shard, closed_at=None)
    live = VariantStatus.objects.filter(endpoint__in=open_ones, removed_at=None)
    names = set(live.values_list("model_name", flat=True))
    names |= set(open_ones.values_list("config__variants__model_name", flat=True))
    names |= set(
        open_ones.filter(inference_components__removed_at=None).values_list(
            "inference_components__model_name", flat=True
        )
    )
    models = HostedModel.objects.filter(shard=shard, gone_at=None, name__in=[n for n in names if n])
    roles = {Target(Kind.ROLE, arn) for arn in models.values_list("execution_role_arn", flat=True) if arn}
    found = set(roles)
    for image, url in Container.objects.filter(model__in=models).values_list("image", "model_data_url"):
        found |= {Target(Kind.IMAGE, image)} if image else set()
        found |= {Target(Kind.ARTEFACT, url)} if url.startswith("s3://") else set()
    return found


def _due(shard: Shard, wanted: set[Target], now: datetime) -> list[Target]:
    """Those never asked for, then those whose answer is a day old (an hour where nothing was found)."""
    rows = LinkCheck.objects.filter(shard=shard)
    is_settled = Q(state__in=(State.FOUND, State.AWS_OWNED))
    is_fresh = Q(is_settled, checked_at__gt=now - AGAIN) | Q(checked_at__gt=now - SOON_AGAIN)
    fresh = {Target(*row) for row in rows.filter(is_fresh).values_list("kind", "target")}
    age = {Target(kind, name): at for kind, name, at in rows.values_list("kind", "target", "checked_at")}
    never = datetime.min.replace(tzinfo=now.tzinfo)
    due = sorted(wanted - fresh, key=lambda t: (age.get(t, never), t.kind, t.name))
    return due[:AT_ONCE]


def _ask(scope: AwsScope, targets: Sequence[Target]) -> tuple[dict[Target, Answer], AwsError | None]:
    """Answers by target, and the first passing error; a target with such an error has no answer."""
    answers: dict[Target, Answer] = {}
    failure: AwsError | None = None
    for target, answer in each(lambda t: _answer(scope, t), targets):
        if isinstance(answer, Answer):
            answers[target] = answer
        elif isinstance(answer, CredentialsInvalid):
            raise answer
        else:
            failure = failure or answer
    return answers, failure


def _answer(scope: AwsScope, target: Target) -> Answer:
    action = _ACTIONS[Kind(target.kind)]
    try:
        if target.kind == Kind.ARTEFACT:
            found = aws_links.artefact(scope, target.name)
            if not found.is_there:
                return Answer(State.GONE, action, "", "No such key")
            return Answer(State.FOUND, action, size_bytes=found.size_bytes)
        if target.kind == Kind.ROLE:
            aws_links.check_role(scope, target.name)
            return Answer(State.FOUND, action)
        image = aws_links.parse_image(target.name)
        if image is None:
            return NOT_ECR
        if aws_links.is_aws_s_own(image):
            return AWS_OWNED
        size_bytes = aws_links.check_image(scope, image)
    except NotFound as error:
        return Answer(State.GONE, action, error.code, error.message)
    except (CredentialsInvalid, Throttled, Unavailable):
        raise
    except AwsError as error:
        return Answer(State.UNKNOWN, error.action or action, error.code, error.message)
    return Answer(State.FOUND, action, size_bytes=size_bytes)


def _write(shard: Shard, answers: dict[Target, Answer], now: datetime, fence: int) -> None:
    if not answers:
        return
    names = [target.name for target in answers]
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        known = {
            Target(row.kind, row.target): row
            for row in LinkCheck.objects.filter(shard=shard, target__in=names)
        }
        rows = []
        for target, answer in answers.items():
            before = known.get(target)
            gone_since = None
            if answer.state == State.GONE:
                gone_since = (before.gone_since if before else None) or now
            rows.append(
                LinkCheck(
                    shard=shard,
                    kind=target.kind,
                    target=target.name,
                    state=answer.state,
                    action=answer.action,
                    code=answer.code,
                    detail=answer.detail,
                    checked_at=now,
                    gone_since=gone_since,
                    size_bytes=answer.size_bytes,
                )
            )
        LinkCheck.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["shard", "kind", "target"],
            update_fields=["state", "action", "code", "detail", "checked_at", "gone_since", "size_bytes"],
        )
