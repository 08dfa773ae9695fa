"""python3 -m unittest, in this folder: the simulation against closed forms, the cost model against the engine."""
import itertools
import math
import os
import random
import statistics
import sys
import unittest
from xml.etree import ElementTree

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import costs  # noqa: E402
import plots  # noqa: E402
import scenarios  # noqa: E402
import simulate as page  # noqa: E402
from cluster import Cluster, FileSystem, Speculation, Step, Unit, simulate  # noqa: E402

NO_FILES = FileSystem()
# Sums of some thousand doubles in another order.
ROUNDING = 1e-9


def units(*seconds):
    return [Unit((Step(s),)) for s in seconds]


def files(count, seconds, size, operations=0):
    return [Unit((Step(seconds, size, operations),))] * count


def makespan(executors, work, system=NO_FILES, seed=0, **more):
    return simulate(Cluster(executors, **more), system, work, seed=seed).makespan


def optimum(lengths, machines):
    """The least makespan, over all ways to share units out."""
    best = math.inf
    for where in itertools.product(range(machines), repeat=len(lengths)):
        loads = [0.0] * machines
        for machine, length in zip(where, lengths):
            loads[machine] += length
        best = min(best, max(loads))
    return best


class Scheduling(unittest.TestCase):
    def test_one_gpu_takes_the_sum(self):
        lengths = [random.Random(1).expovariate(1) for _ in range(1000)]
        self.assertAlmostEqual(sum(lengths), makespan(1, units(*lengths)), delta=ROUNDING * sum(lengths))

    def test_equal_units_take_the_rounds_that_they_fill(self):
        for count, executors in ((1, 1), (7, 3), (9, 3), (10, 3), (512, 512), (513, 512), (3, 8)):
            self.assertEqual(2.0 * math.ceil(count / executors), makespan(executors, units(*[2.0] * count)))

    def test_longest_first_is_within_its_bound_of_the_optimum(self):
        generator = random.Random(2)
        worst = 1.0
        for _ in range(60):
            machines = generator.choice((2, 3))
            lengths = [generator.uniform(1, 10) for _ in range(generator.randint(machines, 8))]
            ratio = makespan(machines, units(*lengths)) / optimum(lengths, machines)
            self.assertLessEqual(ratio, 4 / 3 - 1 / (3 * machines) + ROUNDING)
            self.assertGreaterEqual(ratio, 1 - ROUNDING)
            worst = max(worst, ratio)
        self.assertGreater(worst, 1.01)

    def test_longest_first_reaches_its_bound_on_grahams_example(self):
        # Two of each of 2p − 1 … p + 1, three of p: 4p − 1 where 3p would do.
        for p in (2, 3, 5, 16):
            lengths = [float(v) for v in range(p + 1, 2 * p) for _ in range(2)] + [float(p)] * 3
            random.Random(p).shuffle(lengths)
            self.assertEqual(4 * p - 1, makespan(p, units(*lengths)))
            self.assertAlmostEqual(3 * p * (4 / 3 - 1 / (3 * p)), 4 * p - 1, delta=ROUNDING)

    def test_driver_hands_out_one_after_another(self):
        # Units far shorter than the driver needs for each: the driver is all that counts.
        self.assertAlmostEqual(1000 * 0.01 + 1e-6, makespan(100, units(*[1e-6] * 1000), dispatch=0.01), delta=1e-9)

    def test_results_are_committed_one_after_another(self):
        self.assertAlmostEqual(1 + 64 * 0.5, makespan(64, units(*[1.0] * 64), commit=0.5), delta=ROUNDING)

    def test_stage_waits_for_all_of_the_one_before(self):
        result = simulate(Cluster(4), NO_FILES, units(3, 1), units(2, 2, 2, 2, 2))
        self.assertEqual(3 + 4, result.makespan)

    def test_start_warmup_and_input_come_before_the_first_unit_of_each_process(self):
        system = FileSystem(bandwidth=10, link=10)
        result = simulate(Cluster(2, start=(5, 5), warmup=3, input_bytes=20), system, units(1, 1, 1, 1))
        # Two readers share the bandwidth: 40 bytes in 4 s.
        self.assertAlmostEqual(5 + 4 + 3 + 2, result.makespan, delta=ROUNDING)
        self.assertEqual(40, result.read)

    def test_same_seed_is_the_same_run(self):
        more = dict(start=(1, 9), mtbf=50.0, replacement=(3, 7), slow_chance=0.1, slow_factor=4.0, speculation=Speculation())
        work = files(200, 3.0, 5.0, 2)
        system = FileSystem(20, 5, 0.01, 100)
        runs = [simulate(Cluster(8, **more), system, work, seed=s) for s in (7, 7, 8)]
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0].makespan, runs[2].makespan)


