"""The Costs page: what the fleet costs, where it goes, from which prices, against which budget."""
