"""The list of the published feeds, for readers that subscribe to all of them at one go. Pure."""

from __future__ import annotations

from collections.abc import Collection

from aggregator.config import Config
from aggregator.publish.opml import Outline, opml
from aggregator.web.access import token_query
from aggregator.web.urls import FeedTarget, Kind


def feed_list(config: Config, opened: Collection[str]) -> bytes:
    """Return an OPML document of everything and of each feed that has no token or is among the `opened`.

    Addresses say the tokens that they need: what reads such a list asks nobody for a password.
    """
    base = config.service.base_url
    everything = Outline(
        title=config.service.title,
        xml_url=base + FeedTarget(Kind.ALL, "", "atom").path + token_query(config),
        html_url=f"{base}/",
        description="Everything",
    )
    feeds = [
        Outline(
            title=spec.title,
            xml_url=base + FeedTarget(Kind.FEED, spec.slug, "atom").path + token_query(config, spec),
            html_url=f"{base}/",
            description=spec.description,
        )
        for spec in config.feeds
        if spec.token is None or spec.slug in opened
    ]
    return opml(config.service.title, [everything, *feeds])
