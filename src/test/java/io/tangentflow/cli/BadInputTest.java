package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.kernel.gram.TileGrid;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Impossible requests: each ends with one sentence on standard error and its own exit code, shows
 * no stack trace, prints no result, and leaves the disk as it was. {@code DIR} in a command line is
 * a directory of its own.
 */
class BadInputTest {

  @TempDir private Path root;
  private int directories;

  /**
   * @param code the exit code
   * @param words what the sentence says
   * @param prepare makes files in the directory
   * @param line the command line, its words parted by blanks
   */
  private record Case(int code, String words, Consumer<Path> prepare, String line) {}

  private static Case of(int code, String words, String line) {
    return new Case(code, words, directory -> {}, line);
  }

  private static Case of(int code, String words, Consumer<Path> prepare, String line) {
    return new Case(code, words, prepare, line);
  }

  @TestFactory
  Stream<DynamicTest> hyperParametersOutOfRange() {
    return Stream.of(
            of(2, "--width: must be at least 1, not 0", "ntk --width 0"),
            of(2, "--width: must be at least 1, not -64", "ntk --width -64"),
            of(2, "--width: must be at least 1, not 0", "sweep --width 64,0 --out DIR/run"),
            of(2, "--width: 64 is given more than once", "sweep --width 64,64 --out DIR/run"),
            of(2, "--activation: tanh", "sweep --activation tanh,TANH --out DIR/run"),
            of(2, "--activation: there is no activation 'swish2'; known are", "activation swish2"),
            of(2, "--activation: 'leaky-relu:x': 'x' is not", "ntk --activation leaky-relu:x"),
            of(2, "--activation: 'monomial:0': the degree", "limit --activation monomial:0"),
            of(
                2,
                "--activation: 'polynomial:1': a polynomial",
                "sweep --activation relu,polynomial:1 --out DIR/run"),
            of(
                2,
                "--activation: leaky-relu:0.01 is",
                "convergence --activation leaky-relu,leaky-relu"),
            of(2, "--variance: must be a positive number, not 0.0", "activation tanh --variance 0"),
            of(
                2,
                "--variance: must be a positive",
                "activation tanh --variance NaN --out DIR/a.svg"),
            of(
                2,
                "is not resolved in fp64",
                "activation exponential --variance 1e4 --out DIR/a.svg"),
            of(2, "--out: is about one activation; name it", "activation --out DIR/a.svg"),
            of(2, "--coefficients: must be zero or", "activation tanh --coefficients -1"),
            of(2, "blows up", "limit --activation exponential --norms 4,4 --dot 1 --horizon 3"),
            of(2, "--seeds: must be between", "sweep --seeds 0 --out DIR/run"),
            of(2, "--on: '127.0.0.1:7077' is no master", "sweep --on 127.0.0.1:7077 --out DIR/run"),
            of(
                2,
                "--backend: cuda:1 names a device",
                "sweep --on yarn --backend cuda:1 --out DIR/run"),
            of(2, "--exchange: is between", "sweep --exchange hdfs://host/path --out DIR/run"),
            of(2, "--on: computes the tiles of a store", "ntk --on spark://127.0.0.1:7077"),
            of(2, "--seeds: must be between", "sweep --seeds -1 --out DIR/run"),
            of(2, "--horizon: must be a positive number, not -1.0", "ntk --horizon -1"),
            of(2, "--horizon: must be a positive number, not 0.0", "limit --horizon 0"),
            of(2, "--horizon: must be a positive number, not NaN", "limit --horizon NaN"),
            of(2, "--horizon: must be a positive", "sweep --horizon Infinity --out DIR/run"),
            of(2, "--sigma-u: must be zero or a positive number, not -1.0", "ntk --sigma-u -1"),
            of(2, "--sigma-w: must be zero or", "limit --sigma-w -0.5 --norms 1,1 --dot 1"),
            of(2, "--sigma-v: must be zero or a positive number, not NaN", "ntk --sigma-v NaN"),
            of(2, "--sigma-v: must be positive, not 0.0", "sweep --sigma-v 0 --out DIR/run"),
            of(2, "--depth: must be at least 1, not 0", "ntk --depth 0"),
            of(2, "--depth: must be at least 1, not 0", "sweep --depth 5,0 --out DIR/run"),
            of(2, "--depth: must be between 1 and 8192, not 0", "limit --depth 0"),
            of(2, "--depth: must be a number of steps or inf, not 'deep'", "limit --depth deep"),
            of(2, "--depth: 2147483647 steps of rk4", "ntk --depth 2147483647 --samples 2"),
            of(2, "--outputs: must be at least 1, not 0", "ntk --outputs 0"),
            of(2, "--outputs: must be", "init --width 4 --input-dim 2 --outputs 0 --out DIR/w"),
            of(2, "--input-dim: must be", "init --width 4 --input-dim 0 --out DIR/w"),
            of(2, "--samples: 0 were asked for, and digits has 1797", "ntk --samples 0"),
            of(2, "--samples: 1798 were asked for", "limit --samples 1798"),
            of(2, "--samples", "ntk --samples 0 --data synthetic:d=3"),
            of(2, "--samples", "limit --samples 2000000000 --data synthetic:d=1"),
            of(2, "--threads: must be between 1 and 1024, not 0", "ntk --threads 0"),
            of(2, "--threads: must be between", "limit --threads 0 --samples 4"),
            of(2, "--threads: must be between", "limit --threads 100000 --samples 4"),
            of(2, "--threads: must be between", "sweep --threads -2 --out DIR/run"),
            of(2, "--threads: must be between", "quickstart --threads 0 --out DIR/run"),
            of(2, "--tile: must be at least 1, not 0", "ntk --store DIR/s --tile 0"),
            of(2, "--tile: is about tiles in a directory", "ntk --tile 8"),
            of(2, "--shard: is about tiles in a directory", "ntk --shard 1/2"),
            of(2, "--store-precision: is about tiles", "ntk --store-precision fp32"),
            of(2, "--shard: must be i/k", "ntk --store DIR/s --shard 2"),
            of(2, "--shard: 3/2 is none of", "ntk --store DIR/s --shard 3/2"),
            of(2, "--shard: must be i/k", "ntk --store DIR/s --shard 1/0"),
            of(2, "--out: is about a matrix in", "ntk --store DIR/s --out DIR/K.npy"),
            of(2, "--trace: is about a matrix in", "ntk --store DIR/s --trace"),
            of(
                2,
                "--store: needs a solver of known steps",
                "ntk --store DIR/s --gradient stored:dormand-prince/1e-6"),
            of(
                2,
                "--tile: tiles of order 1 cut",
                "ntk --store DIR/s --tile 1 --samples 40000 --data synthetic:d=1"),
            of(
                2,
                "--samples: 1797 samples of 2000000",
                "ntk --store DIR/s --samples 1797 --outputs 2000000 --width 4"),
            of(2, "--norms: takes two finite numbers", "limit --norms 1,2,3 --dot 1"),
            of(2, "--norms: takes two finite numbers", "limit --norms 1,-1 --dot 0"),
            of(2, "--norms: takes two finite numbers", "limit --norms 1,inf --dot 0"),
            of(2, "--norms: takes two finite numbers", "limit --norms 1,,2 --dot 0"),
            of(2, "--norms: takes two finite numbers", "limit --norms 1,Infinity --dot 0"),
            of(2, "--dot: x·x̄/d = 1.5 is impossible", "limit --norms 1,1 --dot 1.5"),
            of(2, "--dot", "limit --norms 1,1 --dot NaN"),
            of(2, "is impossible", "limit --norms 1e-200,1e-200 --dot 5e-200"),
            of(2, "is impossible", "limit --norms 1e200,1e200 --dot 3e200"),
            of(2, "is impossible", "limit --norms 0,1 --dot 1e-300"),
            of(2, "--out: is about data", "limit --norms 1,1 --dot 1 --out DIR/K.npy"),
            of(2, "--samples: is about data", "limit --norms 1,1 --dot 1 --samples 4"),
            of(2, "--table: is about data", "limit --norms 1,1 --dot 1 --table DIR/k.json"),
            of(2, "--no-eigenvalues: leaves nothing to do", "limit --no-eigenvalues --samples 4"),
            of(
                2,
                "--activation: is about computing the kernel",
                "limit --table DIR/k.json --activation relu"),
            of(
                2,
                "--table-out: these samples are computed pair by pair",
                "limit --samples 4 --table-out DIR/k.json --no-eigenvalues"),
            of(2, "--learning-rate: must be a positive", "certify --learning-rate 0"),
            of(2, "--learning-rate: must be a positive", "certify --learning-rate NaN"),
            of(2, "--learning-rate: must be a positive", "certify --learning-rate=-0.1"),
            of(2, "--depth: must be between 1 and 8192, not 0", "certify --depth 0"),
            of(2, "--depth: must be a number of steps or inf", "certify --depth deep"),
            of(2, "--samples: 1798 were asked for", "certify --samples 1798"),
            of(2, "--samples", "certify --samples 2000000000 --data synthetic:d=1"),
            of(2, "--threads: must be between", "certify --threads 0 --samples 4"),
            of(2, "--sigma-v: the kernel is zero", "certify --sigma-v 0 --samples 4"),
            of(
                2,
                "--sigma-u: the kernel is zero",
                "certify --activation relu --sigma-u 0 --samples 4"),
            of(2, "blows up", "certify --activation quadratic --horizon 5 --samples 4"),
            of(2, "--depth: is about a limiting kernel", "certify --gram DIR/K.npy --depth 3"),
            of(2, "--threads: is about a", "certify --gram DIR/K.npy --threads 3"),
            of(2, "blows up", "sweep --activation quadratic --samples 4 --out DIR/run"),
            of(
                2,
                "is zero on these data",
                "sweep --activation relu --sigma-u 0 --samples 4 --out DIR/run"),
            of(2, "--test-samples: must be at least 1, not 0", "predict --test-samples 0"),
            of(2, "--samples: must be at least 1, not -3", "predict --samples -3 --out DIR/p"),
            of(2, "--samples: 2300 were asked for", "predict --samples 1800 --out DIR/p"),
            of(2, "make a Gram matrix of more than 2^31", "predict --samples 2147483647"),
            of(2, "--learning-rate: must be a positive", "predict --learning-rate 0"),
            of(2, "--learning-rate: must be a positive", "predict --learning-rate -1e-3"),
            of(2, "or auto, not 'fast'", "predict --learning-rate fast --out DIR/p"),
            of(2, "--steps: must rise, but 5 follows 10", "predict --steps 10,5"),
            of(2, "--steps: must rise, but inf follows inf", "predict --steps inf,inf"),
            of(2, "--steps: must be whole numbers ≥ 0 or inf", "predict --steps -1"),
            of(2, "--steps: '0.5' is not a whole number", "predict --steps 0.5,1 --out DIR/p"),
            of(2, "--times: 'late' is not a number or inf", "predict --times late"),
            of(2, "--times: must be numbers ≥ 0", "predict --times -2"),
            of(2, "--times: must be numbers ≥ 0", "predict --times NaN"),
            of(2, "--ridge: must be zero or a positive number", "predict --ridge -1 --out DIR/p"),
            of(2, "--horizon: must be a positive number", "predict --horizon 0 --out DIR/p"),
            of(2, "data needs numbers", "predict --targets data --out DIR/p"),
            of(2, "standard needs numbers", "predict --targets standard --out DIR/p"),
            of(
                2,
                "of target 0 of csv:a.csv over 2 training samples is 0.0",
                text("a.csv", "a,b,y\n3,1,7\n3,2,7\n3,3,7\n"),
                "predict --data csv:DIR/a.csv --samples 2 --test-samples 1 --targets standard --out DIR/p"),
            of(
                2,
                "onehot needs classes, and csv:a.csv has none; those of a CSV are words",
                text("a.csv", "a,b,label\n3,1,0\n3,2,1\n3,3,1\n"),
                "predict --data csv:DIR/a.csv --samples 2 --test-samples 1 --targets onehot --out DIR/p"),
            of(
                2,
                "has none; csv:FILE#COLUMN names their column",
                text("a.csv", "a,y,b\n3,1,0\n3,2,1\n3,3,1\n"),
                "predict --data csv:DIR/a.csv --samples 2 --test-samples 1 --out DIR/p"),
            of(
                2,
                "onehot needs classes, and synthetic",
                "predict --data synthetic:d=3 --targets onehot --out DIR/p"),
            of(2, "--cross: goes with --gram", "predict --cross DIR/a.npy"),
            of(2, "--targets-file: goes with --gram", "predict --targets-file DIR/a.npy"),
            of(2, "--gram: needs --targets-file", "predict --gram DIR/a.npy --out DIR/p"),
            of(
                2,
                "--activation: is about a limiting kernel",
                "predict --gram DIR/a.npy --targets-file DIR/a.npy --activation relu"),
            of(
                2,
                "--data: is about data",
                "predict --gram DIR/a.npy --targets-file DIR/a.npy --data digits"),
            of(
                9,
                "the loss overflows by step 100000: the learning rate 0.01000 exceeds 2/(λ_max + δ)",
                "predict --samples 20 --test-samples 5 --learning-rate 1e-2 --steps 100000"
                    + " --sigma-v 10 --out DIR/p"),
            of(
                10,
                "training samples is singular within its error",
                text("a.csv", "a,b,y\n3,1,0\n3,1,1\n3,1,2\n4,4,3\n1,5,1\n"),
                "predict --data csv:DIR/a.csv --samples 4 --test-samples 1 --steps 1,inf"
                    + " --out DIR/p"),
            of(
                10,
                "training samples is not positive semi-definite",
                npy(1, 2, 2, 1),
                "predict --gram DIR/a.npy --samples 2 --test-samples 2 --cross DIR/a.npy"
                    + " --targets-file DIR/a.npy --out DIR/p"),
            of(2, "--width: must be at most 512", "ensemble --width 513 --out DIR/f.npy"),
            of(2, "--width: must be at least 1, not 0", "ensemble --width 0"),
            of(2, "--depth: must be at least 1, not 0", "ensemble --depth 0"),
            of(2, "--networks: must be at least 2", "ensemble --networks 1"),
            of(2, "--networks: must be at least 2", "ensemble --networks -5 --out DIR/f.npy"),
            of(2, "euler or rk4, not by heun", "ensemble --solver heun --out DIR/f.npy"),
            of(2, "--outputs: must be at least 1", "ensemble --outputs 0"),
            of(2, "--method: 'rk4/20' is not a gradient method", "gradient -m rk4/20"),
            of(2, "--method: 'rk5/20': there is no solver", "gradient -m stored:rk5/20"),
            of(
                2,
                "--method: 'rk4/1e-3': rk4 does not estimate its error",
                "gradient -m discrete:rk4/1e-3"),
            of(2, "--method: 'rk4/0': must be at least 1", "gradient -m discrete:rk4/0"),
            of(2, "'-3x' is neither", "gradient -m discrete:rk4/-3x"),
            of(2, "must be at least 1, not -3", "gradient -m discrete:rk4/-3"),
            of(2, "neither a number of steps", "gradient -m discrete:rk4/99999999999"),
            of(2, "--per-sample: holds", "gradient -m discrete:rk4/5 --per-sample"),
            of(2, "--depth: has no meaning beside", "ntk --gradient discrete:rk4/5 --depth 3"),
            of(2, "--depth: euler with 2000000000", "convergence --depth 2,4,2000000000"),
            of(
                2,
                "must be greater than 0 and less than 1",
                "gradient -m stored:dormand-prince/1.5"),
            of(2, "--method: 'checkpointed=0:rk4/20' is not", "gradient -m checkpointed=0:rk4/20"),
            of(2, "--dynamics: there are no dynamics 'fluid'", "gradient --dynamics fluid"),
            of(2, "--width: must be at least 1, not 0", "gradient --width 0 --samples 4"),
            of(
                2,
                "--method: 'dormand-prince/1e-9': 1.0e-09 is less",
                "gradient --samples 4 -m stored:dormand-prince/1e-9"),
            of(5, "needs", "gradient --samples 4 --memory 1m"),
            of(2, "--gradient: 'rk4' is not a gradient", "ntk --gradient rk4 --samples 4"),
            of(2, "--dynamics: there are no dynamics", "ntk --dynamics fluid --samples 4"),
            of(2, "--depth: must rise, but 4 follows 8", "convergence --depth 8,4,16"),
            of(2, "--depth: must be at least 1, not 0", "convergence --depth 0,4,16"),
            of(2, "--depth: needs at least three", "convergence --depth 4,8 --out DIR/c"),
            of(2, "--width: 64 is given more than once", "convergence --width 64,64"),
            of(2, "--width: must be at least 1, not 0", "convergence --width 0 --out DIR/c"),
            of(2, "--sigma-v: must be positive, not 0.0", "convergence --sigma-v 0"),
            of(2, "needs at least three depths", "kernel-convergence --depth 4,8 --out DIR/c"),
            of(2, "needs at least three widths", "kernel-convergence --width 4,8 --out DIR/c"),
            of(2, "--depth: must be between 1 and 8192, not 0", "kernel-convergence --depth 0,1,2"),
            of(2, "--width: must be at least 1, not 0", "kernel-convergence --width 0,1,2"),
            of(2, "--width: must rise, but 8 follows 8", "kernel-convergence --width 4,8,8"),
            of(2, "--networks: must be 0 or at least 3", "kernel-convergence --networks 2"),
            of(2, "--networks: must be 0 or at least 3", "kernel-convergence --networks -1"),
            of(
                2,
                "--seed: has no meaning with --networks 0",
                "kernel-convergence --networks 0 --seed 3"),
            of(2, "--network-depth: must be between 1", "kernel-convergence --network-depth 0"),
            of(
                2,
                "--activation: tanh is given more than once",
                "kernel-convergence --activation tanh,tanh"),
            of(2, "--threads: must be between", "kernel-convergence --threads 0 --out DIR/c"),
            of(
                2,
                "blows up",
                "kernel-convergence --activation quadratic --samples 2 --out DIR/a/c"),
            of(
                2,
                "is zero on these data",
                "kernel-convergence --activation relu --sigma-u 0 --samples 2 --out DIR/c"),
            of(
                2,
                "--tolerance: must be greater than 0 and less than 1, not 0.0",
                "convergence --tolerance 0"),
            of(
                2,
                "than fp32 resolves",
                "convergence --precision fp32 --tolerance 1e-9 --width 8 --out DIR/a/c"),
            of(
                8,
                "no step is short enough",
                "convergence --activation quadratic --width 8 --sigma-w 4 --depth 1,2,3"
                    + " --samples 2 --out DIR/c"),
            of(
                7,
                "output of the network of seed 3 is not finite at sample 0",
                "ensemble --seed 3 --networks 9 --activation quadratic --sigma-w 9 --samples 2"
                    + " --out DIR/f.npy"),
            of(
                7,
                "not finite",
                "ntk --activation quadratic --sigma-w 9 --samples 2 --width 32"
                    + " --out DIR/K.npy"))
        .map(this::test);
  }

