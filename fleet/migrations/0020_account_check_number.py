"""A number that grows with every check asked for, so that an older check under way writes nothing more."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("fleet", "0019_built_from")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="account",
            name="check_number",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
    ]