class Files(unittest.TestCase):
    def test_saturated_file_system_takes_bytes_over_bandwidth(self):
        # 64 executors that compute nothing to speak of, and write 6400 files of 10 bytes at 100 bytes/s.
        result = simulate(Cluster(64), FileSystem(bandwidth=100.0), files(6400, 1e-9, 10.0))
        self.assertAlmostEqual(640.0, result.makespan, delta=1e-6)
        self.assertEqual(64000, result.written)

    def test_link_limits_a_single_writer(self):
        self.assertAlmostEqual(10 * (1 + 5), makespan(1, files(10, 1.0, 10.0), FileSystem(100.0, 2.0)), delta=ROUNDING)

    def test_transfers_share_equally(self):
        # 10 and 30 bytes at 2 bytes/s: both have 1 byte/s for 10 s, then one has 2 bytes/s for 20 bytes.
        work = [Unit((Step(0.0, 10.0),)), Unit((Step(0.0, 30.0),))]
        self.assertAlmostEqual(20.0, makespan(2, work, FileSystem(2.0)), delta=ROUNDING)
        # The first is done after 10 s: a third unit of 5 s, which is the last in line, ends at 15.
        work = [Unit((Step(1.0, 10.0),)), Unit((Step(1.0, 10.0),)), Unit((Step(0.5),))]
        self.assertAlmostEqual(11.5, makespan(2, work, FileSystem(2.0)), delta=ROUNDING)

    def test_names_go_through_one_queue(self):
        self.assertAlmostEqual(500 * 4 / 100, makespan(50, files(500, 1e-9, 0.0, 4), FileSystem(operations=100)), delta=1e-6)

    def test_latency_is_waited_for_by_each(self):
        self.assertAlmostEqual(5 * (1 + 4 * 0.1), makespan(3, files(15, 1.0, 0.0, 4), FileSystem(latency=0.1)), delta=ROUNDING)

    def test_what_was_computed_and_written_adds_up(self):
        work = [Unit((Step(1.0, 7.0, 2), Step(2.0, 9.0, 2)), setup=0.5)] * 40
        result = simulate(Cluster(6), FileSystem(30.0, 10.0, 0.001, 1000), work)
        self.assertAlmostEqual(40 * 3.5, result.computed, delta=ROUNDING)
        self.assertEqual(40 * 16, result.written)
        self.assertEqual(0, result.lost)
        self.assertGreater(result.waited, 40 * 16 / 10.0)