  @TestFactory
  Stream<DynamicTest> unknownNames() {
    return Stream.of(
            of(2, "no activation 'swish'; known are softplus", "ntk --activation swish"),
            of(2, "no activation 'swish'", "limit --activation swish"),
            of(2, "no activation 'swish'", "certify --activation swish"),
            of(2, "no activation 'swish'", "predict --activation swish --out DIR/p"),
            of(2, "no activation ''", "sweep --activation= --out DIR/run"),
            of(2, "no solver 'rk5'; known are euler", "ntk --solver rk5"),
            of(2, "no solver 'rk5'; known are euler", "ensemble --solver rk5"),
            of(
                2,
                "with --gradient or --method, as discrete:dormand-prince/1e-6",
                "ntk --solver dormand-prince/1e-6"),
            of(2, "no activation 'swish'", "ensemble --activation swish"),
            of(2, "no activation 'swish'", "convergence --activation tanh,swish"),
            of(2, "no solver 'rk5'", "convergence --solver rk5"),
            of(2, "no dynamics 'static'", "convergence --dynamics static"),
            of(2, "no solver 'rk5'", "sweep --solver rk4,rk5 --out DIR/run"),
            of(2, "no backend 'tpu'; known are auto", "ntk --backend tpu"),
            of(2, "no backend 'tpu'", "sweep --backend tpu --out DIR/run"),
            of(2, "must be fp32, fp64 or, on cuda, tf32, not 'fp16'", "ntk --precision fp16"),
            of(2, "must be auto, structured, explicit or compressed", "ntk --gram exact"),
            of(2, "must be auto, all or a number from 1 on", "ntk --time-nodes few"),
            of(2, "must be auto, all or a number from 1 on", "bench ntk --time-nodes 0"),
            of(
                2,
                "--time-nodes: is for --gram compressed or auto",
                "ntk --gram explicit --time-nodes 4"),
            of(2, "--depths: 4 is given more than once", "bench plan --depths 4,4"),
            of(2, "--width: must be at least 1", "bench plan --widths 0"),
            of(2, "--time-nodes: is 30 but rk4", "ntk --samples 2 --width 4 --time-nodes 30"),
            of(
                2,
                "--time-nodes: needs a solver of known steps",
                "ntk --gradient stored:dormand-prince/1e-6 --time-nodes 4"),
            of(
                2,
                "are not smooth enough in time",
                "ntk --samples 9 --width 64 --activation relu --solver euler --depth 40 --gram compressed"),
            of(2, "--runs: must be at least 1", "bench ntk --runs 0"),
            of(2, "--width: must be a multiple of 64 from 64", "bench --width 100"),
            of(2, "--width: must be a multiple of 64 from 64", "bench --width 0"),
            of(2, "not 4096", "bench --width 4096 --memory 64m"),
            of(2, "--memory: is too little for matrices", "bench --memory 100k"),
            of(2, "no backend 'tpu'", "bench --backend tpu"),
            of(2, "must be fp32, fp64 or", "bench --precision fp16"),
            of(2, "--threads: must be between", "bench --threads 0"),
            of(2, "--precision: stands before 'ntk'; put it after", "bench --precision fp64 ntk"),
            of(2, "--json: stands before 'plan'", "bench --json plan"),
            of(2, "--widths: must rise", "bench scaling --widths 8,4,16"),
            of(2, "--widths: needs at least three", "bench scaling --widths 8,16 --out DIR/s"),
            of(2, "--width: must be at least 1", "bench scaling --widths 0,8,16"),
            of(2, "--samples: must be at least 1", "bench scaling --samples 0,1,2"),
            of(2, "--depth: must be at least 1", "bench scaling --depths 0,1,2 --out DIR/s"),
            of(2, "--nodes: must be multiples of four", "bench scaling --nodes 4,6,8"),
            of(2, "--nodes: must be multiples of four", "bench scaling --nodes 0,4,8"),
            of(2, "--runs: must be at least 1", "bench scaling --runs 0"),
            of(2, "--input-dim: must be at least 1", "bench scaling --input-dim 0"),
            of(2, "--runs: must be at least 1, not 0", "bench gradient --runs 0"),
            of(2, "--samples: must be at least 1, not 0", "bench gradient --samples 0"),
            of(2, "--width: must be at least 1, not 0", "bench gradient --width 0"),
            of(2, "--input-dim: must be at least 1", "bench gradient --input-dim 0"),
            of(2, "--depth: must be at least 1, not 0", "bench gradient --depth 0"),
            of(2, "no solver 'rk5'", "bench gradient --solver rk5"),
            of(5, "the gradient of 100 samples at width 1024", "bench gradient --memory 4m"),
            of(2, "--samples: must be at least 1, not 0", "bench ntk --samples 0"),
            of(2, "--samples: must be at least 1, not -1", "bench training --samples -1"),
            of(2, "--runs: must be at least 1", "bench training --runs 0"),
            of(2, "--runs: must be at least 1", "bench limit --runs 0"),
            of(2, "--samples: must be at least 1", "bench limit --samples 0"),
            of(2, "--samples: 50000 make a Gram", "bench limit --samples 50000"),
            of(2, "--precision: limiting kernels are", "bench limit --precision fp32"),
            of(2, "no activation 'swish'", "bench limit --activation swish"),
            of(2, "--depth: must be between 1 and 8192", "bench limit --depth 0"),
            of(2, "--input-dim: must be at least 1", "bench limit --input-dim 0"),
            of(2, "no activation 'swish'", "bench activation --activation swish"),
            of(2, "tanh is given more", "bench activation --activation tanh,Tanh"),
            of(2, "--runs: must be at least 1", "bench activation --runs 0"),
            of(2, "--networks: must be at least 1, not 0", "bench ensemble --networks 0"),
            of(2, "--width: must be at most 512", "bench ensemble --width 513"),
            of(2, "is solved by euler or rk4", "bench ensemble --solver heun"),
            of(2, "--runs: must be at least 1", "bench ensemble --runs 0"),
            of(2, "--samples: must be at least 1", "bench ensemble --samples 0"),
            of(2, "--extreme: goes with --matrix-free", "ntk --extreme 2 --out DIR/K.npy"),
            of(2, "--extreme: must be between 1", "ntk --matrix-free --extreme 0"),
            of(2, "--tolerance: has a meaning beside", "ntk --matrix-free --tolerance 1e-3"),
            of(2, "--tolerance: must be", "ntk --matrix-free --extreme 1 --tolerance 0"),
            of(2, "--tolerance: must be", "ntk --matrix-free --extreme 1 --tolerance NaN"),
            of(2, "--max-products: has a meaning beside", "ntk --max-products 9"),
            of(2, "--max-products: must be", "ntk --matrix-free --extreme 1 --max-products 0"),
            of(
                2,
                "--max-products: is 8, and 4 eigenvalues need at least 9",
                "ntk --matrix-free --extreme 2 --max-products 8 --samples 9"),
            of(2, "--ridge: has a meaning beside --solve", "ntk --matrix-free --ridge 1"),
            of(2, "--ridge: has a meaning beside --solve", "ntk --ridge 1 --out DIR/K.npy"),
            of(
                2,
                "--solution-out: has a meaning beside",
                "ntk --matrix-free --solution-out DIR/a.npy"),
            of(2, "--solve: goes with --matrix-free", npy(1, 2, 3, 4), "ntk --solve DIR/a.npy"),
            of(2, "--ridge: must be zero", "ntk --matrix-free --solve DIR/a.npy --ridge -1"),
            of(2, "--ridge: must be zero", "ntk --matrix-free --solve DIR/a.npy --ridge NaN"),
            of(2, "--tolerance: must be", "ntk --matrix-free --solve DIR/a.npy --tolerance 2"),
            of(
                2,
                "--max-products: is 2, and conjugate gradients need at least 3",
                npy(1, 2, 3, 4),
                "ntk --matrix-free --samples 2 --solve DIR/a.npy --max-products 2"),
            of(3, "no such file", "ntk --matrix-free --samples 2 --solve DIR/a.npy"),
            of(
                3,
                "is NaN",
                npy(1, 2, Double.NaN, 4),
                "ntk --matrix-free --samples 2 --solve DIR/a.npy"),
            of(
                3,
                "is 2×2, where targets of 3 samples and 1 output have 3 rows",
                npy(1, 2, 3, 4),
                "ntk --matrix-free --samples 3 --width 8 --solve DIR/a.npy --solution-out DIR/b.npy"),
            of(
                3,
                "have 6 rows, or are 2×3",
                npy(1, 2, 3, 4),
                "ntk --matrix-free --samples 2 --outputs 3 --width 8 --solve DIR/a.npy"),
            of(
                2,
                "is what this command reads",
                npy(1, 2, 3, 4),
                "ntk --matrix-free --samples 2 --solve DIR/a.npy --solution-out DIR/a.npy"),
            of(
                11,
                "its directory does not exist",
                npy(1, 2, 3, 4),
                "ntk --matrix-free --samples 2 --solve DIR/a.npy --solution-out DIR/none/b.npy"),
            of(2, "--out: has no meaning beside", "ntk --matrix-free --out DIR/K.npy"),
            of(2, "--trace: has no meaning beside", "ntk --matrix-free --trace --outputs 2"),
            of(2, "--gram: has no meaning beside", "ntk --matrix-free --gram structured"),
            of(2, "--store: has no meaning beside", "ntk --matrix-free --store DIR/s"),
            of(
                2,
                "--matrix-free: needs a solver of known steps",
                "ntk --gradient stored:dormand-prince/1e-6 --matrix-free"),
            of(2, "--time-nodes: is 30", "ntk --matrix-free --samples 2 --time-nodes 30"),
            of(2, "'mnits:x' is none of digits", "ntk --data mnits:x"),
            of(2, "none of digits", "limit --data synthetic"),
            of(2, "none of digits", "sweep --data csv: --out DIR/run"),
            of(2, "none of digits", "train --data agnews:DIR#k=3 --out DIR/run"),
            of(2, "days=0 must be at least 1", "train --data climate:DIR#days=0 --out DIR/run"),
            of(2, "d of at least 1", "ntk --data synthetic:d=0"))
        .map(this::test);
  }

