"""docs/iam.md grants exactly what the code calls: read policy and act policy are derived from the calls themselves."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import botocore.session

from fleet.access import aws_roles
from fleet.access.aws_actions import ACT, READ, act_actions
from fleet.aws.sessions import iam_action
from fleet.sync.permissions import READS

ROOT = Path(__file__).resolve().parents[3]
AWS = ROOT / "fleet" / "aws"
TEXT = (ROOT / "docs" / "iam.md").read_text()
# Creating a config with tags is checked as tagging it, too; everybody may ask who they are.
IMPLIED = {"sagemaker:CreateEndpointConfig": {"sagemaker:AddTags"}}
FREE = {"sts:GetCallerIdentity"}
# Queues are read with the listener's own credentials; docs/push.md holds their policy.
QUEUES = "queues"

Actions = dict[str, set[str]]


def calls_in(node: ast.AST) -> Iterator[ast.Call]:
    return (n for n in ast.walk(node) if isinstance(n, ast.Call))


def text(node: ast.expr | None, service: str) -> str:
    """The string an argument stands for; "" when it is a parameter."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    return service if isinstance(node, ast.Name) and node.id == "SERVICE" else ""


def actions_of(path: Path) -> Actions:
    """IAM actions behind each function of a module of fleet.aws, also through the module's own helpers."""
    tree = ast.parse(path.read_text())
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    constants = [n for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)]
    service = next(
        (str(n.value.value) for n in constants if ast.unparse(n.targets[0]) == "SERVICE"),  # type: ignore[attr-defined]
        "",
    )

    def found(function: ast.FunctionDef) -> Iterator[str]:
        for call in calls_in(function):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            if name in {"call", "pages"} and text(call.args[2], service):
                yield iam_action(text(call.args[1], service), text(call.args[2], service))
            elif name in functions and name != function.name:
                yield from found(functions[name])
                if "operation" in [argument.arg for argument in functions[name].args.args]:
                    yield iam_action(service, text(call.args[1], service))

    return {name: set(found(function)) for name, function in functions.items()}


def called() -> tuple[set[str], set[str]]:
    """Actions that the product calls as the reading role, and as the acting one."""
    known = {
        path.stem: actions_of(path)
        for path in AWS.glob("*.py")
        if "fleet.aws.sessions import" in path.read_text() and path.stem != QUEUES
    }
    reads: set[str] = set()
    acts: set[str] = set()
    for path in (ROOT / "fleet").rglob("*.py"):
        if path.parent == AWS:
            continue
        tree = ast.parse(path.read_text())
        imports = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "fleet.aws"]
        modules = {alias.asname or alias.name: alias.name for n in imports for alias in n.names}
        acting = {
            id(call.func)
            for call in calls_in(tree)
            if call.args and isinstance(call.args[0], ast.Attribute) and call.args[0].attr == "act_scope"
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in modules
            ):
                used = known.get(modules[node.value.id], {}).get(node.attr, set())
                (acts if id(node) in acting else reads).update(used)
    return reads - FREE, acts - FREE


def policies() -> list[set[str]]:
    """The actions each permissions policy of the document allows, in its order."""
    documents = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
    found = []
    for document in documents:
        actions: set[str] = set()
        for statement in document["Statement"]:
            action = statement["Action"]
            actions.update([action] if isinstance(action, str) else action)
        found.append(actions)
    return [actions for actions in found if actions != {"sts:AssumeRole"}]


def test_the_read_policy_is_what_readers_call() -> None:
    reads, _ = called()
    assert {"sagemaker:DescribeEndpoint", "cloudwatch:GetMetricData", "tag:GetResources"} <= reads
    assert policies()[0] == reads


def test_the_act_policy_is_what_operations_call() -> None:
    _, acts = called()
    assert "sagemaker:UpdateEndpoint" in acts
    assert policies()[1] == acts.union(*(IMPLIED.get(action, set()) for action in acts))


def test_the_role_texts_grant_what_the_document_grants() -> None:
    assert [permission.action for permission in READ if READ.count(permission) != 1] == []
    assert {permission.action for permission in READ} == policies()[0]
    assert set(act_actions()) == policies()[1]
    documents = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
    resources = [statement["Resource"] for statement in documents[-1]["Statement"]]
    made = [s["Resource"] for s in aws_roles.act_policy("aws", "ACCOUNT_ID")["Statement"]]
    assert made == resources
    assert [statement.sid for statement in ACT] == [s["Sid"] for s in documents[-1]["Statement"]]


def test_no_role_has_what_the_other_is_for() -> None:
    read, act = policies()
    assert not read & act


def test_the_live_check_and_the_table_cover_the_read_policy() -> None:
    assert {read.action for read in READS} - FREE == policies()[0]
    section = TEXT.split("## What each permission is for")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {word.removeprefix("…") for row in rows for word in re.findall(r"`([^`]+)`", row)}
    assert {name.split(":")[-1] for name in named} == {name.split(":")[-1] for name in policies()[0] | FREE}


def test_the_table_of_operations_names_the_act_policy() -> None:
    section = TEXT.split("| operation | actions it uses |")[1].split("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", section)) == {name.split(":")[-1] for name in policies()[1]}


def test_what_a_copied_config_may_need_beyond_the_act_policy_is_told_and_not_granted() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model("CreateEndpointConfig").input_shape
    fields = shape.members if shape else {}
    assert "iam:PassRole" in fields["ExecutionRoleArn"].documentation
    assert "UpdateEndpoint" in fields["KmsKeyId"].documentation
    section = TEXT.split("## Act role: permissions")[1].split("\n## ")[0]
    points = re.findall(r"^- `(\w+)`: (.*?)(?=^- |\n\n)", section, re.DOTALL | re.MULTILINE)
    needed = {field: re.findall(r"`((?:iam|kms):\w+)`", text)[0] for field, text in points}
    assert needed == {"ExecutionRoleArn": "iam:PassRole", "KmsKeyId": "kms:CreateGrant"}
    assert not policies()[1] & {"iam:PassRole", "kms:CreateGrant"}


def test_the_policy_for_the_event_queue_is_what_the_listener_calls() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "push.md").read_text(), re.DOTALL)
    (statement,) = json.loads(block)["Statement"]
    assert set(statement["Action"]) == set().union(*actions_of(AWS / f"{QUEUES}.py").values())
