"""The sentences that a visitor reads when something stops them: ours, translatable, and kind.

An error names its notice; what a provider wrote is never shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .exceptions import SocialRegError, Veto


@dataclass(frozen=True, slots=True)
class Notice:
    """A title and a sentence; ``{label}`` stands for the provider's name. ``again``: beginning again may help."""

    title: str | Promise
    sentence: str | Promise
    again: bool = True


_FAILED = Notice(
    _("That did not work"),
    _("{label} sent an answer that we could not use. Nothing was changed. Please try again in a moment."),
)

NOTICES = {
    "failed": _FAILED,
    "refused": Notice(
        _("{label} said no"), _("{label} refused the request. Nothing was changed. Please try again in a moment.")
    ),
    "unavailable": Notice(
        _("{label} is not available just now"),
        _("We could not reach it. Nothing was changed. Please try again in a moment."),
    ),
    "out-of-order": Notice(
        _("Not available just now"),
        _("Something here is out of order, and we have been told. Please try again in a few minutes."),
    ),
    "busy": Notice(
        _("{label} is busy just now"), _("Too many people want to log in at once. Please try again in a few minutes.")
    ),
    "not-available": Notice(
        _("Not available"),
        _("Logging in this way is not available at the moment. We have been told, and will see to it."),
        again=False,
    ),
    "suspended": Notice(
        _("Your account at {label} is suspended"),
        _("{label} does not let a suspended account log in elsewhere. Please settle it there, or log in another way."),
        again=False,
    ),
    "locked": Notice(
        _("Your account at {label} is locked"),
        _("{label} has locked it for the time being. Log in at {label} to unlock it, then come back."),
    ),
    "lost": Notice(
        _("Let us begin again"),
        _("We could not match this page with a login that you began here. Nothing was changed. Please begin again."),
    ),
    "cookies": Notice(
        _("Your browser kept no cookie for us"),
        _("Logging in needs one for a few minutes. Please allow cookies for this site, then try again."),
    ),
    "expired": Notice(
        _("That took a little long"), _("For your safety a login waits a few minutes only. Please begin again.")
    ),
    "replayed": Notice(
        _("This step is done already"),
        _("The page was opened a second time. If you are not logged in, please begin again."),
    ),
    "press-button": Notice(_("One more click"), _("For your safety this begins with a button on this site.")),
    "too-many": Notice(
        _("That was a little often"), _("Nothing was changed. Please wait a moment, then try again."), again=False
    ),
    "server": Notice(
        _("We do not know this server"),
        _("There is no {label} server of this name, or it gave no answer. Please look at its name again."),
    ),
    "denied": Notice(_("You cancelled"), _("Nothing was changed, and {label} has told us nothing about you.")),
    "nothing-waits": Notice(
        _("Nothing is waiting here"),
        _("Your registration is finished, or it took longer than half an hour. Log in with one click, or begin again."),
    ),
    "nothing-asked": Notice(
        _("Nothing is asked here any more"),
        _("You have answered already, or it took longer than half an hour. You can change your profile yourself."),
        again=False,
    ),
    "changed": Notice(
        _("Somebody else is logged in now"),
        _("Between the click and now, somebody logged in or out here. Nothing was linked. Please begin again."),
    ),
    "logged-in": Notice(
        _("You are logged in already"),
        _("This {label} account is not connected to the user who is logged in here. Log out first, or connect it."),
        again=False,
    ),
    "other-tab": Notice(
        _("You went on in another tab"),
        _("This page was about another account than the one that waits now. Nothing was changed. Please begin again."),
    ),
    "inactive": Notice(
        _("This account is closed"), _("The account here has been deactivated. Please write to us."), again=False
    ),
    "not-active-yet": Notice(
        _("You are registered"),
        _("Before you can log in, your account has to be activated. We will tell you."),
        again=False,
    ),
    "taken": Notice(
        _("Already in use"),
        _("This {label} account is connected to another account here, and stays there. Nothing was changed."),
        again=False,
    ),
    "one-per-provider": Notice(
        _("One {label} account is connected already"),
        _("There is room for one. To use this one in its place, disconnect the other one first. Nothing was changed."),
        again=False,
    ),
    "no-proof": Notice(
        _("This account is not known here"),
        _("No account here is connected to this {label} account, so it proves nothing. Please try another way."),
        again=False,
    ),
    "last-login": Notice(
        _("This is your last way in"),
        _("Without this account you could not log in any more. Set a password or connect another account first."),
        again=False,
    ),
    "address-link": Notice(
        _("This link does not work any more"),
        _(
            "It was used, a newer mail was sent, or it is older than three days. If your address is not confirmed yet, "
            "log in and ask for another mail."
        ),
        again=False,
    ),
    "other-user": Notice(
        _("Somebody else is logged in"),
        _("This link belongs to another account. Log out here, then open it again. Nothing was changed."),
        again=False,
    ),
    "other-account": Notice(
        _("You chose another account"),
        _("This is not the {label} account that was meant. Nothing was changed. Please log in at {label} as that one."),
    ),
    "not-granted": Notice(
        _("{label} did not allow it"),
        _("Not everything that we asked for was granted. The account may do here what it could before, and no more."),
    ),
    "not-theirs": Notice(
        _("You cannot change this"),
        _("It is not there any more, or others have to connect its account. Nothing was changed."),
        again=False,
    ),
    "login-required": Notice(_("Please log in first"), _("This is for people who are logged in here."), again=False),
    "recent-login": Notice(
        _("Please log in once more"),
        _("For your safety we ask for this before we change who can use an account."),
        again=False,
    ),
    "server-needed": Notice(
        _("Where is your {label} account?"), _("{label} is many servers. Tell us the name of yours.")
    ),
    "not-allowed": Notice(_("Not possible"), _("This is not possible here."), again=False),
}


def notice_for(error: SocialRegError, label: str) -> Notice:
    """Return what the visitor reads for an error, with the provider's name filled in."""
    if isinstance(error, Veto):
        return Notice(NOTICES["not-allowed"].title, error.message, again=False)
    notice = NOTICES.get(error.notice, _FAILED)
    title, sentence = (str(text).replace("{label}", label) for text in (notice.title, notice.sentence))
    return Notice(title, sentence, notice.again)