  /** Nothing stays of a run that cannot take its first step, nor beside it. */
  @TestFactory
  Stream<DynamicTest> trainingsThatCannotBegin() {
    return Stream.of(
            of(2, "--samples: must be at least 1, not 0", "train --samples 0 --out DIR/run"),
            of(2, "--samples: 1897 were asked for", "train --samples 1797 --out DIR/run"),
            of(
                2,
                "--test-samples: must be at least 0, not -1",
                "train --test-samples -1 --out DIR/run"),
            of(
                2,
                "--test-samples: make with --samples more",
                "train --samples 2147483647 --out DIR/run"),
            of(2, "--width: must be at least 1, not 0", "train --width 0 --out DIR/run"),
            of(
                2,
                "--horizon: must be a positive number, not 0.0",
                "train --horizon 0 --out DIR/run"),
            of(2, "--sigma-u: must be zero or", "train --sigma-u -1 --out DIR/run"),
            of(2, "--sigma-w: must be zero or", "train --sigma-w -1 --out DIR/run"),
            of(2, "--sigma-v: must be zero or", "train --sigma-v NaN --out DIR/run"),
            of(2, "--depth: must be at least 1, not 0", "train --depth 0 --out DIR/run"),
            of(2, "no solver 'rk5'", "train --solver rk5 --out DIR/run"),
            of(2, "no activation 'swish'", "train --activation swish --out DIR/run"),
            of(2, "there are no dynamics 'fluid'", "train --dynamics fluid --out DIR/run"),
            of(2, "--gradient: 'rk4/5' is not a gradient", "train --gradient rk4/5 --out DIR/run"),
            of(
                2,
                "--depth: has no meaning beside --gradient",
                "train --gradient discrete:rk4/5 --depth 3 --out DIR/run"),
            of(
                2,
                "--solver: has no meaning beside --gradient",
                "train --gradient discrete:rk4/5 --solver rk4 --out DIR/run"),
            of(2, "--loss: 'hinge' is neither", "train --loss hinge --out DIR/run"),
            of(
                2,
                "--targets: cross-entropy takes",
                "train --loss cross-entropy --targets labels --out DIR/run"),
            of(2, "--targets: data needs numbers", "train --targets data --out DIR/run"),
            of(2, "--targets: standard needs numbers", "train --targets standard --out DIR/run"),
            of(2, "--optimiser: 'sgd' is none of", "train --optimiser sgd --out DIR/run"),
            of(2, "or auto, not 'fast'", "train --learning-rate fast --out DIR/run"),
            of(2, "--learning-rate: must be a positive", "train --learning-rate 0 --out DIR/run"),
            of(2, "--learning-rate: must be a positive", "train --learning-rate NaN --out DIR/run"),
            of(2, "--learning-rate: auto follows", "train --optimiser adam --out DIR/run"),
            of(2, "--rate-fraction: must be a positive", "train --rate-fraction 0 --out DIR/run"),
            of(
                2,
                "--rate-fraction: has a meaning with",
                "train --learning-rate 1e-3 --rate-fraction 0.5 --out DIR/run"),
            of(
                2,
                "--momentum: must be at least 0",
                "train --optimiser momentum --momentum 1 --out DIR/run"),
            of(2, "--momentum: has a meaning with", "train --momentum 0.5 --out DIR/run"),
            of(
                2,
                "--beta1: must be at least 0",
                "train --optimiser adam --learning-rate 1e-3 --beta1 1 --out DIR/run"),
            of(
                2,
                "--beta2: must be at least 0",
                "train --optimiser adam --learning-rate 1e-3 --beta2 -1 --out DIR/run"),
            of(
                2,
                "--epsilon: must be a positive",
                "train --optimiser adam --learning-rate 1e-3 --epsilon 0 --out DIR/run"),
            of(2, "--beta1: has a meaning with", "train --beta1 0.5 --out DIR/run"),
            of(
                2,
                "--beta2: has a meaning with",
                "train --optimiser momentum --beta2 0.5 --out DIR/run"),
            of(2, "--epsilon: has a meaning with", "train --epsilon 1e-6 --out DIR/run"),
            of(
                2,
                "--batch-size: must be at least 0, not -1",
                "train --batch-size -1 --out DIR/run"),
            of(
                2,
                "--batch-size: is 101, more than the 100",
                "train --batch-size 101 --out DIR/run"),
            of(2, "--batch-seed: has a meaning beside", "train --batch-seed 3 --out DIR/run"),
            of(2, "--freeze: leaves nothing", "train --freeze UWV --out DIR/run"),
            of(2, "--freeze: 'X' is not", "train --freeze X --out DIR/run"),
            of(2, "--steps: must be at least 0, not -1", "train --steps -1 --out DIR/run"),
            of(2, "--epochs: must be at least 0, not -1", "train --epochs -1 --out DIR/run"),
            of(
                2,
                "are too many",
                "train --epochs 9223372036854775807 --batch-size 9 --out DIR/run"),
            of(2, "--log-every: must be at least 1, not 0", "train --log-every 0 --out DIR/run"),
            of(2, "--test-every: must be at least 0", "train --test-every -1 --out DIR/run"),
            of(
                2,
                "--distance-every: must be at least 0",
                "train --distance-every -1 --out DIR/run"),
            of(2, "--kernel-every: must be at least 0", "train --kernel-every -1 --out DIR/run"),
            of(
                2,
                "--kernel-samples: must be at least 0",
                "train --kernel-samples -1 --out DIR/run"),
            of(2, "--kernel-samples: is 101, more", "train --kernel-samples 101 --out DIR/run"),
            of(
                2,
                "--kernel-samples: has a meaning",
                "train --kernel-every 0 --predict limit --kernel-samples 5 --out DIR/run"),
            of(
                2,
                "--kernel-outputs: 'some' is neither",
                "train --kernel-outputs some --out DIR/run"),
            of(
                2,
                "--kernel-outputs: has a meaning",
                "train --kernel-every 0 --predict none --kernel-outputs all --out" + " DIR/run"),
            of(2, "--gap-every: must be at least 0", "train --gap-every -1 --out DIR/run"),
            of(
                2,
                "--gap-method: 'rk4' is not a gradient",
                "train --gap-every 1 --gap-method rk4 --out DIR/run"),
            of(
                2,
                "--gap-method: has a meaning beside",
                "train --gap-method stored:rk4/9 --out DIR/run"),
            of(2, "--predict: 'end' is neither", "train --predict start,end --out DIR/run"),
            of(
                2,
                "--checkpoint-every: must be at least 0",
                "train --checkpoint-every -1 --out DIR/run"),
            of(2, "--keep: must be at least 1, not 0", "train --keep 0 --out DIR/run"),
            of(2, "no backend 'tpu'", "train --backend tpu --inputs-out DIR/X.npy --out DIR/a/run"),
            of(2, "not 'fp16'", "train --precision fp16 --inputs-out DIR/X.npy --out DIR/a/run"),
            of(
                2,
                "--threads: must be between",
                "train --threads 0 --inputs-out DIR/X.npy --out DIR/a/run"),
            of(2, "is not a size", "train --memory plenty --inputs-out DIR/X.npy --out DIR/a/run"),
            of(5, "memory budget", "train --memory 100k --inputs-out DIR/X.npy --out DIR/a/run"),
            of(
                5,
                "memory budget",
                "train --memory 2m --kernel-every 0 --predict none --learning-rate 1e-3"
                    + " --targets-out DIR/Y.npy --out DIR/a/run"),
            of(
                7,
                "not finite",
                "train --samples 2 --test-samples 0 --width 32 --activation quadratic"
                    + " --sigma-w 9 --predict none --inputs-out DIR/X.npy --out DIR/a/run"),
            of(
                7,
                "not finite",
                "train --samples 2 --test-samples 0 --width 32 --activation quadratic"
                    + " --sigma-w 9 --learning-rate 1e-3 --kernel-every 0 --predict none"
                    + " --inputs-out DIR/X.npy --out DIR/a/run"),
            of(
                11,
                "its directory does not exist",
                "train --inputs-out DIR/none/X.npy --out DIR/run"),
            of(11, "not a regular file", "train --targets-out DIR --out DIR/run"),
            of(
                2,
                "is what --inputs-out writes already",
                "train --inputs-out DIR/X.npy --targets-out DIR/X.npy --out DIR/run"),
            of(
                11,
                "/proc/none",
                "train --samples 4 --test-samples 0 --inputs-out DIR/X.npy --out" + " /proc/none"),
            of(
                11,
                "is not empty",
                text("full/file", "mine"),
                "train --inputs-out DIR/X.npy --out DIR/full"),
            of(
                11,
                "is no .npy file, drawing or kernel",
                text("a.csv", "a,y\n1,2\n3,4\n"),
                "train --data csv:DIR/a.csv --samples 2 --test-samples 0 --targets-out DIR/a.csv --out DIR/run"))
        .map(this::test);
  }

