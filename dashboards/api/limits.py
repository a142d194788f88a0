"""How often a token may ask, counted per minute in Redis. Without Redis nobody is counted and everybody answered."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)
_PATIENCE_S = 0.25
_KEY_LIVES_S = 120


@dataclass(frozen=True)
class Allowance:
    """What is left of this minute. remaining below 0: this request is one too many."""

    limit: int
    remaining: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """As the RateLimit headers of the answer."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.remaining)),
            "RateLimit-Reset": str(self.reset_s),
        }


def take(token_id: int, *, now: datetime) -> Allowance | None:
    """Count one request of a token; None when Redis does not answer."""
    limit: int = settings.API_REQUESTS_PER_MINUTE
    key = f"flotilla:api-requests:{token_id}:{now:%Y%m%d%H%M}"
    try:
        with _client(settings.REDIS_URL).pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, _KEY_LIVES_S)
            used = int(pipe.execute()[0])
    except redis.RedisError as error:
        log.warning("api.limit.redis_away", error=str(error))
        return None
    return Allowance(limit, limit - used, 60 - now.second)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=_PATIENCE_S, socket_timeout=_PATIENCE_S)
