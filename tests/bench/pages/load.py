"""Concurrent readers over HTTP: milliseconds per answer, taken by the reader."""

import http.client
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

USERS = 8


@dataclass(frozen=True)
class Reader:
    """One person: what the browser sends along, and the addresses that are looked at, one after the other."""

    headers: Mapping[str, str]
    urls: Sequence[str]


def get(port: int, url: str, headers: Mapping[str, str]) -> tuple[float, http.client.HTTPResponse, bytes]:
    """One request: milliseconds until the last byte, the answer and its body as sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    start = time.perf_counter()
    connection.request("GET", url, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    spent = (time.perf_counter() - start) * 1000
    connection.close()
    return spent, answer, body


def readers(
    port: int,
    people: Sequence[Reader],
    each: int,
    first: int = 0,
    *,
    pauses: tuple[float, float] | None = None,
) -> list[float]:
    """All of them at once take `each` pages from their `first` on; every answer's milliseconds.

    pauses: the shortest and the longest time in seconds that a page is read before the next; None: no time at all.
    """

    def read(person: Reader) -> list[float]:
        found, draw = [], Random(" ".join(person.urls))
        for n in range(first, first + each):
            url = person.urls[n % len(person.urls)]
            spent, answer, _ = get(port, url, person.headers)
            assert answer.status == 200, (answer.status, url)
            found.append(spent)
            if pauses:
                time.sleep(draw.uniform(*pauses))
        return found

    with ThreadPoolExecutor(len(people)) as pool:
        return [spent for found in pool.map(read, people) for spent in found]
