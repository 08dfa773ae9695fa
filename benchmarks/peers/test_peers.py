"""python3 -m unittest, in this folder: the references against differences, and the script of the goals."""

import contextlib
import io
import os
import sys
import types
import unittest

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import common  # noqa: E402
import limit  # noqa: E402
import measure  # noqa: E402
from network import TABLEAUX, Network  # noqa: E402


def network(samples=3, width=7, input_dim=4):
    return Network.of(types.SimpleNamespace(seed=1, weights=None, width=width, input_dim=input_dim, samples=samples))


class Reference(unittest.TestCase):
    def test_discrete_gradient_is_the_slope_of_the_objective(self):
        # Central differences of step ε leave ε²; rounding u/ε. At ε = 1e-5 both are below 1e-9.
        epsilon = 1e-5
        random = np.random.default_rng(2)
        for solver in TABLEAUX:
            base = network()
            gradient = base.discrete(solver, 4)
            for name, block in (("U", "u"), ("W", "w"), ("V", "v")):
                direction = random.standard_normal(getattr(base, block).shape)
                values = []
                for sign in (1, -1):
                    moved = network()
                    setattr(moved, block, getattr(moved, block) + sign * epsilon * direction)
                    values.append(moved.r @ moved.discrete(solver, 4)["outputs"])
                slope = (values[0] - values[1]) / (2 * epsilon)
                self.assertAlmostEqual(slope, (gradient[name] * direction).sum(), delta=1e-8)

    def test_augmented_gradient_approaches_the_discrete_one_with_the_fourth_power_of_the_step(self):
        gaps = []
        for steps in (8, 16):
            discrete, augmented = (getattr(network(), way)("three-eighths", steps)["W"] for way in ("discrete", "augmented"))
            gaps.append(common.difference(augmented, discrete))
        self.assertGreater(gaps[0] / gaps[1], 2**3.5)

    def test_kernel_is_the_inner_products_of_gradients(self):
        base = network()
        kernel = base.ntk("euler", 5)
        rows = []
        for i in range(base.samples):
            single = Network(base.u, base.w, base.v, base.x[i : i + 1], np.ones(1))
            gradient = single.discrete("euler", 5)
            rows.append(np.concatenate([gradient[name].ravel() for name in "UWV"]))
        self.assertLess(common.difference(kernel, np.array(rows) @ np.array(rows).T), 1e-14)

    def test_another_solver_is_told_apart(self):
        with self.assertRaises(common.Differs):
            common.require(
                "outputs",
                common.difference(network().discrete("rk4", 4)["outputs"], network().discrete("euler", 4)["outputs"]),
                1e-6,
            )
        with self.assertRaises(common.Differs):
            common.require("nothing", float("nan"), 1)

    def test_limit_at_depth_one_is_the_sum_written_out(self):
        a, b, c = limit.PAIRS[1]
        rule = limit.Expansion(np)
        one = lambda *v: tuple(float(r[0]) for r in rule.pair(*(np.array([x]) for x in v)))
        e00, d00 = one(a, b, c)
        s = [one(v, v, v)[0] for v in (a, b)]
        e11, d11 = one(a + s[0], b + s[1], c + e00)
        # Θ⁰⁰ = Θ¹¹ (1 + φ'φ'), Θ¹¹ = E[φ'φ'] at the end.
        expected = e11 + e00 * d11 + c * d11 * (1 + d00)
        self.assertAlmostEqual(limit.limit(np, limit.Quadrature(np, 60), 1, (a, b, c))[1], expected, delta=1e-9)


