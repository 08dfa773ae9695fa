"""A discrete-event simulation of units of work on a cluster: executors, a driver, a shared file system.

Events lie in one queue and are handled in the order of their times; nothing is averaged. What is random (start-up,
failures, slow attempts) comes from one generator of a given seed, so that a run can be repeated to the last bit.

What is modelled
  A driver hands out units, the longest expected first, to whichever executor is free; it takes `dispatch` seconds
  for each attempt and `commit` seconds for each result, one after another.
  An executor is a process with one GPU. It reads `input_bytes` once, then works through the steps of a unit: each
  computes, then writes a file and waits until that is there. It computes nothing while it waits.
  The file system is a server that shares its bandwidth equally among the transfers of the moment, each of which has
  at most `link`; names and their changes go through one queue of `operations` a second.
  An executor fails after a time that is exponential, and another begins in its place. The unit is begun again, by
  whoever is free, at the first step whose file is not there. A unit that fails `most_failures` times ends the job.
  An attempt is slow with some probability. A speculative second attempt follows Spark's rule: once a share of the
  units is done and none waits, any that runs for longer than a multiple of the median gets one; the first to end counts.

What is not: failures of the driver or of the file system, several failures at once, contention for networks other
than the file system's, and GPUs that differ for long.
"""
import bisect
import heapq
import itertools
import math
import random
from dataclasses import dataclass, field
from typing import Optional

INFINITE = math.inf


@dataclass(frozen=True)
class FileSystem:
    """bandwidth, link: bytes/s of all transfers and of one. latency: s of one operation. operations: a second."""
    bandwidth: float = INFINITE
    link: float = INFINITE
    latency: float = 0.0
    operations: float = INFINITE


@dataclass(frozen=True)
class Step:
    """Seconds of computing, then a file of so many bytes by so many operations on names."""
    seconds: float
    bytes: float = 0.0
    operations: int = 0


@dataclass(frozen=True)
class Unit:
    """What one attempt does. setup: seconds before the first step that it makes, again in every attempt."""
    steps: tuple
    setup: float = 0.0

    @property
    def seconds(self):
        return self.setup + sum(step.seconds for step in self.steps)


@dataclass(frozen=True)
class Speculation:
    """Spark's spark.speculation.quantile and .multiplier; these are the defaults of Spark 4."""
    quantile: float = 0.9
    multiplier: float = 3.0
    least: float = 0.1


@dataclass(frozen=True)
class Cluster:
    """Pairs of seconds are the ends of a uniform distribution. mtbf: mean seconds until an executor fails."""
    executors: int
    start: tuple = (0.0, 0.0)
    warmup: float = 0.0
    input_bytes: float = 0.0
    dispatch: float = 0.0
    commit: float = 0.0
    mtbf: float = INFINITE
    replacement: tuple = (0.0, 0.0)
    most_failures: float = INFINITE
    slow_chance: float = 0.0
    slow_factor: float = 1.0
    speculation: Optional[Speculation] = None


@dataclass
class Result:
    """Seconds are summed over executors, but for the makespan, which is from the job's begin to its last commit."""
    makespan: float = 0.0
    computed: float = 0.0
    lost: float = 0.0
    waited: float = 0.0
    written: float = 0.0
    read: float = 0.0
    failures: int = 0
    duplicates: int = 0
    aborted: bool = False


@dataclass
class _Job:
    """A unit and how far it is."""
    unit: Unit
    index: int
    finished_steps: int = 0
    done: bool = False
    failures: int = 0
    attempts: list = field(default_factory=list)

    @property
    def rank(self):
        return -self.unit.seconds, self.index


class _Attempt:
    def __init__(self, job, executor, begun, factor, speculative):
        self.job, self.executor, self.begun, self.factor = job, executor, begun, factor
        self.speculative = speculative
        self.step = job.finished_steps
        self.alive = True
        self.transfer = None
        self.computed = 0.0
        self.phase_begun = begun


class _Executor:
    def __init__(self):
        self.attempt = None
        self.fresh = True