  /** The second line says where to read on. */
  @TestFactory
  Stream<DynamicTest> commandLinesThatCannotBeUnderstood() {
    return Stream.of(
            of(2, "a command is missing", ""),
            of(2, "there is no command 'nkt'", "nkt"),
            of(2, "did you mean --width", "ntk --widht 64"),
            of(2, "ntk has no use for 'digits'", "ntk digits"),
            of(2, "bench has no use for 'nkt'", "bench nkt"),
            of(2, "--width", "ntk --width"),
            of(2, "'wide' is not a whole number", "ntk --width wide"),
            of(2, "'1e3' is not a whole number", "ntk --width 1e3"),
            of(2, "'' is not a whole number", "sweep --width 64,,128 --out DIR/run"),
            of(2, "'one' is not a number", "limit --horizon one"),
            of(2, "'1.5' is not a whole number", "ntk --seed 1.5"),
            of(2, "should be specified only once", "ntk --width 64 --width 128"),
            of(2, "ntk has no use for '--width' after --", "ntk -- --width 3"),
            of(2, "ntk has no option '--wide'", "ntk -- --wide 3"),
            of(
                2,
                "expected one of sphere, standard, unit, none, but was 'cube'",
                "ntk --normalise cube"),
            of(2, "expected one of", "ntk --store DIR/s --store-precision fp16"),
            of(2, "expected one of", "gram export DIR/s --out DIR/K --precision half"),
            of(2, "'two' is not a whole number", "gram info DIR/s --shards two"),
            of(2, "did you mean --delete", "gram verify DIR/s --delet"),
            of(2, "--out=FILE", "gram export DIR/s"),
            of(2, "'half' is not a whole number", "ntk --store DIR/s --tile half"),
            of(2, "DIR", "gram info"),
            of(2, "--width", "init --input-dim 3 --out DIR/w"),
            of(2, "FILE", "evaluate"),
            of(2, "DIR", "resume"),
            of(2, "mutually exclusive", "train --steps 5 --epochs 2 --out DIR/run"),
            of(2, "expected one of", "train --targets fuzzy --out DIR/run"),
            of(2, "one of smoke, default, paper, but", "reproduce fig5 --scale big --out DIR/run"),
            of(2, "'one' is not a whole number", "reproduce fig5 --seed one --out DIR/run"),
            of(2, "FIG", "reproduce --scale smoke --out DIR/run"),
            of(2, "'much' is not a number", "train --momentum much"),
            of(2, "--dot=C", "limit --norms 1,1"),
            of(2, "--norms=A,B", "limit --dot 1"))
        .map(
            c ->
                DynamicTest.dynamicTest(
                    c.line().isEmpty() ? "nothing" : c.line(),
                    () -> {
                      Invocation command = Invocation.of((Object[]) split(c.line())).ended(2);
                      List<String> lines = command.err().lines().toList();
                      assertEquals(2, lines.size(), command.err());
                      assertTrue(lines.get(0).startsWith("tangentflow: "), lines.get(0));
                      assertTrue(lines.get(0).contains(c.words()), lines.get(0));
                      assertTrue(lines.get(1).matches("See 'tangentflow.* --help'\\."));
                    }));
  }

