"""A profile page of a site's own, whose form a user can fill in from an account that they have elsewhere."""

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render

from socialreg import prefill


class ProfileForm(forms.ModelForm):
    """What users say of themselves. ``profile_map`` says what fills in the field that no profile has by this name."""

    website = forms.URLField(required=False, assume_scheme="https")

    class Meta:
        model = get_user_model()
        fields = ["first_name", "last_name", "email"]

    profile_map = {"website": "profile_url"}


@login_required
def edit(request):
    form = ProfileForm(request.POST or None, instance=request.user)
    if form.is_valid():
        form.save()
        return redirect("profile")
    return render(request, "profile.html", {"form": form})


@login_required
def edit_below(request):
    """The same for a template whose button stands below the fields: the view fills in the form."""
    form = ProfileForm(request.POST or None, instance=request.user)
    prefill.fill(request, form)
    if form.is_valid():
        form.save()
        return redirect("profile")
    return render(request, "profile_below.html", {"form": form})
