"""A site's own tests of its logins: no account anywhere, no network, nothing replaced inside the site."""

from urllib.parse import urlencode

from django.core.cache import cache
from django.test import TestCase
from django.urls import reverse

from socialreg.models import SocialAccount
from socialreg.testing import StandIn
from socialreg.testing.site import stand_in_for


class LogInWithX(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.x = cls.enterClassContext(StandIn())
        cls.enterClassContext(stand_in_for(cls.x, "twitter"))

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


class LogInWithGitHub(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.standin = cls.enterClassContext(StandIn())
        cls.enterClassContext(stand_in_for(cls.standin, "github"))

    def setUp(self):
        self.standin.reset()
        cache.clear()

    def log_in(self, screen_name):
        start = self.client.post(reverse("socialreg:start", args=["github"]), {"next": "/next/"})
        return self.client.get(self.standin.approve(start["Location"], screen_name))

    def test_somebody_known_goes_straight_on(self):
        self.log_in("maralind")
        self.client.post(reverse("socialreg:register"), {"username": "maralind", "email": "mara.lindqvist@example.com"})
        self.client.logout()
        self.assertRedirects(self.log_in("maralind"), "/next/", fetch_redirect_response=False)

    def test_when_github_gives_no_address_the_form_asks_for_one(self):
        self.standin.fault("emails-refused")
        self.log_in("maralind")
        response = self.client.post(reverse("socialreg:register"), {"username": "maralind", "email": ""})
        self.assertContains(response, "This field is required.")

    def test_a_secret_that_was_mistyped_is_an_error_of_ours_and_nothing_is_written(self):
        self.standin.fault("client-refused")
        self.assertContains(self.log_in("maralind"), "Not available", status_code=502)
        self.assertQuerySetEqual(SocialAccount.objects.all(), [])


class LogInWithApple(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.standin = cls.enterClassContext(StandIn())
        cls.enterClassContext(stand_in_for(cls.standin, "apple"))

    def test_an_answer_that_is_posted_leads_to_the_form_as_well(self):
        start = self.client.post(reverse("socialreg:start", args=["apple"]))
        callback = self.standin.approve(start["Location"], "maralind")
        form = "application/x-www-form-urlencoded"
        page = self.client.post(callback, urlencode(callback.fields), content_type=form, follow=True)
        self.assertContains(page, "mara.lindqvist@example.com")
