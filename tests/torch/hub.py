"""torch.hub's cache, with a server on this machine."""

import contextlib
import http.server
import os
import threading
from urllib.parse import urlparse

import torch

REQUESTS = []


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder; a name with `cut` in it is cut off in the middle."""

    def do_GET(self):
        REQUESTS.append(self.server.server_port)
        path = self.translate_path(self.path)
        if "cut" not in os.path.basename(path):
            return super().do_GET()
        with open(path, "rb") as file:
            content = file.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        return None

    def log_message(self, *_):
        pass


def serve(folder):
    """Serves the files of `folder` for as long as this process lives; returns the address."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *args: Handler(*args, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def requests(url):
    """How many files were asked for at the address that `serve` returned."""
    return REQUESTS.count(urlparse(url).port)


@contextlib.contextmanager
def environment(**variables):
    """These variables, where they are not None, and none else of those that torch.hub reads."""
    names = ["TORCH_HOME", "XDG_CACHE_HOME"]
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ.update({name: value for name, value in variables.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def load(url, home, check_hash=False):
    """The keys of what `load_state_dict_from_url` loads, with its cache in `home`."""
    with environment(TORCH_HOME=home):
        state = torch.hub.load_state_dict_from_url(
            url, progress=False, check_hash=check_hash, weights_only=True
        )
    return list(state)


def fetch(url, home):
    """The same without the loading: for what is no checkpoint."""
    folder = os.path.join(home, "hub", "checkpoints")
    os.makedirs(folder, exist_ok=True)
    name = os.path.basename(urlparse(url).path)
    torch.hub.download_url_to_file(url, os.path.join(folder, name), progress=False)


def directory(torch_home, xdg_cache_home):
    """Where torch.hub caches with these variables."""
    with environment(TORCH_HOME=torch_home, XDG_CACHE_HOME=xdg_cache_home):
        return os.path.join(torch.hub.get_dir(), "checkpoints")


def names(urls):
    """Under which names it caches."""
    return [os.path.basename(urlparse(url).path) for url in urls]


def hashes(names):
    """The digests that it sees in names."""
    matches = [torch.hub.HASH_REGEX.search(name) for name in names]
    return [match and match.group(1) for match in matches]
