"""Settings: accounts, people, one's own mails."""
