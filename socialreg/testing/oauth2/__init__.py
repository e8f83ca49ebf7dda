"""The stand-in's OAuth 2.0 and OpenID Connect side: any provider, played by the data of its own class."""
