"""Conditions with deadlines. Nothing in these tests sleeps and hopes."""
import time


class Timeout(AssertionError):
    pass


def until(condition, timeout, what, every=0.05):
    """The first true value of condition(); Timeout with its last value when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline   # a look that takes long is not the last one before the deadline
        value = condition()
        if value:
            return value
        if late:
            raise Timeout(f"not within {timeout} s: {what}; last seen: {value!r}")
        time.sleep(every)


def until_none(find, timeout, what, every=0.05):
    """Until find() finds nothing any more; Timeout with what it still does."""
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline
        found = find()
        if not found:
            return
        if late:
            raise Timeout(f"after {timeout} s still there: {what}: {found!r}")
        time.sleep(every)


def holds(condition, seconds, what, every=0.1):
    """Fails as soon as condition() is not true during these seconds."""
    deadline = time.monotonic() + seconds
    begin = time.monotonic()
    while time.monotonic() < deadline:
        value = condition()
        if not value:
            raise AssertionError(f"{what}: no longer so after {time.monotonic() - begin:.1f} s, but {value!r}")
        time.sleep(every)
