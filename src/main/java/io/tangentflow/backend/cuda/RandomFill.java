package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.check;
import static io.tangentflow.backend.cuda.Driver.checkCurand;

import io.tangentflow.TangentFlowException.BackendUnavailable;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Releases;
import java.util.List;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;
import jcuda.jcurand.JCurand;
import jcuda.jcurand.curandGenerator;
import jcuda.jcurand.curandRngType;
import jcuda.runtime.cudaStream_t;

/**
 * Standard normal numbers by cuRAND: other numbers than {@link io.tangentflow.model.Philox}'s, of
 * the same distribution. A seed and stream always give the same numbers on one version of cuRAND.
 */
final class RandomFill {

  /** Numbers of one stream, so that the streams of a seed do not overlap: 2⁴⁸. */
  private static final long STREAM_NUMBERS = 1L << 48;

  private final Streams streams;
  private final curandGenerator generator = new curandGenerator();
  private final DeviceMemory pair;

  RandomFill(Streams streams, Releases releases) {
    CudaLibraries.curandRefusal()
        .ifPresent(
            why -> {
              throw new BackendUnavailable("cuda with --rng curand", List.of(why));
            });
    this.streams = streams;
    pair = new DeviceMemory(2L * Double.BYTES);
    releases.add(pair::free);
    checkCurand(
        JCurand.curandCreateGenerator(generator, curandRngType.CURAND_RNG_PSEUDO_PHILOX4_32_10),
        "curandCreateGenerator");
    releases.add(
        () -> checkCurand(JCurand.curandDestroyGenerator(generator), "curandDestroyGenerator"));
    checkCurand(
        JCurand.curandSetStream(generator, new cudaStream_t(streams.compute())), "curandSetStream");
  }

  /** Fills a contiguous matrix. */
  void fill(CudaMatrix target, long seed, int stream) {
    streams.beforeOperation(target.memory());
    streams.beforeOperation(pair);
    checkCurand(
        JCurand.curandSetPseudoRandomGeneratorSeed(generator, seed),
        "curandSetPseudoRandomGeneratorSeed");
    checkCurand(
        JCurand.curandSetGeneratorOffset(generator, stream * STREAM_NUMBERS),
        "curandSetGeneratorOffset");
    Precision precision = target.precision();
    long even = target.entries() & ~1L;
    if (even > 0) {
      generate(target.pointer(0, 0), even, precision);
    }
    if (even < target.entries()) { // Normal numbers come in pairs.
      generate(pair.pointer(0), 2, precision);
      check(
          JCudaDriver.cuMemcpyDtoDAsync(
              target.pointer(even, 0), pair.pointer(0), precision.bytes(), streams.compute()),
          "cuMemcpyDtoDAsync");
    }
  }

  private void generate(CUdeviceptr target, long count, Precision precision) {
    checkCurand(
        precision.single()
            ? JCurand.curandGenerateNormal(generator, target, count, 0, 1)
            : JCurand.curandGenerateNormalDouble(generator, target, count, 0, 1),
        "curandGenerateNormal");
  }
}
