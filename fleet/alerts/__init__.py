"""Rules, their evaluation, incidents and the mails about them."""
