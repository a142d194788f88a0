"""The read API, version 1: JSON on the queries of the pages, for programs with a token. It changes nothing."""
