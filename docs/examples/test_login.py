"""A site's own test of its login with X: no account at X, no network, nothing replaced inside the site."""

from django.core.cache import cache
from django.test import TestCase
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing import XStandIn
from socialreg.testing.site import stand_in_for_x


class LogInWithX(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.x = cls.enterClassContext(XStandIn())
        cls.enterClassContext(stand_in_for_x(cls.x))

    def setUp(self):
        self.x.reset()
        cache.clear()

    def log_in(self, screen_name):
        """Press the button, press "Authorize" at the stand-in, come back."""
        start = self.client.post(reverse("socialreg:start", args=["twitter"]))
        return self.client.get(self.x.approve(start["Location"], screen_name))

    def test_a_new_visitor_finds_the_form_filled_in(self):
        page = self.client.get(self.log_in("maralind")["Location"])
        self.assertContains(page, "mara.lindqvist@example.com")
        self.client.post(reverse("socialreg:register"), {"username": "maralind", "email": "mara.lindqvist@example.com"})
        self.assertQuerySetEqual(SocialAccount.objects.values_list("username", flat=True), ["maralind"])

    def test_when_x_is_over_capacity_the_visitor_reads_so_and_nothing_is_written(self):
        self.x.fault("error", code=130, path="/oauth/request_token")
        response = self.client.post(reverse("socialreg:start", args=["twitter"]))
        self.assertContains(response, "not available just now", status_code=503)
        self.assertQuerySetEqual(SocialAccount.objects.all(), [])

    def test_when_the_app_may_not_read_addresses_the_form_asks_for_one(self):
        self.x.fault("no-email-permission")
        self.log_in("maralind")
        response = self.client.post(reverse("socialreg:register"), {"username": "maralind", "email": ""})
        self.assertContains(response, "This field is required.")
