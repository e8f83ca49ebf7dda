"""Somebody at a browser: sees headings, presses buttons, fills in forms. Waits for what is seen, never for time."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CONSENT = "socialreg-sandbox wants to access your account"
PATIENCE = 20  # seconds, at most, for a page to come


class Visitor:
    """A person in front of a browser window.

    :param site: the address of the site, without a slash at the end.
    """

    def __init__(self, browser: Chrome, site: str) -> None:
        self.browser = browser
        self.site = site

    def forget(self) -> None:
        """Become somebody whom neither the site nor the stand-in has ever seen."""
        self.browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.browser.get_log("browser")

    def open(self, path: str) -> None:
        """Type an address of the site's."""
        self.browser.get(f"{self.site}{path}")

    def sees(self, heading: str) -> None:
        """Wait for a page of this heading."""
        seen: list[str] = []

        def heading_is_there(_: Chrome) -> bool:
            seen[:] = [self.one("h1").text]
            return seen == [heading]

        self.until(heading_is_there, lambda: f"no page {heading!r}, but {seen} at {self.browser.current_url}")

    def until(self, condition: Callable[[Chrome], object], message: Callable[[], str] = lambda: "") -> None:
        """Wait until a condition holds. While a page goes and another comes, the driver has many ways to complain."""
        waiting = WebDriverWait(self.browser, PATIENCE, poll_frequency=0.02, ignored_exceptions=[WebDriverException])
        try:
            waiting.until(condition)
        except TimeoutException as error:
            raise AssertionError(message()) from error

    def one(self, selector: str) -> WebElement:
        """Return the first element."""
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """Return all the elements."""
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def press(self, words: str) -> None:
        """Press the button, or follow the link, with these words on it."""
        self.named(words).click()

    def named(self, words: str) -> WebElement:
        """Return the button, link or summary with these words on it; one in the page's content before one around it."""
        path = f"//*[self::button or self::a or self::summary][normalize-space()='{words}']"
        found = self.browser.find_elements(By.XPATH, f"//main{path}")
        return found[0] if found else self.browser.find_element(By.XPATH, path)

    def value(self, name: str) -> str | None:
        """Return what stands in a form's field."""
        return self.one(f"[name={name}]").get_property("value")

    def write(self, name: str, text: str) -> None:
        """Write into a form's field, in place of what stood there."""
        field = self.one(f"[name={name}]")
        field.clear()
        field.click()
        # Not send_keys: the driver types no character beyond the Basic Multilingual Plane.
        self.browser.execute_cdp_cmd("Input.insertText", {"text": text})

    def is_at(self, path: str) -> bool:
        """Whether the browser is at this path of the site's, or will be in a moment."""
        self.until(
            lambda browser: urlsplit(browser.current_url).path == path,
            lambda: f"not at {path}, but at {self.browser.current_url}: {self.one('main').text}",
        )
        return self.browser.current_url.startswith(f"{self.site}/")

    def consent(self, screen_name: str) -> None:
        """Be somebody at X, and say yes."""
        self.sees(CONSENT)
        self.one(f"[value={screen_name}]").click()
        self.press("Authorize app")

    def register(self, screen_name: str) -> None:
        """Go the whole way as somebody who has an e-mail address at X."""
        self.open("/")
        self.press("Log in with X")
        self.consent(screen_name)
        self.sees("Create your account")
        self.press("Create account")
        self.until(lambda _: self.named("Log out"))

    def key(self, key: str) -> None:
        """Press a key."""
        self.browser.switch_to.active_element.send_keys(key)

    def tab_to(self, words: str) -> WebElement:
        """Go on with the Tab key until the focus is on the element with these words, or of this name."""
        passed = []
        for _ in range(40):
            self.key(Keys.TAB)
            focused = self.browser.switch_to.active_element
            assert self.focus_is_visible(), f"nothing shows that the focus is on {focused.text or focused.tag_name!r}"
            if words in {focused.text.strip(), focused.get_attribute("name")}:
                return focused
            passed.append(focused.text or focused.get_attribute("name") or focused.tag_name)
        raise AssertionError(f"{words!r} cannot be reached with the keyboard: {passed}")

    def focus_is_visible(self) -> bool:
        """Whether the focused element, or the label around it, has an outline of two pixels or more."""
        return bool(
            self.browser.execute_script(
                """
                const focused = document.activeElement;
                const outlined = (element) => {
                    const style = element && getComputedStyle(element);
                    return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                };
                return focused.matches(":focus-visible") && (outlined(focused) || outlined(focused.closest("label")));
                """
            )
        )

    def pictures_are_shown(self) -> bool:
        """Whether every picture of the page has come."""
        loaded = "return [...document.images].map((image) => image.complete && image.naturalWidth > 0)"
        self.until(lambda browser: all(browser.execute_script(loaded)))
        return len(self.all("img")) > 0

    def complaints(self) -> list[str]:
        """Return what the browser's console says about the Content Security Policy."""
        return [entry["message"] for entry in self.browser.get_log("browser") if "Content Security" in entry["message"]]
