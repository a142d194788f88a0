"""Commands and run-time of a clone: set-up, embedded servers, process supervisor, test lanes. No product code."""
