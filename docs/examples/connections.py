"""Views of a site's own about accounts."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from socialreg.disconnecting import disconnect
from socialreg.exceptions import NotAllowed
from socialreg.sessions import again_page, is_recent


@login_required
@require_POST
def delete_everything(request: HttpRequest) -> HttpResponse:
    if not is_recent(request):
        return HttpResponseRedirect(again_page("/settings/"))
    request.user.delete()
    return HttpResponseRedirect("/")


@login_required
@require_POST
def disconnect_all_of(request: HttpRequest, provider: str) -> HttpResponse:
    for account in request.user.social_accounts.filter(provider=provider):
        try:
            disconnect(request, request.user, account.pk)
        except NotAllowed as error:  # code "last-login": it is their last way in
            return HttpResponse(f"Not disconnected: {error.code}", status=403)
    return HttpResponseRedirect("/settings/")