class _Sharing:
    """Equal shares: while k transfers go on each has min(link, bandwidth / k).

    `served` is what a transfer has got that was there from the beginning; one that begins now ends when `served` has
    grown by its bytes, so that a heap of these ends is all that has to be kept.
    """

    def __init__(self, simulation, system):
        self.simulation, self.system = simulation, system
        self.served = self.since = 0.0
        self.ends = []
        self.active = self.version = 0

    def rate(self):
        return min(self.system.link, self.system.bandwidth / self.active)

    def _advance(self):
        if self.active:
            self.served += (self.simulation.now - self.since) * self.rate()
        self.since = self.simulation.now

    def begin(self, count, then):
        """Moves so many bytes and calls back. Returns what `cancel` takes."""
        transfer = {"then": then, "alive": True}
        if count == 0 or math.isinf(self.system.bandwidth) and math.isinf(self.system.link):
            self.simulation.at(self.simulation.now, self._arrive, transfer)
            return transfer
        self._advance()
        self.active += 1
        transfer["shares"] = True
        heapq.heappush(self.ends, (self.served + count, self.simulation.number(), transfer))
        self._plan()
        return transfer

    def _arrive(self, transfer):
        if transfer["alive"]:
            transfer["alive"] = False
            transfer["then"]()

    def cancel(self, transfer):
        if transfer["alive"]:
            transfer["alive"] = False
            if transfer.get("shares"):
                self._advance()
                self.active -= 1
                self._plan()

    def _plan(self):
        self.version += 1
        while self.ends and not self.ends[0][2]["alive"]:
            heapq.heappop(self.ends)
        if self.ends:
            wait = max(0.0, self.ends[0][0] - self.served) / self.rate()
            self.simulation.at(self.simulation.now + wait, self._end, self.version)

    def _end(self, version):
        if version != self.version:
            return
        self._advance()
        end, _, transfer = heapq.heappop(self.ends)
        self.served = max(self.served, end)  # What rounding left.
        self.active -= 1
        self._plan()
        self._arrive(transfer)


