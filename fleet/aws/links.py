"""Whether the things a model is built from still exist: container image, execution role, model artefact."""

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from fleet.aws.sessions import call
from fleet.types import AwsScope

_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<repository>[^:@\s]+)"
    r"(?::(?P<tag>[^@\s]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class Image:
    """An image in Amazon ECR; tag "" and digest "" mean the tag latest."""

    registry: str
    region: str
    repository: str
    tag: str = ""
    digest: str = ""


def parse_image(address: str) -> Image | None:
    """The ECR image behind a container's address; None for an image elsewhere, which nothing here can check."""
    match = _ECR.fullmatch(address)
    if match is None:
        return None
    return Image(**{name: value or "" for name, value in match.groupdict().items()})


def is_aws_s_own(image: Image) -> bool:
    """Whether the image stands in a registry of AWS, which lets everybody pull but nobody ask (aws_registries.txt)."""
    return image.registry in _aws_registries()


def check_image(scope: AwsScope, image: Image) -> int | None:
    """Ask ECR for the image: its bytes, packed as it is pulled, of a manifest list those of its largest manifest; None
    where ECR names none. Raises NotFound when repository, tag or digest is gone.

    Source: API DescribeImages, ImageDetail, imageSizeInBytes (botocore 1.44.5).
    """
    wanted = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag or "latest"}
    answer = call(
        replace(scope, region=image.region),
        "ecr",
        "describe_images",
        expect="imageDetails",
        registryId=image.registry,
        repositoryName=image.repository,
        imageIds=[wanted],
    )
    found = (each.get("imageSizeInBytes") for each in answer["imageDetails"])
    return max((int(size) for size in found if size is not None), default=None)


def check_role(scope: AwsScope, arn: str) -> None:
    """Ask IAM for the role. Raises NotFound when it is gone."""
    call(scope, "iam", "get_role", expect="Role", RoleName=arn.rpartition("/")[2])


@dataclass(frozen=True)
class Artefact:
    """Whether an artefact exists; size_bytes: of one object, None for a folder, and where S3 names none."""

    is_there: bool
    size_bytes: int | None = None


def artefact(scope: AwsScope, url: str) -> Artefact:
    """Whether this object, or anything in the folder of this name, exists. Raises NotFound when the bucket is gone.

    Listing one key tells missing from forbidden. S3 lists keys in order: the object itself comes before those whose
    keys only begin like its own (model.tar.gz before model.tar.gz.bak), what lies in its folder may come after them.
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    first = _first_key(scope, bucket, key)
    if first is None:
        return Artefact(False)
    name, size = first
    if name == key:
        return Artefact(True, size)
    folder = f"{key.removesuffix('/')}/" if key else ""
    return Artefact(name.startswith(folder) or _first_key(scope, bucket, folder) is not None)


def _first_key(scope: AwsScope, bucket: str, prefix: str) -> tuple[str, int | None] | None:
    """The first key that begins so, with its bytes; None when there is none."""
    answer = call(scope, "s3", "list_objects_v2", expect="KeyCount", Bucket=bucket, Prefix=prefix, MaxKeys=1)
    return next(((str(found["Key"]), found.get("Size")) for found in answer.get("Contents", ())), None)


@cache
def _aws_registries() -> frozenset[str]:
    text = resources.files("fleet.aws").joinpath("aws_registries.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
