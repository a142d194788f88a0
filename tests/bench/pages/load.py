"""Concurrent readers over HTTP: milliseconds per answer, taken by the reader."""

import http.client
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

USERS = 8


def get(port: int, url: str, headers: dict[str, str]) -> tuple[float, http.client.HTTPResponse, bytes]:
    """One request: milliseconds until the last byte, the answer and its body as sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    start = time.perf_counter()
    connection.request("GET", url, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    spent = (time.perf_counter() - start) * 1000
    connection.close()
    return spent, answer, body


def readers(port: int, urls: Sequence[str], headers: dict[str, str], each: int) -> list[float]:
    """USERS readers take `each` pages, going round the urls from another one each; every answer's milliseconds."""

    def read(number: int) -> list[float]:
        found = []
        for n in range(each):
            spent, answer, _ = get(port, urls[(n + number) % len(urls)], headers)
            assert answer.status == 200, (answer.status, urls[(n + number) % len(urls)])
            found.append(spent)
        return found

    with ThreadPoolExecutor(USERS) as pool:
        return [spent for found in pool.map(read, range(USERS)) for spent in found]