  private static String[] split(String line) {
    return line.isEmpty() ? new String[0] : line.split(" ", -1);
  }

  @TestFactory
  Stream<DynamicTest> filesThatAreNotWhatTheirFormatSays() {
    return Stream.of(
            of(3, "no such directory", "ntk --data mnist:DIR/none --samples 2 --out DIR/K.npy"),
            of(3, "", "ntk --data mnist:DIR --samples 2"),
            of(3, "ends within", idx(3, 2, 2, 2, 11), "ntk --data mnist:DIR --samples 2"),
            of(3, "more bytes follow", idx(3, 2, 2, 2, 13), "ntk --data mnist:DIR --samples 2"),
            of(3, "magic", idx(1, 2, 2, 2, 12), "sweep --data mnist:DIR --samples 2 --out DIR/run"),
            of(3, "", idx(4, 2, 2, 2, 12), "limit --data mnist:DIR --samples 2"),
            of(3, "line 2", text("a.csv", "1,2\n3,\n"), "ntk --data csv:DIR/a.csv --samples 2"),
            of(3, "line 2", text("a.csv", "1,2\n3,x\n"), "ntk --data csv:DIR/a.csv --samples 2"),
            of(
                3,
                "line 3",
                text("a.csv", "a,b\n1,2\n3,NaN\n"),
                "sweep --data csv:DIR/a.csv --samples 2 --out DIR/run"),
            of(3, "line 2", text("a.csv", "1,2\n3\n"), "ntk --data csv:DIR/a.csv --samples 2"),
            of(3, "", text("a.csv", ""), "ntk --data csv:DIR/a.csv --samples 2"),
            of(
                3,
                "a.csv, line 1: all features are zero",
                text("a.csv", "0,0\n1,2\n"),
                "ntk --data csv:DIR/a.csv --samples 2 --out DIR/K.npy"),
            of(3, "no such file", "ntk --data csv:DIR/none.csv --samples 2"),
            of(3, "has no data_batch_1.bin", "train --data cifar10:DIR --out DIR/run"),
            of(3, "no such directory", "sweep --data cifar10:DIR/none --out DIR/run"),
            of(
                3,
                "byte 2: the file ends within the 3072 pixels",
                text("data_batch_1.bin", "\u0003x"),
                "ntk --data cifar10:DIR --out DIR/K.npy"),
            of(3, "has no train.csv or test.csv", "train --data agnews:DIR --out DIR/run"),
            of(
                3,
                "line 2: class '5' is not 1 to 4",
                text("test.csv", "1,a,b\n5,c,d\n"),
                "predict --data agnews:DIR --out DIR/p"),
            of(3, "has no DailyDelhiClimateTrain.csv", "train --data climate:DIR --out DIR/run"),
            of(
                3,
                "line 3: 2016-03-01 is not the day after",
                text(
                    "DailyDelhiClimateTrain.csv",
                    "date,meantemp,humidity,wind_speed\n2016-02-28,1,2,3\n2016-03-01,1,2,3\n"),
                "predict --data climate:DIR#days=1 --out DIR/p"),
            of(3, "is NaN", npy(1, Double.NaN, 3, 4), "ntk --data npy:DIR/a.npy --samples 2"),
            of(
                3,
                "is Infinity",
                npy(1, Double.POSITIVE_INFINITY, 3, 4),
                "limit --data npy:DIR/a.npy --samples 2"),
            of(
                3,
                "only float32 and float64",
                npyOfType("'<i8'"),
                "ntk --data npy:DIR/a.npy --samples 2"),
            of(
                3,
                "only float32 and float64",
                npyOfType("'|O'"),
                "spectrum DIR/a.npy --out DIR/values.npy"),
            of(3, "ends within", truncatedNpy(), "ntk --data npy:DIR/a.npy --samples 2"),
            of(3, "ends within", truncatedNpy(), "spectrum DIR/a.npy"),
            of(3, "is NaN", npy(1, Double.NaN, Double.NaN, 4), "spectrum DIR/a.npy"),
            of(3, "is not symmetric", npy(1, 2, 3, 4), "spectrum DIR/a.npy"),
            of(3, "is not symmetric", npy(1, 2, 3, 4), "spectrum DIR/a.npy --extreme 1"),
            of(2, "--extreme: must be", npy(1, 2, 2, 4), "spectrum DIR/a.npy --extreme 1001"),
            of(2, "--tolerance: has", npy(1, 2, 2, 4), "spectrum DIR/a.npy --tolerance 0.1"),
            of(
                2,
                "--max-products: is 2",
                npy(1, 2, 2, 4),
                "spectrum DIR/a.npy --extreme 1 --max-products 2 --out DIR/values.npy"),
            of(
                2,
                "--decay-out: draws all eigenvalues",
                npy(1, 2, 2, 4),
                "spectrum DIR/a.npy --extreme 1 --decay-out DIR/d.svg"),
            of(
                2,
                "--histogram-out: draws all eigenvalues",
                npy(1, 2, 2, 4),
                "spectrum DIR/a.npy --extreme 1 --histogram-out DIR/h.svg"),
            of(
                3,
                "not a square matrix",
                directory ->
                    Npy.write(
                        directory.resolve("a.npy"), DenseMatrix.zeros(2, 3), ElementType.FP64),
                "spectrum DIR/a.npy"),
            of(3, "not a .npy file", text("a.npy", "hello, matrix"), "spectrum DIR/a.npy"),
            of(3, "no such file", "spectrum DIR/a.npy"),
            of(3, "no such file", "certify --gram DIR/a.npy"),
            of(3, "is not symmetric", npy(1, 2, 3, 4), "certify --gram DIR/a.npy"),
            of(3, "is not symmetric", npy(1e-200, 9e-201, -9e-201, 1e-200), "spectrum DIR/a.npy"),
            of(3, "is not symmetric", npy(1e200, 3e199, 0, 1e200), "certify --gram DIR/a.npy"),
            of(3, "scale it down", npy(1.7e308, 1, 1, 1.7e308), "certify --gram DIR/a.npy"),
            of(3, "is zero", npy(0, 0, 0, 0), "certify --gram DIR/a.npy"),
            of(3, "is Infinity", npy(1, 0, 0, 1 / 0.0), "certify --gram DIR/a.npy"),
            of(10, "not positive semi-definite", npy(1, 2, 2, 1), "certify --gram DIR/a.npy"),
            of(
                3,
                "no such file",
                npy(1, 0, 0, 1),
                "predict --gram DIR/b.npy --targets-file DIR/a.npy --samples 2 --out DIR/p"),
            of(
                3,
                "is not symmetric",
                npy(1, 2, 3, 4),
                "predict --gram DIR/a.npy --targets-file DIR/a.npy --samples 1 --test-samples 1"),
            of(
                3,
                "is 2×2, and --samples and --test-samples need 5×5, or 10×10 if it couples",
                npy(1, 0, 0, 1),
                "predict --gram DIR/a.npy --targets-file DIR/a.npy --samples 2 --test-samples 3"
                    + " --out DIR/p"),
            of(
                3,
                "is 2×2, and --samples and --test-samples need 4 or 7 rows",
                npy(1, 0, 0, 1),
                "predict --gram DIR/a.npy --targets-file DIR/a.npy --samples 4 --test-samples 3"),
            of(
                3,
                "there is no such file",
                "limit --samples 4 --table DIR/none.json --no-eigenvalues --out DIR/K.npy"),
            of(
                3,
                "holds no kernel table: it is not JSON",
                text("k.json", "hello"),
                "limit --samples 4 --table DIR/k.json"),
            of(
                3,
                "holds no kernel table: its 'format' is not",
                text("k.json", "{}"),
                "limit --samples 4 --table DIR/k.json"),
            of(3, "no such file", "evaluate DIR/none.json"))
        .map(this::test);
  }