class Failures(unittest.TestCase):
    def expect_mean(self, expected, sample):
        """Within four standard errors; one in 16,000 correct simulations would be refused, and seeds are fixed."""
        error = statistics.stdev(sample) / math.sqrt(len(sample))
        self.assertLess(error, 0.05 * expected)
        self.assertLess(abs(statistics.mean(sample) - expected), 4 * error)

    def test_unit_that_begins_again_takes_the_expected_time(self):
        # E = (e^(λt) − 1)/λ, and each of e^(λt) − 1 failures costs a replacement d.
        for length, mtbf, replacement in ((1.0, 1.0, 0.0), (2.0, 1.0, 0.0), (0.2, 1.0, 0.0), (1.0, 1.0, 0.5)):
            sample = [
                makespan(1, units(length), seed=s, mtbf=mtbf, replacement=(replacement, replacement))
                for s in range(6000)]
            self.expect_mean(math.expm1(length / mtbf) * (mtbf + replacement), sample)

    def test_finished_files_are_not_made_again(self):
        # Ten steps are ten restarts of a tenth each: 10 (e^(λt/10) − 1)/λ, not (e^(λt) − 1)/λ.
        work = [Unit((Step(0.2),) * 10)]
        self.expect_mean(10 * math.expm1(0.2), [makespan(1, work, seed=s, mtbf=1.0) for s in range(4000)])

    def test_setup_is_made_in_each_attempt(self):
        # With a setup s before the first step of each attempt: a step after a failure takes s more. First-step analysis:
        # from a fresh process, E = E(s + first step) and then the next; λ = 1, two steps of t.
        s, t = 0.3, 0.5
        fresh_step = math.expm1(s + t)
        # The second step, without setup at first: the time to end or fail is 1 − e^(−t), then with e^(−t) it is done.
        second = (1 - math.exp(-t)) + (1 - math.exp(-t)) * fresh_step
        work = [Unit((Step(t), Step(t)), setup=s)]
        self.expect_mean(fresh_step + second, [makespan(1, work, seed=k, mtbf=1.0) for k in range(8000)])

    def test_job_ends_with_a_unit_that_fails_too_often(self):
        # Four failures in a row: (1 − e^(−1))^4 = 0.160.
        runs = 4000
        ended = sum(
            simulate(Cluster(1, mtbf=1.0, most_failures=4), NO_FILES, units(1.0), seed=s).aborted for s in range(runs))
        chance = (1 - math.exp(-1)) ** 4
        self.assertLess(abs(ended - runs * chance), 4 * math.sqrt(runs * chance * (1 - chance)))

    def test_lost_unit_is_done_by_another(self):
        # Eight units of 10 s on eight executors that live 40 s on average: all are done, failures or none.
        failed = [simulate(Cluster(8, mtbf=40.0, replacement=(1, 1)), NO_FILES, units(*[10.0] * 8), seed=s) for s in range(50)]
        for result in failed:
            self.assertAlmostEqual(80.0, result.computed, delta=ROUNDING)
            self.assertGreaterEqual(result.makespan, 10.0 + (10.0 if result.lost > 10 * result.failures else 0.0))
        self.assertGreater(sum(result.failures for result in failed), 0)

    def test_transfer_of_a_failed_executor_frees_its_share(self):
        # Two writers of 100 bytes share 2 bytes/s until one fails, at τ. The other writes its rest alone, until 50 + τ/2,
        # and then the lost file in 50 s.
        mean, seen = 100.0, 0
        for seed in range(200):
            generator = random.Random(seed)
            for _ in range(2):
                generator.uniform(0, 0)
            first, second = sorted(generator.expovariate(1 / mean) for _ in range(2))
            if 10 < first < 90 and second > 160:
                seen += 1
                result = simulate(
                    Cluster(2, mtbf=mean, replacement=(1e6, 1e6)), FileSystem(2.0), files(2, 0.0, 100.0), seed=seed)
                self.assertEqual(1, result.failures)
                self.assertAlmostEqual(100 + first / 2, result.makespan, delta=1e-9)
        self.assertGreater(seen, 5)


class Speculative(unittest.TestCase):
    def test_second_attempt_ends_a_slow_one(self):
        # Nine units of 1 s and one that takes 9 times as long, on ten executors: after 3 medians a second attempt
        # begins and takes 1 s.
        cluster = dict(slow_chance=0.1, slow_factor=9.0)
        seed = next(s for s in range(1000) if makespan(10, units(*[1.0] * 10), seed=s, **cluster) == 9.0
                    and self.slow_ones(s) == 1 and self.next_is_fast(s))
        result = simulate(Cluster(10, speculation=Speculation(), **cluster), NO_FILES, units(*[1.0] * 10), seed=seed)
        self.assertAlmostEqual(4.0, result.makespan, delta=ROUNDING)
        self.assertEqual(1, result.duplicates)
        self.assertAlmostEqual(4.0, result.lost, delta=ROUNDING)

    @staticmethod
    def draws(seed):
        generator = random.Random(seed)
        for _ in range(10):
            generator.uniform(0, 0)
        return [generator.random() < 0.1 for _ in range(11)]

    def slow_ones(self, seed):
        return sum(self.draws(seed)[:10])

    def next_is_fast(self, seed):
        return not self.draws(seed)[10]

    def test_long_units_are_taken_for_slow_ones(self):
        # What Spark's rule cannot know: a unit of 100 s among short ones is as long as it should be.
        result = simulate(Cluster(4, speculation=Speculation()), NO_FILES, units(100.0, *[1.0] * 30))
        self.assertEqual(100.0, result.makespan)
        self.assertEqual(1, result.duplicates)
        self.assertGreater(result.lost, 80.0)