class Goals(unittest.TestCase):
    def rows(self, row, tangentflow, peer=None):
        def no_peer(*words):
            raise measure.Unmeasured("needs --python")

        bench = types.SimpleNamespace(tangentflow=lambda *words: tangentflow, peer=peer or no_peer, waits=measure.WAITS)
        measure.ROWS["test"] = row
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                return measure.measured(bench, ["test"])
        finally:
            del measure.ROWS["test"]

    def test_fraction_decides(self):
        for fraction, verdict in ((0.92, "met"), (0.9199, "missed")):
            rows = self.rows(measure.gradient_of_gemm, {"fractionOfGemm": fraction, "sgemmGflops": 100})
            self.assertEqual([verdict] * 3, [row[2] for row in rows])

    def test_rate_of_its_own_products_is_told_beside(self):
        found = {"fractionOfGemm": 0.9149, "fractionOfOwnProducts": 0.987, "sgemmGflops": 100}
        for goal, measured, verdict in self.rows(measure.gradient_of_gemm, found):
            self.assertEqual("missed", verdict)
            self.assertRegex(measured, "91.5 %.* 98.7 %")

    def test_plain_loop_needs_no_torchdiffeq(self):
        peer = lambda *words: {"variants": [{"name": "loop", "seconds": 3.0}]}
        rows = self.rows(measure.gradient_of_peers(2048, 4, 2.5), {"seconds": 1.0}, peer)
        self.assertEqual("not measured: needs --torchdiffeq", rows[0][1])
        self.assertTrue(rows[2][1].startswith("3.0×"), rows[2])

    def test_kernel_takes_the_setting_that_was_faster_for_the_gradient(self):
        settings = []

        def peer(name, script, *words):
            settings.append(words[-1])
            seconds = 2.0 if words[-1] == "default" else 3.0
            return {"variants": [{"name": n, "seconds": seconds} for n in ("loop", "backward")]}

        def both(bench):
            yield from measure.gradient_of_peers(2048, 4, 2.5)(bench)
            yield from measure.ntk(bench)

        rows = self.rows(both, {"seconds": 0.1, "medianSeconds": 0.2}, peer)
        self.assertEqual(["passive", "default", "default"], settings)
        self.assertTrue(rows[3][1].startswith("10× (median of 3 runs, 0.2 s, against 1 run"), rows[3])

    def test_faster_setting_of_a_peer_counts(self):
        def peer(name, script, *words):
            seconds = 3.9 if words[-1] == "passive" else 8.0
            return {"job": "gradient", "variants": [{"name": n, "seconds": seconds} for n in ("adjoint", "backprop", "loop")]}

        rows = self.rows(measure.gradient_of_peers(2048, 4, 2.5), {"seconds": 1.0}, peer)
        self.assertEqual(["missed", "met", "–"], [row[2] for row in rows])

    def test_row_without_peers_says_why(self):
        rows = self.rows(measure.gradient_of_peers(2048, 4, 2.5), {"seconds": 1.0})
        self.assertEqual([("the rest of `test`", "not measured: needs --python", "–")], rows)

    def test_memory_limits_only_where_a_copy_takes_longer_than_the_arithmetic(self):
        entry = lambda name, small, large, fraction: {
            "activation": name,
            "small": {"nanosecondsPerEntryAndCore": small},
            "large": {"nanosecondsPerEntryAndCore": large, "fractionOfCopy": fraction},
        }
        # softplus: arithmetic takes 1.2 of 1.5 ns, a copy 0.75. relu: a copy takes 0.3 of 0.6 ns.
        entries = [entry("softplus", 1.2, 1.5, 0.5), entry("relu", 0.1, 0.6, 0.5)]
        rows = self.rows(measure.activation, {"activations": entries, "largeEntries": 1 << 24, "smallEntries": 1 << 16})
        self.assertEqual("relu 50.0 %", rows[2][1])
        self.assertEqual(["met", "met", "missed", "–"], [row[2] for row in rows])

    def test_activation_of_a_peer_has_the_same_sizes(self):
        small = {"nanosecondsPerEntryAndCore": 1.0}
        large = {"nanosecondsPerEntryAndCore": 2.0, "fractionOfCopy": 0.5}
        entries = [{"activation": name, "small": small, "large": large} for name in ("softplus", "relu")]

        def peer(name, script, *words):
            sizes = [int(words[words.index(option) + 1]) for option in ("--elements", "--small")]
            self.assertEqual([1 << 24, 1 << 16], sizes)
            time = lambda size: (3.0 if words[-1] == "passive" else 5.0) * (2 if size == sizes[1] else 4)
            return {
                "variants": [
                    {"name": "softplus", "elements": n, "seconds": time(n), "nanosecondsPerElementAndCore": time(n)}
                    for n in sizes
                ]
            }

        found = {"activations": entries, "largeEntries": 1 << 24, "smallEntries": 1 << 16}
        self.assertEqual(["softplus 6.0×"] * 2, [row[1] for row in self.rows(measure.activation, found, peer)[3:]])

    def test_contraction_is_held_against_its_two_products(self):
        # 2·2·512·2048·2048 FLOPs at 100 GFLOP/s are 85.9 ms; a quarter is 21.5 ms.
        for seconds, verdict in ((0.0214, "met"), (0.0216, "missed")):
            operation = {"operation": "contract, 4 blocks", "seconds": seconds}
            found = {"width": 2048, "sgemmGflops": 100, "operations": [operation]}
            self.assertEqual(verdict, self.rows(measure.contraction, found)[0][2])

    def test_table_goes_between_the_markers(self):
        block = measure.markdown([("a", "1|2", "met")], ["A machine."])
        text = f"before\n{measure.BEGIN}\nold\n{measure.END}\nafter\n"
        self.assertEqual(f"before\n{block}\nafter\n", measure.replaced(text, block))
        self.assertIn("| a | 1\\|2 | met |", block)
        with self.assertRaises(ValueError):
            measure.replaced("no markers", block)


if __name__ == "__main__":
    unittest.main()