  @TestFactory
  Stream<DynamicTest> moreMemoryThanThereIs() {
    return Stream.of(
            of(5, "memory budget is 100.0 KiB", "ntk --memory 100k --out DIR/K.npy"),
            of(5, "memory budget is 0 B", "ntk --memory 0"),
            of(5, "a tile of 1 sample (see --tile)", "ntk --memory 100k --store DIR/s"),
            of(
                5,
                "a tile of 90 samples (see --tile)",
                "ntk --width 64 --memory 700k --store DIR/s --tile 90"),
            of(5, "the tangent features of 100 samples", "ntk --memory 1m --matrix-free"),
            of(5, "memory budget is 0 B", "ntk --memory 10 --matrix-free"),
            of(2, "--outputs: is", "ntk --outputs 2147483647 --matrix-free"),
            of(5, "an ensemble of width 512", "ensemble --width 512 --memory 1m --out DIR/f.npy"),
            of(2, "--samples", "ensemble --outputs 2147483647"),
            of(5, "memory budget", "sweep --width 64,200000000 --out DIR/run"),
            of(5, "memory budget", "ntk --width 200000000 --out DIR/K.npy"),
            of(5, "memory budget", "ntk --width 2147483647"),
            of(5, "memory budget", "ntk --outputs 2147483647"),
            of(5, "memory budget is 1.0 MiB", "convergence --memory 1m --out DIR/c"),
            of(
                5,
                "1000 networks on 20 samples",
                "kernel-convergence --memory 1m --depth 1,2,3 --out DIR/c"),
            of(5, "memory budget is 100.0 KiB", "sweep --memory 100k --out DIR/run"),
            of(
                5,
                "memory budget",
                "evaluate src/main/resources/io/tangentflow/data/reference-networks.json --memory 1"),
            of(2, "'plenty' is not a size like 2g or 800m", "ntk --memory plenty"),
            of(2, "'-1g' is not a size", "ntk --memory=-1g"),
            of(2, "is not a size", "sweep --memory 1.5g --out DIR/run"),
            of(2, "is more than the", "ntk --memory 900t"),
            of(2, "too large a number", "ntk --memory 99999999999999t"),
            of(
                2,
                "--width: W.npy would be 200000×200000",
                "init --width 200000 --input-dim 64 --out DIR/w"),
            of(2, "--input-dim: U.npy", "init --width 2 --input-dim 2147483647 --out DIR/a/w"))
        .map(this::test);
  }

