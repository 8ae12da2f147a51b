"""The control connection to one lab machine: one `docker exec` for the whole run, which carries all commands (agent.py)."""
import json
import queue
import subprocess
import threading
from pathlib import Path

AGENT = (Path(__file__).parent / "agent.py").read_text()


class Lost(Exception):
    """The machine or its agent has ended."""


class Control:
    """Requests may come from several threads. A machine that was stopped and started gets a new connection."""

    def __init__(self, container):
        self.container = container
        self.lock = threading.Lock()
        self.connection = None

    def request(self, what, timeout, **fields):
        """The agent's answer as a dictionary; Lost, or subprocess.TimeoutExpired."""
        # The connection may have been lost since the last request. Then nothing of this request has been sent, and it is safe to
        # try again.
        for attempt in (1, 2):
            with self.lock:
                if self.connection is None or self.connection.lost:
                    self.connection = Connection(self.container)
                connection = self.connection
            if answers := connection.send(what, {**fields, "timeout": timeout}):
                return connection.wait(answers, timeout)
        raise Lost(f"no control connection to {self.container}")


class Connection:
    def __init__(self, container):
        self.process = subprocess.Popen(["docker", "exec", "-i", container, "python3", "-u", "-c", AGENT], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lost, self.lock, self.waiting, self.count = False, threading.Lock(), {}, 0
        if self.process.stdout.readline() != "ready\n":
            raise Lost(f"{container}: no agent: {self.process.stderr.read().strip()}")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.lock:
                self.waiting.pop(answer["number"]).put(answer)
        with self.lock:
            self.lost = True
            for answers in self.waiting.values():
                answers.put(None)
            self.waiting.clear()

    def send(self, what, fields):
        """Returns the queue that will receive the answer; None if the request cannot be sent."""
        answers = queue.Queue()
        with self.lock:
            if self.lost:
                return None
            self.count += 1
            self.waiting[self.count] = answers
            try:
                self.process.stdin.write(json.dumps([self.count, what, fields]) + "\n")
                self.process.stdin.flush()
            except OSError:
                self.lost = True
                return None
        return answers

    def wait(self, answers, timeout):
        # The agent enforces the timeout. Without an answer 10 s later, the agent has ended.
        try:
            answer = answers.get(timeout=timeout + 10)
        except queue.Empty:
            raise subprocess.TimeoutExpired("request to the agent", timeout) from None
        if answer is None:
            raise Lost("the control connection ended before the answer arrived")
        if answer.get("timeout"):
            raise subprocess.TimeoutExpired("command on the machine", timeout)
        return answer