class Simulation:
    """One run of a job."""

    def __init__(self, cluster, system, stages, seed=0):
        self.cluster, self.system = cluster, system
        self.random = random.Random(seed)
        self.now = 0.0
        self.queue, self.count = [], 0
        self.sharing = _Sharing(self, system)
        self.names_free = self.driver_free = 0.0
        self.stages = [list(units) for units in stages if units]
        self.waiting, self.running, self.idle, self.durations = [], {}, [], []
        self.size = self.left = 0
        self.result = Result()
        self.speculation_planned = INFINITE
        self.ended = not self.stages
        self._next_stage()

    def _next_stage(self):
        """All units of a stage are done: those of the next may begin."""
        if not self.stages:
            return
        self.waiting = [(job.rank, job) for job in map(_Job, self.stages[0], itertools.count())]
        heapq.heapify(self.waiting)
        self.size = self.left = len(self.waiting)
        self.durations = []
        del self.stages[0]

    def number(self):
        self.count += 1
        return self.count

    def at(self, time, what, *values):
        heapq.heappush(self.queue, (time, self.number(), what, values))

    def run(self):
        for _ in range(self.cluster.executors):
            self.at(self.random.uniform(*self.cluster.start), self._up, _Executor())
        while self.queue and not self.ended:
            self.now, _, what, values = heapq.heappop(self.queue)
            what(*values)
        if not self.ended:
            raise AssertionError("no event is left, and the job is not done")
        return self.result

    # Executors

    def _up(self, executor):
        executor.fresh = True
        if not math.isinf(self.cluster.mtbf):
            self.at(self.now + self.random.expovariate(1 / self.cluster.mtbf), self._fail, executor)
        self._offer(executor)

    def _fail(self, executor):
        self.result.failures += 1
        attempt, executor.attempt = executor.attempt, None
        if attempt is None:
            self.idle.remove(executor)
        else:
            job = attempt.job
            self._drop(attempt)
            job.failures += 1
            if job.failures >= self.cluster.most_failures:
                self._end(aborted=True)
                return
            if not job.attempts:
                heapq.heappush(self.waiting, (job.rank, job))
                self._offer_idle()
        self.at(self.now + self.random.uniform(*self.cluster.replacement), self._up, executor)

    def _computing(self, attempt):
        """What the attempt has computed of the phase that it is in."""
        return max(0.0, self.now - attempt.phase_begun) if attempt.transfer is None else 0.0

    def _drop(self, attempt):
        """Ends an attempt; what it has computed since its last file is lost."""
        self.result.lost += attempt.computed + self._computing(attempt)
        attempt.alive = False
        attempt.job.attempts.remove(attempt)
        del self.running[attempt]
        if attempt.transfer is not None:
            self.result.waited += self.now - attempt.phase_begun
            if attempt.transfer != "names":
                self.sharing.cancel(attempt.transfer)

    # The driver

    def _offer(self, executor):
        """An executor is free."""
        job = self._next()
        if job is None:
            self.idle.append(executor)
            return
        self._launch(job, executor)

    def _offer_idle(self):
        while self.idle and self.waiting:
            self._offer(self.idle.pop())

    def _next(self):
        while self.waiting:
            job = heapq.heappop(self.waiting)[1]
            if not job.done:
                return job
        return None if self.cluster.speculation is None else self._slow_job()

    def _launch(self, job, executor):
        self.driver_free = max(self.now, self.driver_free) + self.cluster.dispatch
        slow = self.cluster.slow_chance and self.random.random() < self.cluster.slow_chance
        attempt = _Attempt(
            job, executor, self.driver_free, self.cluster.slow_factor if slow else 1.0, bool(job.attempts))
        self.result.duplicates += attempt.speculative
        job.attempts.append(attempt)
        executor.attempt = attempt
        self.running[attempt] = None
        self.at(self.driver_free, self._begin, attempt)
        if self.idle and self.cluster.speculation is not None and self._threshold() is not None:
            self.at(attempt.begun + self._threshold(), self._speculate)

    # Speculation

    def _slow_job(self):
        """The unit that runs for the longest beyond the threshold and has no second attempt yet."""
        threshold = self._threshold()
        if threshold is None:
            return None
        single = [a for a in self.running if len(a.job.attempts) == 1]
        if not single:
            return None
        first = min(single, key=lambda a: (a.begun, a.job.index))
        due = first.begun + threshold
        # Not `now - begun > threshold`: with rounding that may never become true at the time that was planned.
        if self.now >= due:
            return first.job
        if not self.now < self.speculation_planned <= due:
            self.speculation_planned = due
            self.at(due, self._speculate)
        return None

    def _threshold(self):
        rule = self.cluster.speculation
        if len(self.durations) < max(1, math.ceil(rule.quantile * self.size)):
            return None
        return max(rule.least, rule.multiplier * self.durations[len(self.durations) // 2])

    def _speculate(self):
        while self.idle:
            job = self._next()
            if job is None:
                return
            self._launch(job, self.idle.pop())

    # Attempts: each phase is an event; one that belongs to an attempt that was dropped does nothing.

    def _begin(self, attempt):
        if not attempt.alive:
            return
        executor = attempt.executor
        if executor.fresh and self.cluster.input_bytes:
            self._move(attempt, self.cluster.input_bytes, 1, self._warm, reading=True)
        else:
            self._warm(attempt)

    def _warm(self, attempt):
        # A slow attempt is slow in what it computes, not in what a new process needs.
        extra = self.cluster.warmup if attempt.executor.fresh else 0.0
        attempt.executor.fresh = False
        self._compute(attempt, attempt.job.unit.setup, extra)

    def _compute(self, attempt, setup=0.0, extra=0.0):
        step = attempt.job.unit.steps[attempt.step]
        attempt.phase_begun = self.now
        self.at(self.now + extra + attempt.factor * (setup + step.seconds), self._write, attempt)

    def _write(self, attempt):
        if not attempt.alive:
            return
        attempt.computed += self.now - attempt.phase_begun
        step = attempt.job.unit.steps[attempt.step]
        self._move(attempt, step.bytes, step.operations, self._written)

    def _move(self, attempt, count, operations, then, reading=False):
        """Names first, then bytes."""
        attempt.phase_begun = self.now
        attempt.transfer = "names"
        self.names_free = max(self.now, self.names_free) + operations / self.system.operations
        self.at(self.names_free + operations * self.system.latency, self._moving, attempt, count, then, reading)

    def _moving(self, attempt, count, then, reading):
        if not attempt.alive:
            return

        def moved():
            self.result.waited += self.now - attempt.phase_begun
            if reading:
                self.result.read += count
            else:
                self.result.written += count
            attempt.transfer = None
            attempt.phase_begun = self.now
            then(attempt)

        attempt.transfer = self.sharing.begin(count, moved)

    def _written(self, attempt):
        job = attempt.job
        if attempt.step == job.finished_steps:
            self.result.computed += attempt.computed
        else:
            self.result.lost += attempt.computed  # The other attempt had it first.
        attempt.computed = 0.0
        attempt.step += 1
        job.finished_steps = max(job.finished_steps, attempt.step)
        if attempt.step < len(job.unit.steps):
            self._compute(attempt)
            return
        self._finish(attempt)

    def _finish(self, attempt):
        job = attempt.job
        job.done = True
        bisect.insort(self.durations, self.now - attempt.begun)
        freed = []
        for each in list(job.attempts):
            freed.append(each.executor)
            self._drop(each)
        self.driver_free = max(self.now, self.driver_free) + self.cluster.commit
        self.left -= 1
        for executor in freed:
            executor.attempt = None
        if self.left == 0:
            if not self.stages:
                self._end()
                return
            self._next_stage()
        for executor in freed:
            self._offer(executor)
        self._offer_idle()
        if self.cluster.speculation is not None and self.idle:
            self._speculate()

    def _end(self, aborted=False):
        self.ended = True
        self.result.aborted = aborted
        self.result.makespan = max(self.now, self.driver_free)


def simulate(cluster, system, *stages, seed=0):
    """Runs a job.

    cluster: a Cluster. system: a FileSystem. stages: lists of Unit, in any order within a stage; none of a stage begins
    before all of the one before it are done. seed: of all that is random.
    """
    if cluster.executors < 1:
        raise ValueError("a cluster needs an executor, not %d" % cluster.executors)
    return Simulation(cluster, system, stages, seed).run()
