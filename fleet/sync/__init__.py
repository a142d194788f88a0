"""AWS → mirror: inventory, scaling, tags, quotas, prices and metrics, shard by shard. The only writer of the mirror."""
