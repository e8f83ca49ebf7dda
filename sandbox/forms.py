"""Windowsill's own forms. That of the profile knows nothing of socialreg but which words of a profile go where."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User

from socialreg.confirmation import request_change

from .models import Portrait


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """Somebody's names and address, and their portrait, saved together."""

    email = forms.EmailField(
        required=False,
        label="E-mail address",
        help_text="A new one is yours once you open the link we send there.",
    )
    picture = forms.URLField(required=False, max_length=500, assume_scheme="https", label="Address of a picture")
    about = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    #: Beside what is named like an attribute of a profile, which is filled in anyway.
    profile_map = {"about": lambda profile: f"At X I am @{profile.username}."}

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]

    def __init__(self, *, instance: User, initial: dict[str, Any] | None = None, **given: Any) -> None:
        portrait = Portrait.objects.filter(user=instance).first() or Portrait(user=instance)
        own = {"picture": portrait.picture, "about": portrait.about}
        super().__init__(instance=instance, initial={**own, **(initial or {})}, **given)
        self.portrait = portrait

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's own
        """Save the user and the portrait. Another address is theirs once it is confirmed."""
        if "email" in self.changed_data:
            wanted, self.instance.email = self.instance.email, self.initial["email"]
            request_change(self.instance, wanted)
        user = super().save(commit)
        self.portrait.picture, self.portrait.about = self.cleaned_data["picture"], self.cleaned_data["about"]
        self.portrait.save()
        return user


class PostForm(forms.Form):
    """A few words for X."""

    text = forms.CharField(max_length=280, label="What is new?", widget=forms.Textarea(attrs={"rows": 3}))
