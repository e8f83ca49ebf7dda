"""A site whose people have no user name: the e-mail address is what they are known by."""
