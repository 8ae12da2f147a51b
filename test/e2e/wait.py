"""Conditions with deadlines. Tests use these functions instead of sleeping for a fixed time."""
import time


class Timeout(AssertionError):
    pass


def until(condition, timeout, what, every=0.05):
    """Returns the first true value of condition(); raises Timeout with its last value if there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline   # before the call: a slow condition is checked once more after the deadline
        value = condition()
        if value:
            return value
        if late:
            raise Timeout(f"not within {timeout} s: {what}; last seen: {value!r}")
        time.sleep(every)


def until_none(find, timeout, what, every=0.05):
    """Waits until find() returns nothing; raises Timeout with its last value otherwise."""
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline
        found = find()
        if not found:
            return
        if late:
            raise Timeout(f"still present after {timeout} s: {what}: {found!r}")
        time.sleep(every)


def holds(condition, seconds, what, every=0.1):
    """Fails as soon as condition() is not true within these seconds."""
    deadline = time.monotonic() + seconds
    begin = time.monotonic()
    while time.monotonic() < deadline:
        value = condition()
        if not value:
            raise AssertionError(f"{what}: no longer true after {time.monotonic() - begin:.1f} s: {value!r}")
        time.sleep(every)