  @TestFactory
  Stream<DynamicTest> outputsThatCannotBeWritten() {
    Consumer<Path> file = text("file", "mine");
    Consumer<Path> full = text("full/file", "mine");
    return Stream.of(
            of(11, "its directory does not exist", "ntk --out DIR/none/K.npy"),
            of(11, "not a regular file", "ntk --out DIR"),
            of(11, "its directory does not exist", "ensemble --out DIR/none/f.npy"),
            of(11, "not a regular file", "ensemble --out DIR"),
            of(11, "not a regular file", "ntk --inputs-out DIR"),
            of(11, "not a regular file", "limit --nngp-out DIR"),
            of(11, "its directory does not exist", file, "ntk --out DIR/file/K.npy"),
            of(
                11,
                "its directory does not exist",
                npy(1, 0, 0, 1),
                "spectrum DIR/a.npy --out DIR/none/values.npy"),
            of(11, "/proc/K.npy", "ntk --samples 2 --width 4 --out /proc/K.npy"),
            of(11, "/proc/none", "sweep --samples 2 --width 4 --out /proc/none"),
            of(11, "/proc/none", "init --width 4 --input-dim 2 --out /proc/none"),
            of(11, "is a file, not a directory", file, "sweep --out DIR/file"),
            of(11, "is a file, not a directory", file, "quickstart --out DIR/file"),
            of(
                11,
                "is a file, not a directory",
                file,
                "init --width 4 --input-dim 2 --out DIR/file"),
            of(
                11,
                "is a file, not a directory",
                file,
                "init --width 4 --input-dim 2 --out DIR/file/w"),
            of(11, "cannot be made a run directory", file, "sweep --samples 2 --out DIR/file/run"),
            of(11, "is a file, not a directory", file, "ntk --store DIR/file"),
            of(11, "/proc/none", "ntk --samples 2 --width 4 --store /proc/none"),
            of(11, "is not empty and no store", full, "ntk --store DIR/full"),
            of(11, "is not empty and no store", full, "gram info DIR/full"),
            of(11, "is not empty and no store", full, "gram verify DIR/full --delete"),
            of(11, "is not empty and no store", full, "gram export DIR/full --out DIR/K.npy"),
            of(11, "is not a store", "gram info DIR/none"),
            of(11, "its directory does not exist", "gram export DIR --out DIR/none/K.npy"),
            of(
                3,
                "is damaged",
                text("s/store.json", "{\"format\":\"tangentflow gram store\",\"version\":1"),
                "gram verify DIR/s"),
            of(3, "does not say that it is", text("s/store.json", "{}"), "ntk --store DIR/s"),
            of(
                3,
                "is of version 2",
                text("s/store.json", "{\"format\":\"tangentflow gram store\",\"version\":2}"),
                "gram info DIR/s"),
            of(2, "--shards: must be between 1", BadInputTest::store, "gram info DIR/s --shards 0"),
            of(2, "--shards: must be between 1", BadInputTest::store, "gram info DIR/s --shards 4"),
            of(
                2,
                "is inside the store",
                BadInputTest::store,
                "gram export DIR/s --out DIR/s/store.json"),
            of(
                2,
                "is inside the store",
                BadInputTest::store,
                "gram export DIR/s --out DIR/s/tiles.npy"),
            of(
                11,
                "3 of its 3 tiles are missing",
                BadInputTest::store,
                "gram export DIR/s --out DIR/K.npy --precision fp32"),
            of(11, "3 of its 3 tiles are missing", BadInputTest::store, "spectrum DIR/s"),
            of(
                11,
                "3 of its 3 tiles are missing",
                BadInputTest::store,
                "spectrum DIR/s --extreme 1 --out DIR/values.npy"),
            of(
                2,
                "is inside the store",
                BadInputTest::store,
                "spectrum DIR/s --out DIR/s/values.npy"),
            of(
                2,
                "--decay-out: draws all eigenvalues",
                BadInputTest::store,
                "spectrum DIR/s --extreme 1 --decay-out DIR/d.svg"),
            of(11, "is not empty and no store", full, "spectrum DIR/full"),
            of(11, "is not a store", "spectrum DIR"),
            of(
                11,
                "its kernel is none, not empirical",
                BadInputTest::store,
                "ntk --samples 4 --store DIR/s"),
            of(11, "is not empty", full, "sweep --out DIR/full"),
            of(11, "is not empty", full, "quickstart --out DIR/full"),
            of(11, "is not empty", full, "reproduce fig5 --scale smoke --out DIR/full"),
            of(11, "is a file, not a directory", file, "reproduce fig5 --out DIR/file"),
            of(11, "/proc/none", "reproduce fig5 --scale smoke --out /proc/none"),
            of(11, "is not empty", full, "convergence --out DIR/full"),
            of(11, "is not empty", full, "predict --out DIR/full"),
            of(11, "is not empty", full, "kernel-convergence --out DIR/full"),
            of(11, "is a file, not a directory", file, "convergence --out DIR/file"),
            of(11, "/proc/none", "convergence --out /proc/none"),
            of(11, "is no .npy file, drawing or kernel", file, "ntk --samples 2 --out DIR/file"),
            of(11, "is no .npy file, drawing or kernel", file, "limit --table-out DIR/file"),
            of(11, "is no .npy file, drawing or kernel", file, "activation tanh --out DIR/file"),
            of(11, "is not empty", full, "init --width 4 --input-dim 2 --out DIR/full"),
            of(11, "is not a run directory", full, "resume DIR/full"),
            of(11, "is not a run directory", full, "report DIR/full"),
            of(11, "there is no such directory", "resume DIR/none"),
            of(11, "is a file, not a run directory", file, "report DIR/file"),
            of(11, "the same 'ntk --store' as before", BadInputTest::store, "resume DIR/s"),
            of(11, "the same 'ntk --store' as before", BadInputTest::store, "report DIR/s"),
            of(2, "is what --out writes already", "ntk --out DIR/K.npy --inputs-out DIR/./K.npy"),
            of(2, "is what --out writes already", "limit --out DIR/K.npy --nngp-out DIR/K.npy"),
            of(
                2,
                "is what this command reads",
                npy(1, 0, 0, 1),
                "spectrum DIR/a.npy --out DIR/a.npy"),
            of(
                2,
                "is what this command reads",
                npy(1, 0, 0, 1),
                "ensemble --data npy:DIR/a.npy --samples 2 --out DIR/a.npy"),
            of(
                2,
                "is what this command reads",
                npy(1, 0, 0, 1),
                "ntk --data npy:DIR/a.npy --samples 2 --out DIR/a.npy"))
        .map(this::test);
  }

