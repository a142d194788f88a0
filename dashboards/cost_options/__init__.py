"""Ways to host an endpoint by cost, where they meet, and what a change would cost before it is one."""
