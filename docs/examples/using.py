"""What a site does with an account afterwards: the examples of docs/howto/use-an-account.md."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from socialreg.exceptions import Forbidden, RateLimited, Revoked, SocialRegError
from socialreg.models import SocialAccount

logger = logging.getLogger(__name__)


def announce(account: SocialAccount, text: str) -> str:
    response = account.session().post("https://api.x.com/2/tweets", json={"text": text})
    response.raise_for_status()
    return response.json()["data"]["id"]


def announce_or_say_why_not(account: SocialAccount, text: str) -> str:
    try:
        announce(account, text)
    except Revoked:
        return "Please connect the account again."
    except Forbidden as error:
        return f"The account may not do that yet; it lacks {error.scope}."
    except RateLimited as error:
        moment = datetime.fromtimestamp(error.reset, UTC) if error.reset else None
        return f"Try again after {moment:%H:%M} UTC." if moment else "Try again later."
    except SocialRegError as error:  # out of reach, suspended, or the settings are wrong: the log says which
        logger.warning("%s", error)
        return "That did not work."
    return "Done."


def recent_posts(account: SocialAccount) -> list[str]:
    path = f"https://api.x.com/2/users/{account.subject}/tweets"
    told = account.session().get(path, params={"max_results": 5}).json()
    return [post["text"] for post in told.get("data", [])]


def announce_with_tweepy(account: SocialAccount, text: str) -> str:
    return account.tweepy_client().create_tweet(text=text).data["id"]
