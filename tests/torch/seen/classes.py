"""Classes that torch does not know: their instances are opened with `--opaque`."""


class Settings:
    """An object with attributes."""


class Options:
    """Another one."""


class Entries(dict):
    """A dict with attributes."""


class OtherEntries(dict):
    """Another one."""


class Items(list):
    """A list with attributes."""


class Reduced:
    """An object that is made by a call, and then gets a state."""

    def __init__(self, *args):
        self.args, self.state = args, None

    def __reduce__(self):
        return Reduced, self.args, self.state

    def __setstate__(self, state):
        self.state = state
