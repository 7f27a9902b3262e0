#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""page.py PORT PAGE: serve one page on loopback until it posts its result; print that."""
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path.split("?")[0] == "/"
        self.send_response(200 if found else 404)
        self.end_headers()
        if found:
            with open(sys.argv[2], "rb") as page:
                self.wfile.write(page.read())

    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()
        self.server.done = True

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.done = False
while not server.done:
    server.handle_request()
