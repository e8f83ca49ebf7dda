"""Windowsill's own models in the admin."""

from django.contrib import admin

from .models import Bot, Organisation, Portrait

admin.site.register([Bot, Organisation, Portrait])
