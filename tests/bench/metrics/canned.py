"""A CloudWatch that answers GetMetricData from canned text, so that a bench measures its client: canned.py POINTS.

Each series has the given number of points before EndTime; the value is the endpoint's number plus the point's. Prints
its port. Both JSON clients are served: stock boto3 and ours.
"""

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

QUERY = re.compile(r'"Id": ?"(m\d+)".*?"Name": ?"EndpointName", ?"Value": ?"(?:e|[a-z-]+-)(\d+)"', re.DOTALL)
END = re.compile(r'"EndTime": ?(\d+)')
PERIOD_S = 60
POINTS = int(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = END.search(text)
        assert found is not None
        end = int(found[1])
        stamps = ",".join(str(float(end - PERIOD_S * (POINTS - n))) for n in range(POINTS))
        rows = ",".join(
            f'{{"Id":"{identity}","Label":"x","StatusCode":"Complete","Timestamps":[{stamps}],'
            f'"Values":[{",".join(str(int(number) + n + 0.5) for n in range(POINTS))}]}}'
            for identity, number in QUERY.findall(text)
        )
        body = f'{{"MetricDataResults":[{rows}],"Messages":[]}}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
