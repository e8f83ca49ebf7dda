"""Registration forms of a site's own, from the least to the most."""

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from socialreg.forms import RegistrationForm


class JoinForm(RegistrationForm):
    """The form that comes with socialreg, and a box to tick."""

    terms = forms.BooleanField(label="I have read the rules of this site")


class MemberForm(forms.ModelForm):
    """A ModelForm of the user model, with a question that no provider answers."""

    heard_of_us = forms.ChoiceField(
        label="How did you hear of us?",
        choices=[("", "Choose"), ("friend", "From a friend"), ("search", "By searching")],
    )

    class Meta:
        model = get_user_model()
        fields = ["username", "email"]


class ShortForm(forms.Form):
    """A plain Form with names of its own. ``profile_map`` says what fills them in, ``save`` makes the user."""

    nickname = forms.CharField(max_length=30)
    mail = forms.EmailField(label="E-mail")
    greeting = forms.CharField(required=False)

    profile_map = {
        "nickname": "username",
        "mail": "email",
        "greeting": lambda profile: f"Hello, I am {profile.first_name}" if profile.first_name else "",
    }

    def clean_nickname(self):
        nickname = self.cleaned_data["nickname"]
        if get_user_model().objects.filter(username=nickname).exists():
            raise ValidationError("Somebody has this name already.", code="unique")
        return nickname

    def save(self):
        user = get_user_model()(username=self.cleaned_data["nickname"], email=self.cleaned_data["mail"])
        user.set_unusable_password()
        user.save()
        return user
