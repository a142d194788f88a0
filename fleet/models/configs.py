"""What endpoints are made from: configs with variants, models with containers. Written by fleet.sync only."""

from typing import ClassVar

from django.db import models

from fleet.models.accounts import Shard


class EndpointConfig(models.Model):
    """An endpoint config. AWS never changes one, but a name may be reused: identity includes the creation time.

    gone_at: since when a complete listing of AWS's configs lacks it. unknown_fields: paths in the document that the
    installed AWS SDK does not know; their values stand in it as AWS sent them.
    """

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="configs")
    name = models.CharField(max_length=63)
    arn = models.CharField(max_length=512)
    created_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    document = models.JSONField(default=dict)
    unknown_fields = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shard", "name", "created_at"], name="one_config_per_identity")
        ]

    def __str__(self) -> str:
        return self.name


class ProductionVariant(models.Model):
    """A variant as its config wishes it; what is live stands in VariantStatus."""

    config = models.ForeignKey(EndpointConfig, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(max_length=63)
    is_shadow = models.BooleanField(default=False)
    model_name = models.CharField(max_length=63, blank=True)
    instance_type = models.CharField(max_length=64, blank=True)
    initial_instance_count = models.PositiveIntegerField(null=True)
    initial_weight = models.FloatField(null=True)
    volume_gb = models.PositiveIntegerField(null=True)
    memory_mb = models.PositiveIntegerField(null=True)
    max_concurrency = models.PositiveIntegerField(null=True)
    provisioned_concurrency = models.PositiveIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["is_shadow", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["config", "name"], name="one_variant_per_config")
        ]

    def __str__(self) -> str:
        return self.name


class HostedModel(models.Model):
    """A SageMaker model: containers, role and network settings. gone_at: as of EndpointConfig."""

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="hosted_models")
    name = models.CharField(max_length=63)
    arn = models.CharField(max_length=512)
    created_at = models.DateTimeField()
    execution_role_arn = models.CharField(max_length=255, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    document = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shard", "name", "created_at"], name="one_model_per_identity")
        ]

    def __str__(self) -> str:
        return self.name


class Container(models.Model):
    """One container of a model, in invocation order."""

    model = models.ForeignKey(HostedModel, on_delete=models.CASCADE, related_name="containers")
    position = models.PositiveSmallIntegerField()
    hostname = models.CharField(max_length=63, blank=True)
    image = models.CharField(max_length=512, blank=True)
    mode = models.CharField(max_length=32, blank=True)
    model_data_url = models.CharField(max_length=1024, blank=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["model", "position"], name="one_container_per_position")
        ]

    def __str__(self) -> str:
        return self.image