  @TestFactory
  Stream<DynamicTest> reproductionsOfWhatIsNotThere() {
    String figures = "fig1, fig2, fig3, fig4, fig5, fig6, fig7, fig8, fig9, fig10, fig11, fig12";
    return Stream.of(
            of(2, "FIG: 'fig15' is none of " + figures, "reproduce fig15 --out DIR/run"),
            of(2, "FIG: 'fig0' is none of", "reproduce fig1 0 --out DIR/run"),
            of(2, "FIG: 'figures' is none of", "reproduce all figures --out DIR/run"),
            of(2, "FIG: '-1' is none of", "reproduce --out DIR/run -- -1"),
            of(2, "--threads: must be between", "reproduce 5 --threads 0 --out DIR/run"),
            of(2, "--threads: must be between", "reproduce 5 --threads -3 --out DIR/run"),
            of(2, "there is no backend 'tpu'", "reproduce 5 --backend tpu --out DIR/run"),
            of(2, "--data-dir", "reproduce 4 --data-dir DIR/none --out DIR/run"),
            of(2, "is not there", text("mnist", "mine"), "reproduce 4 --data-dir DIR/mnist"),
            of(
                3,
                "train-images-idx3-ubyte or train-images.idx3-ubyte is looked for in it: mnist as IDX",
                "reproduce 4 --data-dir DIR --out DIR/run"),
            of(
                3,
                "data_batch_5.bin is looked for in it: the binary version of CIFAR-10",
                "reproduce 9 --scale smoke --data-dir DIR --out DIR/run"),
            of(
                3,
                "train.csv or test.csv is looked for in it: AG News as CSV",
                "reproduce 10 --scale smoke --data-dir DIR --out DIR/run"),
            of(
                3,
                "DailyDelhiClimateTrain.csv is looked for in it: the daily climate",
                "reproduce 11 --scale paper --data-dir DIR --out DIR/run"),
            of(
                3,
                "has no train-images-idx3-ubyte or",
                text("mnist/readme", "mine"),
                "reproduce all --scale smoke --data-dir DIR --out DIR/run"),
            of(
                2,
                "--scale: smoke takes 8 samples of mnist:",
                idx(3, 2, 1, 2, 8).andThen(BadInputTest::intoMnist),
                "reproduce 12 --scale smoke --data-dir DIR --out DIR/run"))
        .map(this::test);
  }

  /** Its files, where a reproduction looks for them. */
  private static void intoMnist(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> all = files.toList();
      Path mnist = Files.createDirectory(directory.resolve("mnist"));
      for (Path file : all) {
        Files.move(file, mnist.resolve(file.getFileName()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DynamicTest test(Case c) {
    Path directory = root.resolve("case" + directories++);
    return DynamicTest.dynamicTest(
        c.line(),
        () -> {
          Files.createDirectory(directory);
          c.prepare().accept(directory);
          Map<Path, String> before = content(directory);
          List<String> words = new ArrayList<>(Arrays.asList(split(c.line())));
          words.add("--quiet");
          words.replaceAll(word -> word.replace("DIR", directory.toString()));
          Invocation command = Invocation.of(words.toArray()).ended(c.code());
          assertEquals(1, command.err().lines().count(), command.err());
          assertTrue(command.err().startsWith("tangentflow: "), command.err());
          assertTrue(command.err().contains(c.words()), command.err());
          assertFalse(command.err().contains("Exception"), command.err());
          assertEquals("", command.out());
          assertEquals(before, content(directory));
        });
  }

  /** Every file and directory below, with what the files hold. */
  private static Map<Path, String> content(Path directory) throws IOException {
    Map<Path, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        content.put(
            file,
            Files.isRegularFile(file)
                ? new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                : "");
      }
    }
    return content;
  }

  private static Consumer<Path> text(String name, String text) {
    return bytes(name, text.getBytes(StandardCharsets.UTF_8));
  }

  private static Consumer<Path> bytes(String name, byte[] bytes) {
    return directory -> {
      try {
        Files.createDirectories(directory.resolve(name).getParent());
        Files.write(directory.resolve(name), bytes);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }

  /** Two labels, and images whose header says dimensions that the number of pixels may not fit. */
  private static Consumer<Path> idx(int dimensions, int count, int rows, int columns, int pixels) {
    ByteBuffer images = ByteBuffer.allocate(16 + pixels - 4);
    images.putInt(0x0800 + dimensions).putInt(count).putInt(rows).putInt(columns);
    for (int k = 0; images.hasRemaining(); k++) {
      images.put((byte) (k + 1));
    }
    ByteBuffer labels =
        ByteBuffer.allocate(10).putInt(0x0801).putInt(2).put((byte) 1).put((byte) 2);
    return bytes("train-images-idx3-ubyte", images.array())
        .andThen(bytes("train-labels-idx1-ubyte", labels.array()));
  }

  private static Consumer<Path> npy(double... entries) {
    return directory ->
        Npy.write(directory.resolve("a.npy"), new DenseMatrix(2, 2, entries), ElementType.FP64);
  }

  private static Consumer<Path> npyOfType(String type) {
    String header =
        "{'descr': "
            + type
            + ", 'fortran_order': False, 'shape': (2, 2), }"
            + " ".repeat(20)
            + "\n";
    ByteBuffer file = ByteBuffer.allocate(10 + header.length() + 32);
    file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    file.put((byte) header.length()).put((byte) 0);
    file.put(header.getBytes(StandardCharsets.US_ASCII));
    return bytes("a.npy", file.array());
  }

  /** A store without tiles, of order 4. */
  private static void store(Path directory) {
    GramStore.openOrCreate(
        directory.resolve("s"),
        StoreDescription.of(new TileGrid(4, 2), 1, ElementType.FP64, Map.of()));
  }

  private static Consumer<Path> truncatedNpy() {
    return npy(1, 2, 3, 4)
        .andThen(
            directory -> {
              try {
                Path file = directory.resolve("a.npy");
                byte[] whole = Files.readAllBytes(file);
                Files.write(file, Arrays.copyOf(whole, whole.length - 3));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }
}