class Counts(unittest.TestCase):
    def test_choice_between_ways_is_the_engines(self):
        rows = costs.table("cells.csv")
        self.assertEqual({"structured", "explicit"}, {row["gram"] for row in rows})
        for row in rows:
            self.assertEqual(row["gram"], costs.cell_of(row).problem.strategy(), row)

    def test_counts_are_those_of_the_plans(self):
        # `flops` of `tangentflow ntk --plan --json` for one block, with --gram and --time-nodes; recorded.
        for problem, way, flops in (
                (costs.Problem(1024, 10, 500, 4), "compressed", 2.932736e10),
                (costs.Problem(2048, 20, 300, 5), "compressed", 1.10370816e11),
                (costs.Problem(1024, 40, 100), "structured", 4.9545216e10),
                (costs.Problem(256, 3, 64), "structured", 6.9206016e7),
                (costs.Problem(512, 80, 100), "explicit", 1.5204352e10)):
            of_gram = problem.explicit_flops() if way == "explicit" else problem.structured_flops() + problem.node_flops()
            self.assertEqual(flops, problem.solve_flops() + of_gram)

    def test_fit_finds_the_constants_that_data_were_made_of(self):
        generator = random.Random(3)
        rows = [[1.0, generator.uniform(1, 1e3), generator.uniform(1, 1e12)] for _ in range(40)]
        truth = [0.01, 0.0, 3e-11]
        found = costs.non_negative_fit(rows, [sum(a * b for a, b in zip(row, truth)) for row in rows])
        for wanted, got in zip(truth, found):
            self.assertAlmostEqual(wanted, got, delta=1e-9 * max(truth))
        # A term that would be negative is left out.
        found = costs.non_negative_fit([[1.0, x] for x in (1.0, 2.0, 3.0)], [3.0, 2.0, 1.0])
        self.assertEqual(0.0, found[1])

    def test_jobs_on_the_gpu_are_those_of_the_pages(self):
        self.assertEqual(12, len(costs.h200_table()))
        text = (costs.ROOT / "docs/gpu-predictions.md").read_text(encoding="utf-8")
        for problem, seconds in costs.H200_JOBS:
            words = "Gram, n = {:,}, N = {:,}, Euler with {}, FP32".format(
                problem.width, problem.samples, problem.evaluations)
            row = next(line for line in text.splitlines() if words in line)
            self.assertIn("%g ms" % (1e3 * seconds), row)


