"""What of a transform job was read when: tags apart from the rest, and where a listing broke off."""

from django.db import migrations, models

KNOWN_TAGS = "UPDATE fleet_transformjob SET tags_read_at = described_at"


class Migration(migrations.Migration):
    dependencies = [("fleet", "0020_account_check_number")]
    operations = [
        migrations.AddField("transformjob", "tags_read_at", models.DateTimeField(null=True)),
        migrations.AddField("transformjob", "missing_at", models.DateTimeField(null=True)),
        migrations.AddField("transformjob", "is_older_unread", models.BooleanField(default=False)),
        migrations.RunSQL(KNOWN_TAGS, migrations.RunSQL.noop),
    ]
