import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("socialreg", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignInEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="time")),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("login", "login"),
                            ("register", "registration"),
                            ("connect", "account connected"),
                            ("reconnect", "account connected again"),
                            ("prefill", "form filled in"),
                            ("disconnect", "account disconnected"),
                            ("confirm", "address confirmed"),
                            ("lost", "tokens lost"),
                            ("failure", "failure"),
                        ],
                        max_length=16,
                        verbose_name="event",
                    ),
                ),
                ("provider", models.CharField(blank=True, max_length=100, verbose_name="provider")),
                ("account", models.BigIntegerField(blank=True, null=True, verbose_name="social account")),
                ("user", models.CharField(blank=True, max_length=64, verbose_name="user")),
                ("code", models.CharField(max_length=64, verbose_name="outcome")),
                ("reference", models.CharField(blank=True, max_length=16, verbose_name="reference")),
                ("address", models.CharField(blank=True, max_length=50, verbose_name="network")),
                ("agent", models.CharField(blank=True, max_length=32, verbose_name="browser")),
            ],
            options={
                "verbose_name": "sign-in event",
                "verbose_name_plural": "sign-in events",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["at"], name="socialreg_event_at"),
                    models.Index(fields=["user", "at"], name="socialreg_event_user"),
                    models.Index(fields=["reference"], name="socialreg_event_reference"),
                ],
            },
        ),
    ]