class Grams(unittest.TestCase):
    gram = scenarios.Gram(samples=10_000, width=512, tile=1024)

    def test_every_tile_is_made_once(self):
        bytes_of_all = sum(
            scenarios.TILE_HEADER_BYTES + 8 * self.gram.extent(r) * self.gram.extent(c)
            for r in range(10) for c in range(r + 1))
        for work in (self.gram.runs(1), self.gram.runs(4), self.gram.runs(1000), self.gram.squares(3)):
            steps = [step for unit in work for step in unit.steps]
            self.assertEqual(55, len(steps))
            self.assertEqual(bytes_of_all, sum(step.bytes for step in steps))

    def test_features_are_made_as_often_as_the_unit_says(self):
        # Of ten blocks, tiles alone: two blocks for each of 45, one for each of 10 on the diagonal.
        def features(work):
            return sum(unit.seconds for unit in work) - sum(
                self.gram.contraction(r, c) for r in range(10) for c in range(r + 1))

        full, last = self.gram.features(0), self.gram.features(9)
        for work, all_blocks, last_blocks in (
                (self.gram.runs(1), 2 * 36 + 9 + 9, 10), (self.gram.runs(1000), 36 + 9 + 9, 1)):
            self.assertAlmostEqual(all_blocks * full + last_blocks * last, features(work), delta=1e-9)

    def test_tiles_have_the_flops_of_the_whole_gram(self):
        # 2nq²N², those on the diagonal at half; what else a tile takes is counted for each tile and entry.
        model = scenarios.gpu_models()[0]
        gram = scenarios.Gram(samples=10_000, width=512, tile=1024, host=False)
        total = sum(gram.contraction(r, c) for r in range(10) for c in range(r + 1))
        each = model.constant("Gram") + model.constant("slot") * gram.nodes
        whole = costs.Problem(512, 10, 10_000, 4).structured_flops()
        self.assertAlmostEqual(model.constant("FLOP of the Gram") * whole, total - 55 * each, delta=1e-9)

    def test_tiles_and_bytes_are_those_of_the_plan(self):
        # `ntk --plan --json --samples 1000000 --width 4096 --tile 4096 --store DIR`: tiles, storeBytes; recorded.
        gram = scenarios.Gram()
        self.assertEqual(30135, gram.tiles)
        self.assertEqual(4016377698020, gram.stored)

    def test_larger_squares_make_fewer_features(self):
        totals = [sum(unit.seconds for unit in self.gram.squares(g)) for g in (1, 2, 5, 10)]
        self.assertEqual(sorted(totals, reverse=True), totals)
        self.assertAlmostEqual(totals[0], sum(unit.seconds for unit in self.gram.runs(1)), delta=1e-9)


class Plots(unittest.TestCase):
    def test_points_and_ticks_lie_within_the_axes(self):
        lines = [plots.Line("a < b", [(1, 3.0), (512, 0.02)]), plots.Line("c", [(8, 40.0)], joined=False)]
        root = ElementTree.fromstring(plots.svg("t", "s", "GPUs", "y [s]", lines, x_ticks=(1, 8, 4096)))
        places = [e.get("transform") for e in root.iter() if (e.get("class") or "") == "tf-halo"]
        inside = [tuple(map(float, place[len("translate("):-1].split(","))) for place in places]
        self.assertEqual(3 + len(lines), len(inside))  # With those of the legend.
        for x, _ in inside[len(lines):]:
            self.assertTrue(plots.LEFT < x < plots.WIDTH - plots.RIGHT)
        # More seconds are higher up, more GPUs further right.
        (left, low), (right, lower), (_, high) = inside[len(lines):]
        self.assertTrue(left < right and high < low < lower)
        words = [e.text for e in root.iter() if e.tag.endswith("text")]
        self.assertTrue({"GPUs", "y [s]", "a < b", "1", "8"} <= set(words))
        self.assertNotIn("4,096", words)

    def test_ticks_are_told_apart(self):
        self.assertEqual(["0.02", "1", "1.05", "10", "65,536", "10⁷"], [plots.tick(v) for v in (0.02, 1, 1.05, 10.0, 65536, 1e7)])


class Page(unittest.TestCase):
    def test_tables_go_between_their_marks(self):
        begin, end = page.marks("a")
        text = "x\n%s\nold\n%s\ny\n" % (begin, end)
        self.assertEqual("x\n%s\nnew\n%s\ny\n" % (begin, end), page.with_tables(text, {"a": "new"}))
        with self.assertRaises(SystemExit):
            page.with_tables("no marks", {"a": "new"})

    def test_check_tells_a_changed_digit(self):
        begin, end = page.marks("a")
        text = "%s\n| 1.24 |\n%s\n" % (begin, end)
        self.assertEqual([], page.differences(text, {"a": "| 1.24 |"}, {}, lambda name: ""))
        self.assertNotEqual([], page.differences(text, {"a": "| 1.25 |"}, {}, lambda name: ""))
        self.assertEqual(["p.svg"], page.differences(text, {"a": "| 1.24 |"}, {"p.svg": "<svg/>"}, lambda name: "<svg></svg>"))


if __name__ == "__main__":
    unittest.main()
